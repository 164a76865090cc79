import { stat } from 'node:fs/promises'
import sharp from 'sharp'
import { PermanentError, toError } from '../errors.ts'

/** Larger images are refused before they are decoded: 8K frames have 33 million pixels. */
const MAX_PIXELS = 100_000_000

/**
 * Decoded images that are kept for the next model that looks at the same file: 24 keyframes of 720p,
 * one batch of 16 and what is prepared ahead of the other model's.
 */
const KEPT_BYTES = 64 * 1024 ** 2

/** How long they are kept when nobody asks, in milliseconds. */
const KEPT_MS = 5_000

/** Upright 8-bit RGB pixels, row by row, three bytes each. */
export interface Pixels {
  data: Uint8Array
  width: number
  height: number
}

/** By path and state of the file, the one that was asked for last at the end. */
const kept = new Map<string, { decoding: Promise<Pixels>; bytes: number }>()
let keptBytes = 0
let forgetting: NodeJS.Timeout | undefined

/**
 * An image file's pixels, as it is shown (its EXIF turn applied, transparency on black, colour
 * profiles ignored, as Pillow and OpenCV do with which the models were trained). Several models
 * look at one keyframe: it is decoded once for all of them when they ask at about the same time.
 *
 * @throws PermanentError `image-unreadable`
 */
export async function decodedImage(file: string): Promise<Pixels> {
  try {
    const { size, mtimeMs, ino } = await stat(file)
    const key = `${file} ${size} ${mtimeMs} ${ino}`
    const known = kept.get(key)
    if (known) {
      kept.delete(key)
      kept.set(key, known)
      return await known.decoding
    }
    const decoding = decode(file)
    keep(key, decoding)
    return await decoding
  } catch (cause) {
    throw new PermanentError(
      'image-unreadable',
      `Expected a readable image in ${file}: ${toError(cause).message}`,
      { cause },
    )
  }
}

async function decode(file: string): Promise<Pixels> {
  const image = sharp(file, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true })
  const { data, info } = await image
    .autoOrient()
    .flatten()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  if (channels === 3) return { data, width, height }
  const rgb = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb.fill(data[pixel * channels] ?? 0, pixel * 3, pixel * 3 + 3)
  }
  return { data: rgb, width, height }
}

function keep(key: string, decoding: Promise<Pixels>): void {
  const entry = { decoding, bytes: 0 }
  kept.set(key, entry)
  decoding.then(
    ({ data }) => {
      if (kept.get(key) !== entry) return
      entry.bytes = data.byteLength
      keptBytes += entry.bytes
      for (const [oldest, { bytes }] of kept) {
        if (keptBytes <= KEPT_BYTES) break
        keptBytes -= bytes
        kept.delete(oldest)
      }
    },
    () => kept.delete(key),
  )
  clearTimeout(forgetting)
  forgetting = setTimeout(() => {
    kept.clear()
    keptBytes = 0
  }, KEPT_MS).unref()
}
