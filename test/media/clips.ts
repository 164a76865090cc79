import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { run } from '../../src/media/process.ts'
import type { MediaTools } from '../../src/media/tools.ts'

/** The ffmpeg under test; another build can be named by the variables that users set. */
export const tools: MediaTools = {
  ffmpeg: process.env.FORGEINDEX_FFMPEG || 'ffmpeg',
  ffprobe: process.env.FORGEINDEX_FFPROBE || 'ffprobe',
  threads: 2,
}

/** A folder for the calling test file, removed when its tests are done. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-media-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Makes a clip with ffmpeg: `args` are inputs and codecs, all space-separated. */
export async function makeClip(file: string, args: string): Promise<string> {
  const { code, stderr } = await run(tools.ffmpeg, [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'],
    ...args.split(' ').filter(Boolean),
    file,
  ])
  if (code !== 0) throw new Error(`ffmpeg could not make ${file}: ${stderr}`)
  return file
}

/** Fast H.264 that keeps every frame's time. */
export const H264 = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p'

/**
 * Sets an MP4's display matrix to a quarter turn clockwise (ISO/IEC 14496-12, 8.3.2: nine 32-bit
 * numbers, 40 bytes into a version 0 `tkhd` box). ffmpeg's own option for it changed over its versions.
 */
export async function turnClockwise(file: string): Promise<void> {
  const bytes = await readFile(file)
  const matrix = bytes.indexOf('tkhd') + 4 + 40
  for (const [i, value] of [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].entries()) {
    bytes.writeInt32BE(value, matrix + i * 4)
  }
  await writeFile(file, bytes)
}

/** The 16-bit samples of a WAV with a 44-byte header. */
export async function samplesOf(wav: string): Promise<Int16Array> {
  const bytes = await readFile(wav)
  if (bytes.toString('latin1', 36, 40) !== 'data') throw new Error(`${wav} has a longer header`)
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset + 44, bytes.byteOffset + bytes.length))
}
