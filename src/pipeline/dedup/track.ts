import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { NotFoundError } from '../../errors.ts'
import { greySquares } from '../../media/prints.ts'
import { type Keyframe, keyframesOf } from '../../store/keyframes.ts'
import { printsOf, type StoredPrints, savePrints } from '../../store/prints.ts'
import { getVideo } from '../../store/videos.ts'
import type { StepContext } from '../step.ts'
import type { Compared } from './compare.ts'
import { PRINT_SIDE } from './prints.ts'

/** Objects fetched at once when they are not on this machine. */
const FETCHES = 8

/** Makes and keeps the prints of the video at work. Kept at once: who runs beside it needs them. */
export async function makeOwnPrints(context: StepContext): Promise<StoredPrints> {
  const { video, db, files, signal } = context
  const keyframes = await context.keyframes()
  const made = await printsFrom(keyframes, await files.pictures(keyframes, signal), signal)
  await savePrints(db, video.id, made)
  return made
}

/**
 * Another video as it is compared; its prints are made when an older version left it without.
 * Null when it or its pictures are gone.
 */
export async function otherVideo(context: StepContext, videoId: string): Promise<Compared | null> {
  const { db } = context
  try {
    const { contentSha256, duration } = await getVideo(db, videoId)
    const stored = (await printsOf(db, videoId)) ?? (await makeOthersPrints(context, videoId))
    return {
      id: videoId,
      contentSha256,
      track: { ...stored, duration: duration ?? (stored.times.at(-1) ?? 0) + 1 },
    }
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

async function makeOthersPrints(
  { db, storage, files, signal }: StepContext,
  videoId: string,
): Promise<StoredPrints> {
  const keyframes = await keyframesOf(db, videoId)
  const folder = files.scratch(`other-${videoId}`)
  await mkdir(folder, { recursive: true })
  try {
    const pictures: string[] = []
    for (let start = 0; start < keyframes.length; start += FETCHES) {
      pictures.push(
        ...(await Promise.all(
          keyframes.slice(start, start + FETCHES).map(async ({ storageKey }) => {
            const inStore = storage.localPath(storageKey)
            if (inStore) return inStore
            const copy = path.join(folder, path.basename(storageKey))
            await storage.getFile(storageKey, copy, { signal })
            return copy
          }),
        )),
      )
    }
    const made = await printsFrom(keyframes, pictures, signal)
    await savePrints(db, videoId, made)
    return made
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function printsFrom(
  keyframes: Keyframe[],
  pictures: string[],
  signal: AbortSignal,
): Promise<StoredPrints> {
  return {
    times: keyframes.map((keyframe) => keyframe.timestamp),
    prints: await greySquares(pictures, PRINT_SIDE, signal),
  }
}
