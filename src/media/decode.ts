import { existsSync } from 'node:fs'
import { rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { isHeardAlone, wavSeconds } from './audio.ts'
import {
  AUDIO_FILE,
  type DecodedPart,
  decodeArguments,
  decodeLimitSeconds,
  keyframeFile,
  timeLimitMs,
} from './decode-arguments.ts'
import { diskFull, flooded, hasFaults, throwIfSystemFault, undecodable } from './decode-faults.ts'
import { decodedLength } from './decoded-length.ts'
import type { MediaInfo } from './ffprobe.ts'
import { FlowInThread } from './flow-thread.ts'
import {
  type Candidate,
  isCut,
  keptRule,
  readCandidates,
  type SelectionLog,
  thin,
} from './keyframe-selection.ts'
import { DECODE_NICENESS, type RunOptions, run } from './process.ts'
import type { FlowQuality } from './quality.ts'
import type { Skipped } from './skippable-frames.ts'
import { together } from './together.ts'
import type { MediaTools } from './tools.ts'
import type { Transition } from './transition.ts'

/** A frame stored as a picture: one a second of presentation time, and every shot change. */
export interface ExtractedKeyframe {
  /** Presentation time in seconds on the file's own timeline, which starts at 0; microsecond steps. */
  timestamp: number
  /** Number of the frame among all decoded ones, from 0. */
  frameIndex: number
  /** True exactly when `sceneScore` is above 0.3. */
  isSceneChange: boolean
  /** How different the frame is from the one before it: ffmpeg's `lavfi.scene_score`, 0 to 1. */
  sceneScore: number
  /** Number of the shot it is in: how many transitions come before or at this frame. */
  shotIndex: number
  /** Absolute path of an upright 8-bit JPEG with square pixels, longest side at most 1280 px. */
  file: string
}

/** What one decode of a file gave. */
export interface Extraction {
  /** In order of time, never two within 0.1 s; empty without pictures. */
  keyframes: ExtractedKeyframe[]
  /** Where shots end and the next begin, in order of time; see `ShotDetector`. */
  transitions: Transition[]
  /** What the frames tell of the video's quality, over time. */
  quality: FlowQuality
  /** Absolute path of a JPEG at most 480 px wide; null without keyframes. */
  thumbnail: string | null
  /**
   * Absolute path of a 16 kHz mono 16-bit WAV with a 44-byte header, its first sample at time 0 of the
   * timeline (silence fills what is missing); null without sound.
   */
  audio: string | null
  /** Length in seconds: the declared one where decoding bore it out, else what was decoded. */
  durationSeconds: number
  decodedFrames: number
  /** Faults that did not stop the work, see `Warning`. */
  warnings: Warning[]
}

/**
 * - `no-video`: only sound · `video-undecodable`: there are pictures, none could be decoded
 * - `audio-codec-not-accepted`: there is sound in a codec that we do not decode
 * - `audio-undecodable`: there is a sound stream, but it gave no sample
 * - `damaged`: the decoder reported faults, some frames may be missing or spoilt
 * - `shorter-than-declared`, `longer-than-declared`: against the header's duration
 */
export type Warning =
  | 'no-video'
  | 'video-undecodable'
  | 'audio-codec-not-accepted'
  | 'audio-undecodable'
  | 'damaged'
  | 'shorter-than-declared'
  | 'longer-than-declared'

const THUMBNAIL_MAX_WIDTH = 480
const STDERR_BYTES = 16 * 1024

/**
 * Decodes each stream of a file once and writes keyframes, a thumbnail and the sound into `folder`. Memory
 * does not grow with the length of the video. The caller removes `folder` when this throws.
 *
 * @param info what `probe` said of the same file
 * @param folder exists and is empty
 * @param options.onProgress called about once a decoded second, with the position in seconds
 * @throws PermanentError `undecodable` when neither a frame nor a sound sample came out;
 *   `too-many-keyframes` for a file that restarts its picture format at every frame
 * @throws TransientError `disk-full`, `timed-out`, `decoder-killed` (out of memory)
 * @throws the signal's reason when aborted
 */
export async function extract(
  tools: MediaTools,
  file: string,
  info: MediaInfo,
  folder: string,
  options: {
    signal?: AbortSignal
    /** Frames that are not decoded; they count nowhere. Default: none. */
    skipped?: Skipped | null
    onProgress?(seconds: number): void
    /**
     * Called with pictures that are ready while the rest is decoded and will most likely be keyframes:
     * the time in seconds as an `ExtractedKeyframe` has it.
     */
    onPicture?(file: string, timestamp: number): void
    /**
     * Called with the WAV of a video of a minute or more while its pictures are still decoded: its sound
     * has a run of its own then, which takes a fiftieth of the time.
     */
    onSound?(file: string): void
  } = {},
): Promise<Extraction> {
  const limitSeconds = decodeLimitSeconds(info)
  using flow = new FlowInThread()
  const { log, readFrame, readCandidate } = readCandidates((microseconds) =>
    flow.expect(microseconds),
  )
  const report = everySecond(options.onProgress)
  const offer = asWritten(folder, options.onPicture)
  const decode = async (part: DecodedPart, more: RunOptions) => {
    const what = { part, skipped: options.skipped ?? null }
    const args = decodeArguments(tools, path.resolve(file), info, limitSeconds, what)
    const result = await run(tools.ffmpeg, args, {
      niceness: DECODE_NICENESS,
      cwd: folder, // outputs have fixed relative names: nothing to escape in them
      timeoutMs: timeLimitMs(limitSeconds),
      maxOutputBytes: STDERR_BYTES,
      ...more,
    })
    throwIfSystemFault(result)
    return result
  }
  const heed: RunOptions = {
    onBytes: (bytes) => flow.read(bytes),
    onLogLine: (line) => {
      readFrame(line)
      if (log.lastMicroseconds !== null) report(log.lastMicroseconds / 1e6)
    },
    onStdoutLine: (line) => {
      if (readCandidate(line)) throw flooded()
      offer(log.candidates)
      const audioOnlyPosition = /^out_time_us=(\d+)/.exec(line)?.[1]
      if (audioOnlyPosition) report(Number(audioOnlyPosition) / 1e6)
    },
  }
  const { onSound, signal } = options
  const results = !(onSound && isHeardAlone(info))
    ? [await decode('all', { ...heed, ...(signal && { signal }) })]
    : await together(
        signal,
        (either) => decode('pictures', { ...heed, signal: either }),
        async (either) => {
          const sound = await decode('sound', { signal: either })
          if (sound.code === 0) onSound(path.join(folder, AUDIO_FILE))
          return sound
        },
      )

  const audioSeconds = await wavSeconds(path.join(folder, AUDIO_FILE))
  const length = decodedLength(info, log, audioSeconds, limitSeconds)
  const { transitions, quality } = await flow.finish(length.seconds)
  const keyframes = await keyframesOf(log, transitions, folder)
  if (keyframes.length === 0 && audioSeconds === 0) throw undecodable(results[0]!)
  const warnings: Warning[] = []
  if (!info.hasVideo) warnings.push('no-video')
  else if (keyframes.length === 0) warnings.push('video-undecodable')
  if (info.audioCodec && !info.hasAudio) warnings.push('audio-codec-not-accepted')
  if (info.hasAudio && audioSeconds === 0) warnings.push('audio-undecodable')
  if (results.some(({ code, stderr }) => code !== 0 || hasFaults(stderr))) warnings.push('damaged')
  if (length.warning) warnings.push(length.warning)
  return {
    keyframes,
    transitions,
    quality,
    thumbnail: await writeThumbnail(keyframes, length.seconds, folder),
    audio: audioSeconds > 0 ? path.join(folder, AUDIO_FILE) : null,
    durationSeconds: length.seconds,
    decodedFrames: log.decodedFrames,
    warnings,
  }
}

function everySecond(onProgress?: (seconds: number) => void): (seconds: number) => void {
  let last = -1
  return (seconds) => {
    if (!onProgress || Math.floor(seconds) <= last) return
    last = Math.floor(seconds)
    onProgress(seconds)
  }
}

/** Offers likely keyframes in their order, once ffmpeg has written them. */
function asWritten(
  folder: string,
  onPicture: ((file: string, timestamp: number) => void) | undefined,
): (candidates: readonly Candidate[]) => void {
  const isLikely = keptRule()
  const waiting: Candidate[] = []
  let seen = 0
  return (candidates) => {
    if (!onPicture) return
    for (; seen < candidates.length; seen++) {
      const candidate = candidates[seen]!
      if (isLikely(candidate)) waiting.push(candidate)
    }
    for (let next = waiting[0]; next; next = waiting[0]) {
      const file = path.join(folder, keyframeFile(next.microseconds))
      // Pictures get their name when they are whole.
      if (!existsSync(file)) return
      waiting.shift()
      onPicture(file, timestampOf(next))
    }
  }
}

const timestampOf = ({ microseconds }: Candidate) => Math.max(0, microseconds / 1e6)

/** Thins the candidates and deletes the pictures that are not kept. */
async function keyframesOf(
  log: SelectionLog,
  transitions: readonly Transition[],
  folder: string,
): Promise<ExtractedKeyframe[]> {
  const keyframes: ExtractedKeyframe[] = []
  const begins = new Set(transitions.map(({ microseconds }) => microseconds))
  const kept = new Set(thin(log.candidates, (microseconds) => begins.has(microseconds)))
  let shotIndex = 0
  for (const candidate of log.candidates) {
    const file = path.join(folder, keyframeFile(candidate.microseconds))
    if (!kept.has(candidate)) {
      await rm(file, { force: true })
      continue
    }
    // A decoder that crashed may have left the last picture unwritten or empty.
    if ((await bytesOf(file)) === 0) continue
    while ((transitions[shotIndex]?.microseconds ?? Infinity) <= candidate.microseconds) {
      shotIndex += 1
    }
    keyframes.push({
      timestamp: timestampOf(candidate),
      // A decoder that crashed may have kept the end of its log.
      frameIndex: candidate.frameIndex === -1 ? log.decodedFrames : candidate.frameIndex,
      isSceneChange: isCut(candidate),
      sceneScore: candidate.sceneScore,
      shotIndex,
      file,
    })
  }
  return keyframes
}

/** From the first keyframe at or after one second, or after a tenth of a clip shorter than 10 s. */
async function writeThumbnail(
  keyframes: ExtractedKeyframe[],
  durationSeconds: number,
  folder: string,
): Promise<string | null> {
  const from = Math.min(1, durationSeconds / 10)
  const source = keyframes.find((keyframe) => keyframe.timestamp >= from) ?? keyframes.at(-1)
  if (!source) return null
  const file = path.join(folder, 'thumbnail.jpg')
  const bytes = await sharp(source.file, { failOn: 'none' })
    .resize({ width: THUMBNAIL_MAX_WIDTH, withoutEnlargement: true })
    .jpeg({ quality: 80 })
    .toBuffer()
  await writeFile(file, bytes).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOSPC' || error.code === 'EDQUOT' ? diskFull(error) : error
  })
  return file
}

/** Size of a file; 0 when there is none. */
async function bytesOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0
}
