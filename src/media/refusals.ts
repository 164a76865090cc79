import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { PermanentError } from '../errors.ts'
import { acceptedCodecNames, MAX_PIXELS } from './input-guard.ts'

/**
 * Size of a file in bytes.
 *
 * @throws PermanentError `file-missing`, `not-a-video` (a folder, a device), `empty-file`
 */
export async function fileSize(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new PermanentError('file-missing', `There is no readable file at ${file}.`, {
      cause: error,
    })
  })
  if (!found.isFile()) {
    throw new PermanentError('not-a-video', `${path.basename(file)} is not a file.`)
  }
  if (found.size === 0) {
    throw new PermanentError('empty-file', 'The file is empty (0 bytes). Fetch or copy it again.')
  }
  return found.size
}

/**
 * Why ffprobe did not open a file, from what it printed and from the file's first bytes: an error
 * with code `format-not-accepted`, `codec-not-accepted`, `too-many-pixels`, `damaged` or `not-a-video`.
 */
export async function refusal(file: string, stderr: string): Promise<PermanentError> {
  const start = await firstBytes(file)
  // Newer ffmpeg does not recognise a playlist by its text alone when the name ends in .mp4.
  const format = /\[(\S+) @ \S+\] Format not on whitelist/.exec(stderr)?.[1] ?? playlistKind(start)
  if (format) {
    return new PermanentError(
      'format-not-accepted',
      `This is a file of the kind "${format}", whatever its name says. Forgeindex opens MP4, MOV, WebM, MKV, AVI, MPEG, FLV, GIF, Ogg, ASF and plain sound files, and never playlists, which point at other files.`,
    )
  }
  const codec = /Codec \((\S+)\) not on whitelist/.exec(stderr)?.[1]
  if (codec) return codecRefused(null, codec)
  const oversize = pictureTooLarge(stderr)
  if (oversize) return tooManyPixels(oversize)
  const cause = new Error(stderr.trim().slice(-500))
  return beginsLikeMedia(start)
    ? new PermanentError(
        'damaged',
        'The file begins like a video, but its index is missing or broken: most likely the download or recording was cut off. Fetch it again.',
        { cause },
      )
    : new PermanentError(
        'not-a-video',
        'The content of this file is neither video nor sound, whatever its name says.',
        { cause },
      )
}

/** Error for a codec outside the accepted list; `kind` null when it is not known which stream it is. */
export function codecRefused(kind: 'video' | 'audio' | null, codec: string): PermanentError {
  const subject =
    kind === 'video' ? 'The pictures are' : kind === 'audio' ? 'The sound is' : 'A part of it is'
  return new PermanentError(
    'codec-not-accepted',
    `${subject} coded as "${codec}", which Forgeindex does not decode. Convert the file to H.264, VP9 or AV1 first. Accepted: ${acceptedCodecNames(kind ?? 'video')}.`,
  )
}

/** Error for a picture larger than `MAX_PIXELS`; `size` as `9000x9000`. */
export function tooManyPixels(size: string): PermanentError {
  return new PermanentError(
    'too-many-pixels',
    `The picture is ${size} pixels; at most ${MAX_PIXELS} in all (8192x8192) are accepted. Scale the video down first.`,
  )
}

/** The size that made ffprobe or ffmpeg refuse a picture, as `9000x9000`; null when that did not happen. */
export function pictureTooLarge(stderr: string): string | null {
  return /Picture size (\d+x\d+) exceeds specified max pixel count/.exec(stderr)?.[1] ?? null
}

/**
 * First bytes (hex) of Matroska, RIFF (AVI, WAV), Ogg, FLV, GIF, MPEG program and elementary streams,
 * ASF, FLAC and ID3; each as its format's specification gives it.
 */
const SIGNATURES = [
  ...['1a45dfa3', '52494646', '4f676753', '464c5601', '47494638'],
  ...['000001ba', '000001b3', '3026b275', '664c6143', '494433'],
]

/** Types of the first box of an MP4 or QuickTime file; they follow its four-byte size. */
const FIRST_BOXES = ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot']

async function firstBytes(file: string): Promise<Buffer> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
  return buffer.subarray(0, bytesRead)
}

function beginsLikeMedia(start: Buffer): boolean {
  return (
    FIRST_BOXES.includes(start.toString('latin1', 4, 8)) ||
    SIGNATURES.some((signature) => start.toString('hex').startsWith(signature))
  )
}

function playlistKind(start: Buffer): string | null {
  const text = start.toString('latin1')
  if (text.startsWith('#EXTM3U')) return 'hls'
  return text.startsWith('ffconcat') ? 'concat' : null
}
