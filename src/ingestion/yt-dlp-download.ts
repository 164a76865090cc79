import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { PermanentError, TransientError } from '../errors.ts'
import { watchFolder } from './disk-space.ts'
import { runYtDlp } from './yt-dlp.ts'
import { failureOf } from './yt-dlp-failures.ts'

/** Stall times without a word after which yt-dlp hangs: its own tries take one each. */
const SILENT_STALLS = 4

/** Only these go through the proxy; rtmp, rtsp and mms would be fetched around it. */
const WEB = "[protocol~='^(https?|m3u8|http_dash)']"

/**
 * At most 720 lines, or 720 columns where the picture stands upright; unknown sizes pass. A hard
 * limit, unlike `-S res:720`, which falls to the next larger one.
 */
export const FORMAT = ['[aspect_ratio<1][width<=?720]', '[height<=?720]']
  .flatMap((size) => [`bv*${size}${WEB}+ba${WEB}`, `b${size}${WEB}`])
  .join('/')

/** Among those: the largest, H.264 and AAC before others, so that most need no re-encoding. */
export const FORMAT_ORDER = 'res:720,vcodec:h264,acodec:aac,ext'

const progressLine = z.object({
  status: z.string(),
  downloaded_bytes: z.number().catch(0),
  total_bytes: z.number().nullish().catch(null),
  total_bytes_estimate: z.number().nullish().catch(null),
})

const foundLine = z.object({
  duration: z.number().nullish().catch(null),
  is_live: z.boolean().nullish().catch(null),
})

const doneLine = z.looseObject({ filepath: z.string().min(1) })

export interface YtDlpDownload {
  /** Absolute path. */
  file: string
  /** The platform's own thumbnail as it came (jpg, webp, png), or null. */
  thumbnail: string | null
  /** yt-dlp's fields of the video. */
  info: Record<string, unknown>
}

/**
 * Fetches the video at a page or media address with yt-dlp into `folder` as `original.*`, at most
 * 720 lines, with its thumbnail. Run again on the same folder it goes on where it stopped.
 *
 * @throws PermanentError `too-long`, `live`, `too-large`, `no-file`, or the classed failure
 */
