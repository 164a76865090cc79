import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { fetchSmall } from './fetch-small.ts'
import type { Guard } from './guard.ts'

const MAX_BYTES = 10 * 1024 ** 2
const MAX_PIXELS = 50_000_000
const MAX_SIDE = 1280

/**
 * The source's own thumbnail as `<folder>/thumbnail.jpg`, at most 1280 pixels wide or high. Null
 * when it cannot be had or read: a missing thumbnail is no reason to lose a video, and the frames
 * step makes one too.
 *
 * @param from  an http(s) address, or the path of a picture that was already fetched
 */
export async function saveThumbnail(
  guard: Guard,
  from: string,
  folder: string,
  options: { signal: AbortSignal; headers: Record<string, string> },
): Promise<string | null> {
  const target = path.join(folder, 'thumbnail.jpg')
  try {
    const picture = /^https?:/.test(from)
      ? await fetchSmall(guard, from, { ...options, maxBytes: MAX_BYTES })
      : from
    const jpeg = await sharp(picture, { limitInputPixels: MAX_PIXELS })
      .rotate()
      .resize(MAX_SIDE, MAX_SIDE, { fit: 'inside', withoutEnlargement: true })
      .flatten()
      .jpeg({ quality: 85 })
      .toBuffer()
    if (from !== target && !/^https?:/.test(from)) await rm(from, { force: true })
    await writeFile(target, jpeg)
    return target
  } catch (thrown) {
    options.signal.throwIfAborted()
    // sharp, the guard and the network all speak in plain Errors here; anything else is a bug.
    if (thrown instanceof Error) return null
    throw thrown
  }
}
