import path from 'node:path'
import type { MediaInfo } from './ffprobe.ts'
import { guardedInput } from './input-guard.ts'
import { run } from './process.ts'
import type { MediaTools } from './tools.ts'

/** Frames that need not be decoded, in ffmpeg's words: all but key frames, which are the same then. */
export type Skipped = 'nokey'

/** Key frames no further apart than this give one keyframe a second, in seconds. */
const DENSE_SECONDS = 1.05

/** So much of the beginning is looked at, in seconds. */
const LOOK_SECONDS = 60

const TIMEOUT_MS = 60_000

/**
 * What the fast profile leaves undecoded: all but key frames when the file has one about every second,
 * else nothing. To leave out just the frames that no other needs (`noref`) saves a third of decoding
 * and takes frames up to 0.1 s later: 94.1 % of the labels of each second stayed, too few. Only the
 * packets of the first minute are read.
 */
export async function skippableFrames(
  tools: MediaTools,
  file: string,
  info: MediaInfo,
  options: { signal?: AbortSignal } = {},
): Promise<Skipped | null> {
  if (info.videoStream === null) return null
  let previous = 0
  let longest = 0
  let keyFrames = 0
  const { code } = await run(
    tools.ffprobe,
    [
      ...['-hide_banner', '-loglevel', 'error', '-select_streams', String(info.videoStream)],
      ...['-read_intervals', `%+${LOOK_SECONDS}`, '-show_entries', 'packet=pts_time,flags'],
      ...['-of', 'csv=p=0', ...guardedInput('ffprobe', path.resolve(file))],
    ],
    {
      ...options,
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: 4096,
      onStdoutLine(line) {
        const [time, flags] = line.split(',')
        if (!flags?.startsWith('K')) return
        const seconds = Number(time) - info.startSeconds
        if (Number.isNaN(seconds)) return
        keyFrames += 1
        longest = Math.max(longest, seconds - previous)
        previous = seconds
      },
    },
  )
  const end = Math.min(info.durationSeconds, LOOK_SECONDS)
  const isDense = keyFrames > 1 && Math.max(longest, end - previous) <= DENSE_SECONDS
  return code === 0 && isDense ? 'nokey' : null
}
