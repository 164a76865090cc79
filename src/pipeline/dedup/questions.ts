import { rm } from 'node:fs/promises'
import { SkipStep } from '../../errors.ts'
import { writeMirrored } from '../../media/prints.ts'
import { frameVectorsOf } from '../../store/embeddings.ts'
import type { StepContext } from '../step.ts'
import { isBlank, PRINT_BYTES } from './prints.ts'

/** Keyframes that are looked for in other videos: each up to the first number, then fewer. */
const ALL_UP_TO = 8
const MOST_OF_SHORT = 10
const SHORT = 128
const ONE_IN = 8
const MOST = 200
/**
 * One keyframe in so many is looked for mirrored too, which costs the model a run. A space may know left from
 * right: mini-vl gives a picture and its mirror image a cosine of .02 to .93, so that plain vectors find no mirrored copy.
 */
const MIRRORED_ONE_IN = 16
const MOST_MIRRORED = 8

/**
 * Vectors of keyframes of the video, some of them mirrored, to find other videos by: spread over its
 * length, blank ones left out. [512] float32 each, L2-normalised.
 */
export async function questionsOf(
  context: StepContext,
  prints: Uint8Array,
): Promise<Float32Array[]> {
  const { db, video } = context
  const keyframes = (await context.keyframes()).filter(
    (_, index) => !isBlank(prints.subarray(index * PRINT_BYTES, (index + 1) * PRINT_BYTES)),
  )
  const asked = spread(keyframes, howMany(keyframes.length))
  const vectors = await frameVectorsOf(
    db,
    video.id,
    asked.map(({ id }) => id),
  )
  const mirrored = Math.min(MOST_MIRRORED, Math.ceil(keyframes.length / MIRRORED_ONE_IN))
  return [
    ...vectors.map(({ vector }) => vector),
    ...(await mirrorVectors(context, spread(keyframes, mirrored))),
  ]
}

function howMany(count: number): number {
  if (count <= ALL_UP_TO) return count
  if (count <= SHORT) return Math.min(MOST_OF_SHORT, Math.max(ALL_UP_TO, Math.ceil(count / 4)))
  return Math.min(MOST, Math.ceil(count / ONE_IN))
}

function spread<T>(items: T[], most: number): T[] {
  if (items.length <= most) return items
  return Array.from(
    { length: most },
    (_, index) => items[Math.floor(((index + 0.5) * items.length) / most)]!,
  )
}

async function mirrorVectors(
  { files, models, signal }: StepContext,
  keyframes: Awaited<ReturnType<StepContext['keyframes']>>,
): Promise<Float32Array[]> {
  const pictures = await files.pictures(keyframes, signal)
  const mirrored = pictures.map((_, index) => files.scratch(`mirrored-${index}.jpg`))
  try {
    for (const [index, picture] of pictures.entries())
      await writeMirrored(picture, mirrored[index]!)
    return mirrored.length > 0 ? await models.embedImages(mirrored, { signal }) : []
  } catch (error) {
    // The vectors are there and their model is not: what is plain can still be found.
    if (error instanceof SkipStep) return []
    throw error
  } finally {
    for (const file of mirrored) await rm(file, { force: true })
  }
}
