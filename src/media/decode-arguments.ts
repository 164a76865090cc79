import type { MediaInfo } from './ffprobe.ts'
import { guardedInput } from './input-guard.ts'
import { countingFilter, selectionFilter } from './keyframe-selection.ts'
import { miniatureFilter } from './miniatures.ts'
import type { Skipped } from './skippable-frames.ts'
import type { MediaTools } from './tools.ts'

/** Samples a second of the sound that is written; what speech models take. */
export const AUDIO_RATE = 16_000

/** Name of the sound file in the output folder. */
export const AUDIO_FILE = 'audio.wav'

const KEYFRAME_MAX_SIDE = 1280

/**
 * Name of a keyframe's picture in the output folder: its time in whole milliseconds, rounded as
 * ffmpeg rounds (half away from zero). Not in microseconds: ffmpeg writes this number as 32 bits,
 * which would come round after 36 minutes; milliseconds last for 24 days.
 */
export function keyframeFile(microseconds: number): string {
  const milliseconds = Math.sign(microseconds) * Math.round(Math.abs(microseconds) / 1000)
  return `keyframe-${milliseconds === 0 ? 0 : milliseconds}.jpg`
}

/** What one run decodes: all, or one part where the other has a run of its own. */
export type DecodedPart = 'all' | 'pictures' | 'sound'

/**
 * One decode, in one run or in two: JPEGs named by their millisecond and a WAV, both to files; a log of candidates
 * on standard output, a miniature of each frame on file descriptor 3 and a log of all frames on 4.
 * `run` drains the pipes.
 */
export function decodeArguments(
  tools: MediaTools,
  absoluteFile: string,
  info: MediaInfo,
  limitSeconds: number,
  { skipped = null, part = 'all' }: { skipped?: Skipped | null; part?: DecodedPart } = {},
): string[] {
  const video =
    info.videoStream === null || part === 'sound'
      ? ['-progress', 'pipe:1', '-stats_period', '1']
      : [
          ...['-filter_complex', filters(info.videoStream, info)],
          ...['-map', '[keyframes]', '-c:v', 'mjpeg', '-q:v', '3'],
          // Without these ffmpeg would repeat and drop frames to a constant rate, and refuse two
          // keyframes closer than one frame of the declared rate.
          ...['-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
          ...['-f', 'image2', '-frame_pts', '1', '-atomic_writing', '1', 'keyframe-%d.jpg'],
          ...['-map', '[miniatures]', '-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
          // Written in blocks, not frame by frame: nobody waits for the newest one.
          ...['-flush_packets', '0', '-f', 'rawvideo', 'pipe:3'],
        ]
  const audio =
    info.audioStream === null || part === 'pictures'
      ? []
      : [
          ...['-map', `0:${info.audioStream}`, '-map_metadata', '-1', '-fflags', '+bitexact'],
          // first_pts and async put sample n at n / 16000 s of the timeline, whatever the gaps.
          ...[
            '-af',
            `aresample=${AUDIO_RATE}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=mono`,
          ],
          ...['-c:a', 'pcm_s16le', '-f', 'wav', AUDIO_FILE],
        ]
  return [
    ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'repeat+error'],
    ...['-filter_complex_threads', String(tools.threads)],
    // ffmpeg moves the file's first timestamp to 0. A negative one is only encoder delay, which
    // players cut off: moving it would shift the pictures.
    ...(info.startSeconds < 0 ? ['-copyts'] : []),
    // One more than cores, as ffmpeg itself counts (libavcodec/pthread_frame.c): a decoder thread
    // waits while its frame is filtered.
    ...[
      '-threads',
      String(tools.threads > 1 ? tools.threads + 1 : 1),
      '-t',
      limitSeconds.toFixed(3),
    ],
    ...(skipped && part !== 'sound' ? ['-skip_frame', skipped] : []),
    ...guardedInput('ffmpeg', absoluteFile),
    ...video,
    ...audio,
  ]
}

/** Every decoded frame is counted and sent small; those selected are scaled for their JPEG. */
function filters(stream: number, info: MediaInfo): string {
  return [
    `[0:${stream}]${countingFilter()},split[all][small]`,
    `[all]${selectionFilter()},${keyframeFilter(info)}[keyframes]`,
    `[small]${miniatureFilter()}[miniatures]`,
  ].join(';')
}

/**
 * ffmpeg turns rotated frames upright before its first filter. Only selected frames are scaled, to
 * one size worked out here: a JPEG encoder cannot follow a stream that changes its size.
 */
function keyframeFilter(info: MediaInfo): string {
  const turned = info.rotation === 90 || info.rotation === 270
  const width = (info.width ?? 1) * (turned ? 1 : info.pixelAspect)
  const height = (info.height ?? 1) * (turned ? info.pixelAspect : 1)
  const shrink = Math.min(1, KEYFRAME_MAX_SIDE / Math.max(width, height))
  const size = [width, height].map((side) => Math.max(1, Math.round(side * shrink))).join(':')
  // yuvj420p: the full range of values, which is what JPEG readers assume.
  return `scale=${size},setsar=1,format=yuvj420p`
}

/**
 * How much of the timeline is decoded at most, in seconds. Timestamps are the file's own claim: one
 * jump of a year would make the WAV a year long. So: the declared length and a quarter, and no
 * more than 600 s plus 1 s for each 50 bytes (400 bit/s, less than any real video) or a day.
 */
export function decodeLimitSeconds(info: MediaInfo): number {
  return Math.min(Math.max(60, info.durationSeconds * 1.25 + 10), 600 + info.bytes / 50, 24 * 3600)
}

/** Ten times real time and ten minutes, in milliseconds; at most twelve hours. */
export function timeLimitMs(limitSeconds: number): number {
  return Math.min(600 + 10 * limitSeconds, 12 * 3600) * 1000
}
