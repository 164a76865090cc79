import sharp from 'sharp'
import { PermanentError, toError } from '../errors.ts'

/** Pictures read at once: decoding is sharp's own threads. */
const AT_ONCE = 4

/**
 * Images as small grey squares, stretched to `side` by `side` pixels: side² bytes each, one after the
 * other. JPEGs are shrunk while they are decoded, which takes a fraction of a whole decode.
 *
 * @throws PermanentError `image-unreadable`
 * @throws the signal's reason when aborted
 */
export async function greySquares(
  files: readonly string[],
  side: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = side * side
  const squares = new Uint8Array(files.length * bytes)
  for (let start = 0; start < files.length; start += AT_ONCE) {
    signal.throwIfAborted()
    await Promise.all(
      files.slice(start, start + AT_ONCE).map(async (file, index) => {
        const { data, info } = await readable(file, () =>
          sharp(file, { failOn: 'error', ignoreIcc: true })
            .greyscale()
            .resize(side, side, { fit: 'fill' })
            .raw({ depth: 'uchar' })
            .toBuffer({ resolveWithObject: true }),
        )
        for (let pixel = 0; pixel < bytes; pixel++) {
          squares[(start + index) * bytes + pixel] = data[pixel * info.channels]!
        }
      }),
    )
  }
  return squares
}

/**
 * Writes an image with left and right swapped as a JPEG.
 *
 * @throws PermanentError `image-unreadable`
 */
export async function writeMirrored(file: string, target: string): Promise<void> {
  await readable(file, () =>
    sharp(file, { failOn: 'error', ignoreIcc: true }).flop().jpeg({ quality: 92 }).toFile(target),
  )
}

async function readable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new PermanentError(
      'image-unreadable',
      `Expected a readable image in ${file}: ${toError(cause).message}`,
      { cause },
    )
  }
}
