import path from 'node:path'
import { PermanentError } from '../errors.ts'
import { guardedInput, isAcceptedCodec, MAX_PIXELS } from './input-guard.ts'
import { run } from './process.ts'
import { codecRefused, fileSize, pictureTooLarge, refusal, tooManyPixels } from './refusals.ts'
import type { MediaTools } from './tools.ts'

/** What a media file says of itself, before anything is decoded. */
export interface MediaInfo {
  /** Length of the timeline in seconds, from the header; headers can lie. Never 0. */
  durationSeconds: number
  /** Pixels of the upright picture, before square-pixel correction; null without video. */
  width: number | null
  height: number | null
  /** Clockwise degrees by which players turn the stored picture to get it upright. */
  rotation: 0 | 90 | 180 | 270
  /** Average frames a second; null without video or when the file does not say. */
  fps: number | null
  /** ffprobe's codec names, for example `h264`, `aac`; null without such a stream. */
  videoCodec: string | null
  /** Also set when the sound cannot be decoded (then `hasAudio` is false). */
  audioCodec: string | null
  hasVideo: boolean
  /** There is a sound stream that we accept and can decode. */
  hasAudio: boolean
  /** Size of the file. */
  bytes: number
  /** ffprobe's format name, for example `mov,mp4,m4a,3gp,3g2,mj2`. */
  container: string
  /** Index of the stream to decode; null when there is none. Cover art is never chosen. */
  videoStream: number | null
  audioStream: number | null
  /** The file's own first timestamp in seconds: where its timeline's 0 lies. May be negative. */
  startSeconds: number
  /** Width of a stored pixel over its height, 1/4 to 4; 1 when square or not stated. */
  pixelAspect: number
}

const PROBE_TIMEOUT_MS = 60_000

/** Reading every packet of a file without a duration in its header: disk speed, no decoding. */
const SCAN_TIMEOUT_MS = 300_000

/** Enough for 1,000 streams; more are no video. */
const MAX_ANSWER_BYTES = 1024 * 1024

const ENTRIES = [
  'format=format_name,duration,start_time',
  'stream=index,codec_type,codec_name,codec_tag_string,width,height,pix_fmt,sample_rate,sample_aspect_ratio,avg_frame_rate,r_frame_rate,duration',
  'stream_disposition=default,attached_pic',
  'stream_side_data=rotation',
].join(':')

/** Answers kept, by content: a video is looked at when it is fetched and again when it is decoded. */
const KEPT_ANSWERS = 64
const kept = new Map<string, MediaInfo>()

/**
 * Reads a media file's header with ffprobe. Nothing is written.
 *
 * @param options.content SHA-256 of the file when it is known: what was found for the same content a
 *   short while ago holds for it too. To start a program stops this one for some 25 ms
 * @throws PermanentError `file-missing`, `empty-file`, `not-a-video` (no media at all),
 *   `format-not-accepted` (playlists, images, rare containers), `damaged` (a media file that cannot be
 *   opened), `no-streams`, `codec-not-accepted` (names the codec), `too-many-pixels`
 * @throws TransientError `timed-out`
 * @throws the signal's reason when aborted
 */
export async function probe(
  tools: MediaTools,
  file: string,
  options: { signal?: AbortSignal; content?: string | null } = {},
): Promise<MediaInfo> {
  const { content, ...rest } = options
  const known = content ? kept.get(content) : undefined
  if (known) return known
  const found = await readHeader(tools, file, rest)
  if (content) {
    kept.set(content, found)
    if (kept.size > KEPT_ANSWERS) kept.delete(kept.keys().next().value!)
  }
  return found
}

async function readHeader(
  tools: MediaTools,
  file: string,
  options: { signal?: AbortSignal },
): Promise<MediaInfo> {
  const absolute = path.resolve(file)
  const bytes = await fileSize(absolute)
  const { code, stdout, stderr } = await run(
    tools.ffprobe,
    [
      ...['-hide_banner', '-loglevel', 'error', '-of', 'json', '-show_entries', ENTRIES],
      ...guardedInput('ffprobe', absolute),
    ],
    { ...options, timeoutMs: PROBE_TIMEOUT_MS, maxOutputBytes: MAX_ANSWER_BYTES },
  )
  if (code !== 0) throw await refusal(absolute, stderr)
  const { streams, format } = readAnswer(stdout)
  const oversize = pictureTooLarge(stderr)
  if (oversize) throw tooManyPixels(oversize)

  const video = choose(streams, 'video')
  const audio = choose(streams, 'audio')
  if (!video && !audio) {
    throw new PermanentError(
      'no-streams',
      'The file opens as a media file but holds neither pictures nor sound.',
    )
  }
  if (video && !isAcceptedCodec('video', codecName(video)))
    throw codecRefused('video', codecName(video))
  if (!video && audio && !isAcceptedCodec('audio', codecName(audio))) {
    throw codecRefused('audio', codecName(audio))
  }
  if (video && (video.width ?? 0) * (video.height ?? 0) > MAX_PIXELS)
    throw tooManyPixels(`${video.width}x${video.height}`)
  const hasAudio =
    audio !== null && isAcceptedCodec('audio', codecName(audio)) && Number(audio.sample_rate) > 0

  const startSeconds = seconds(format.start_time) ?? 0
  const fps = video ? (ratio(video.avg_frame_rate) ?? ratio(video.r_frame_rate)) : null
  const declared = longest([format.duration, ...streams.map((stream) => stream.duration)])
  const durationSeconds =
    declared ?? (await scanDuration(tools, absolute, startSeconds, options)) ?? (fps ? 1 / fps : 1)
  const rotation = video ? clockwise(video) : 0
  const turned = rotation === 90 || rotation === 270
  return {
    durationSeconds,
    width: (turned ? video?.height : video?.width) || null,
    height: (turned ? video?.width : video?.height) || null,
    rotation,
    fps,
    videoCodec: video ? codecName(video) : null,
    audioCodec: audio ? codecName(audio) : null,
    hasVideo: video !== null,
    hasAudio,
    bytes,
    container: format.format_name ?? 'unknown',
    videoStream: video?.index ?? null,
    audioStream: hasAudio ? audio.index : null,
    startSeconds,
    pixelAspect: video ? Math.min(4, Math.max(1 / 4, ratio(video.sample_aspect_ratio) ?? 1)) : 1,
  }
}