export async function downloadByYtDlp(
  settings: Settings,
  url: string,
  folder: string,
  options: {
    signal: AbortSignal
    timeoutMs: number
    maxBytes: number
    onProgress?(received: number, total: number | null): void
  },
): Promise<YtDlpDownload> {
  const maxSeconds = settings.maxVideoDurationSeconds
  const stop = new AbortController()
  let earlierBytes = 0

  function onProgressLine(json: string): void {
    const progress = progressLine.safeParse(parsed(json)).data
    if (!progress) return
    const received = earlierBytes + progress.downloaded_bytes
    // --max-filesize only looks at a length announced beforehand; streams announce none.
    if (received > options.maxBytes) stop.abort(tooLargeError(url, options))
    const total = progress.total_bytes ?? progress.total_bytes_estimate
    options.onProgress?.(received, total ? Math.round(earlierBytes + total) : null)
    if (progress.status === 'finished') earlierBytes = received
  }

  const args = [
    ...['--format', FORMAT],
    ...['--format-sort', FORMAT_ORDER],
    ...['--merge-output-format', 'mp4/mkv'],
    ...(settings.ffmpeg.includes(path.sep) ? ['--ffmpeg-location', settings.ffmpeg] : []),
    ...['--no-playlist', '--playlist-items', '1'],
    ...['--max-filesize', String(options.maxBytes)],
    ...['--match-filters', `!is_live & duration<=?${maxSeconds}`],
    ...['--retries', '5', '--fragment-retries', '5', '--abort-on-unavailable-fragments'],
    ...['--write-thumbnail', '--no-mtime'],
    ...['--output', 'original.%(ext)s', '--output', 'thumbnail:thumbnail.%(ext)s'],
    ...[
      '--newline',
      '--progress',
      '--progress-delta',
      '0.5',
      '--progress-template',
      'download:PROGRESS %(progress)j',
    ],
    ...['--print', 'pre_process:FOUND %(.{duration,is_live})j'],
    ...['--print', `after_move:DONE %(.{${infoFields(settings).join(',')}})j`],
    '--no-quiet',
  ]
  // It says something at least each half second while bytes come, and at each of its own tries.
  const silenceMs = settings.stallSeconds * 1000 * SILENT_STALLS
  const silence = setTimeout(() => stop.abort(silent(url, silenceMs)), silenceMs)
  const { code, stdout, stderr } = await watchFolder(
    folder,
    // Picture, sound and what they are joined into lie beside each other for a moment.
    { maxBytes: options.maxBytes * 2 + 64 * 1024 ** 2, reserveBytes: settings.minFreeBytes },
    stop,
    () =>
      runYtDlp(settings, args, url, {
        signal: AbortSignal.any([options.signal, stop.signal]),
        timeoutMs: options.timeoutMs,
        cwd: folder,
        onStdoutLine(line) {
          silence.refresh()
          if (line.startsWith('PROGRESS ')) onProgressLine(line.slice('PROGRESS '.length))
        },
        onStderrLine: () => void silence.refresh(),
      }),
  ).finally(() => clearTimeout(silence))
  const info = printed(stdout, 'DONE ', doneLine)
  if (info) {
    const file = path.resolve(folder, info.filepath)
    const isInside = path.dirname(file) === path.resolve(folder)
    if (isInside && (await isFilled(file)))
      return { file, thumbnail: await thumbnailIn(folder), info }
  }
  const found = printed(stdout, 'FOUND ', foundLine)
  if (found?.is_live) {
    throw new PermanentError('live', `${url} is a live broadcast, not a finished video.`)
  }
  if (found?.duration && found.duration > maxSeconds) {
    throw new PermanentError(
      'too-long',
      `${url} lasts ${Math.round(found.duration)} s. At most ${maxSeconds} s are taken (MAX_VIDEO_DURATION).`,
    )
  }
  if (/larger than max-filesize/.test(stdout + stderr)) throw tooLargeError(url, options)
  if (code !== 0) throw failureOf(stderr, url)
  throw new PermanentError('no-file', `yt-dlp ended without a fault and without a file for ${url}.`)
}

/** What is asked about a fetched video; `filepath` says that it is really there. */
const INFO_FIELDS = [
  'filepath',
  'id',
  'title',
  'description',
  'duration',
  'width',
  'height',
  'uploader',
  'uploader_url',
  'channel',
  'channel_url',
  'timestamp',
  'upload_date',
  'license',
  'webpage_url',
  'thumbnail',
  'extractor_key',
  'language',
  'subtitles',
]

/** The machine's captions of a hundred languages are half a megabyte: only when they are wanted. */
function infoFields({ captions }: Settings): string[] {
  return captions === 'use-automatic' ? [...INFO_FIELDS, 'automatic_captions'] : INFO_FIELDS
}

function tooLargeError(url: string, options: { maxBytes: number }): PermanentError {
  return new PermanentError(
    'too-large',
    `${url} has more than ${options.maxBytes} bytes (FORGEINDEX_MAX_UPLOAD_BYTES).`,
  )
}

/** The JSON after the last line with this mark; the whole output is searched, for lines can be long. */
function printed<T>(stdout: string, mark: string, schema: z.ZodType<T>): T | null {
  const line = stdout.split('\n').findLast((text) => text.startsWith(mark))
  return line === undefined
    ? null
    : (schema.safeParse(parsed(line.slice(mark.length))).data ?? null)
}

/** Undefined for what is no JSON: an output is not to be trusted. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function silent(url: string, ms: number): TransientError {
  const message = `${url}: yt-dlp said nothing for ${Math.round(ms / 1000)} s and was stopped.`
  return new TransientError('network', message)
}

async function isFilled(file: string): Promise<boolean> {
  try {
    const found = await lstat(file)
    return found.isFile() && found.size > 0
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw thrown
  }
}

async function thumbnailIn(folder: string): Promise<string | null> {
  const name = (await readdir(folder)).find((entry) => /^thumbnail\.\w+$/.test(entry))
  return name === undefined ? null : path.join(folder, name)
}
