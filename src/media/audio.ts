import { rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { PermanentError } from '../errors.ts'
import { AUDIO_RATE } from './decode-arguments.ts'
import type { MediaInfo } from './ffprobe.ts'
import { guardedInput } from './input-guard.ts'
import { run } from './process.ts'
import type { MediaTools } from './tools.ts'

/**
 * The sound of a video alone, as 16 kHz mono s16le WAV whose time 0 is the video's time 0. The
 * frames step makes the same beside the keyframes; this is for when its copy is gone.
 *
 * @throws PermanentError `undecodable-audio`
 */
export async function extractAudio(
  tools: MediaTools,
  file: string,
  wavFile: string,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const draft = `${wavFile}.part`
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'],
    ...['-threads', String(tools.threads)],
    ...guardedInput('ffmpeg', path.resolve(file)),
    ...['-map', '0:a:0', '-vn', '-af', 'aresample=async=1:first_pts=0'],
    ...['-ac', '1', '-ar', '16000', '-c:a', 'pcm_s16le', '-f', 'wav', `file:${draft}`],
  ]
  const { code, stderr } = await run(tools.ffmpeg, args, options)
  if (code !== 0) {
    await rm(draft, { force: true })
    throw new PermanentError(
      'undecodable-audio',
      `The sound of this video could not be decoded: ${stderr.trim().split('\n').at(-1) ?? code}`,
    )
  }
  await rename(draft, wavFile)
}

/** From this length on the sound of a video has a run of its own: a program's start takes 20 ms. */
const ALONE_FROM_SECONDS = 60

/** Whether `extract` decodes the sound apart, long before the last picture. */
export function isHeardAlone(info: MediaInfo): boolean {
  const hasBoth = info.videoStream !== null && info.audioStream !== null
  return hasBoth && info.durationSeconds >= ALONE_FROM_SECONDS
}

const WAV_HEADER_BYTES = 44

/** Length in seconds of a file as `decodeArguments` writes it; 0 when there is none. */
export async function wavSeconds(file: string): Promise<number> {
  const bytes = (await stat(file).catch(() => null))?.size ?? 0
  return Math.max(0, bytes - WAV_HEADER_BYTES) / (AUDIO_RATE * 2)
}