/** The part of ffprobe's answer that we ask for. Numbers in quotes are ffprobe's way. */
interface Stream {
  index: number
  codec_type?: string
  codec_name?: string
  codec_tag_string?: string
  width?: number
  height?: number
  pix_fmt?: string
  sample_rate?: string
  sample_aspect_ratio?: string
  avg_frame_rate?: string
  r_frame_rate?: string
  duration?: string
  disposition?: { default?: number; attached_pic?: number }
  side_data_list?: { rotation?: number }[]
}

interface Answer {
  streams: Stream[]
  format: { format_name?: string; duration?: string; start_time?: string }
}

function readAnswer(text: string): Answer {
  try {
    const answer = JSON.parse(text) as Partial<Answer>
    return { streams: answer.streams ?? [], format: answer.format ?? {} }
  } catch (error) {
    throw new PermanentError(
      'damaged',
      'The description of this file could not be read: it is damaged or holds thousands of streams.',
      { cause: error },
    )
  }
}

/**
 * The stream to decode: not cover art, not an empty second track (its pixel format or sample rate
 * stays unknown), an accepted codec before others, the default track before others, then file order.
 */
function choose(streams: Stream[], kind: 'video' | 'audio'): Stream | null {
  const weigh = (stream: Stream) =>
    (isAcceptedCodec(kind, codecName(stream)) ? 4 : 0) +
    ((kind === 'video' ? stream.pix_fmt : Number(stream.sample_rate)) ? 2 : 0) +
    (stream.disposition?.default ? 1 : 0)
  const candidates = streams.filter(
    (stream) => stream.codec_type === kind && !stream.disposition?.attached_pic,
  )
  return candidates.sort((a, b) => weigh(b) - weigh(a) || a.index - b.index)[0] ?? null
}

/** ffprobe's name, else the four characters in the file (`vvc1`), else `unknown`. */
function codecName(stream: Stream): string {
  const name = stream.codec_name
  if (name && name !== 'unknown') return name
  const tag = stream.codec_tag_string
  return tag && !tag.startsWith('[0]') ? tag : 'unknown'
}

/** ffprobe gives counter-clockwise degrees, -180 to 180. */
function clockwise(stream: Stream): MediaInfo['rotation'] {
  const given = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0
  const quarterTurns = (((Math.round(-given / 90) % 4) + 4) % 4) as 0 | 1 | 2 | 3
  return ([0, 90, 180, 270] as const)[quarterTurns]
}

/** Positive finite value of `30000/1001` or `4:3`; null for `0/0`, `N/A` and nothing. */
function ratio(text: string | undefined): number | null {
  const [above, below] = (text ?? '').split(/[/:]/).map(Number)
  const value = (above ?? 0) / (below ?? 1)
  return Number.isFinite(value) && value > 0 ? value : null
}

function seconds(text: string | undefined): number | null {
  const value = Number.parseFloat(text ?? '')
  return Number.isFinite(value) ? value : null
}

/** The container's duration comes first in `texts`; the streams' count only without it. */
function longest(texts: (string | undefined)[]): number | null {
  const [container = null, ...streams] = texts.map(seconds)
  const value = container && container > 0 ? container : Math.max(0, ...streams.map((s) => s ?? 0))
  return value > 0 ? value : null
}

/** Live recordings (MediaRecorder's webm) have no duration: the last packet's end tells it. */
async function scanDuration(
  tools: MediaTools,
  file: string,
  startSeconds: number,
  options: { signal?: AbortSignal },
): Promise<number | null> {
  let end = Number.NEGATIVE_INFINITY
  await run(
    tools.ffprobe,
    [
      ...['-hide_banner', '-loglevel', 'error', '-of', 'csv=p=0'],
      ...['-show_entries', 'packet=pts_time,duration_time'],
      ...guardedInput('ffprobe', file),
    ],
    {
      ...options,
      timeoutMs: SCAN_TIMEOUT_MS,
      maxOutputBytes: 1024,
      onStdoutLine: (line) => {
        const [pts = '', duration = ''] = line.split(',')
        end = Math.max(end, (seconds(pts) ?? Number.NEGATIVE_INFINITY) + (seconds(duration) ?? 0))
      },
    },
  )
  return end > startSeconds ? end - startSeconds : null
}
