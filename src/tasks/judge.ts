import { SkipStep } from '../errors.ts'
import { framesRelevance, queryPrompts, relevanceOf } from '../labeling/relevance.ts'
import { loadTaxonomy } from '../labeling/taxonomy.ts'
import type { Services } from '../services.ts'
import { frameVectorsOf } from '../store/embeddings.ts'
import { isTurnedDown, judge, type Unjudged, unjudged, wordsShare } from '../store/judging.ts'
import { deleteVideo, endRun, lockVideoIfThere, updateVideo } from '../store/videos.ts'

type Parts = Pick<Services, 'database' | 'storage' | 'models' | 'logger'>

/**
 * Applies the rules of the tasks that took a video: is it on topic, does it look like another one? One
 * that no task keeps is removed before it costs more, unless it is completed and thereby the library's.
 * Returns whether the video stays. Killed anywhere, the next call goes on.
 */
export async function admitVideo(
  services: Parts & Pick<Services, 'queue'>,
  videoId: string,
): Promise<boolean> {
  const { database, storage, queue } = services
  await judgeAll(services, await unjudged(database.db, { videoId }))
  const isUnwanted = await database.db.transaction().execute(async (trx) => {
    const video = await lockVideoIfThere(trx, videoId)
    if (!video || video.status === 'completed' || !(await isTurnedDown(trx, videoId))) return false
    await endRun(trx, videoId)
    return true
  })
  if (!isUnwanted) return true
  // Before the row that names them: else a kill in between would leave them for ever.
  await storage.deletePrefix(`videos/${videoId}/`)
  await database.db.transaction().execute(async (trx) => {
    if (!(await lockVideoIfThere(trx, videoId))) return
    if (await isTurnedDown(trx, videoId)) return await deleteVideo(trx, videoId)
    // Another task took it in that moment: it is fetched again.
    const nothing = { storageKey: null, thumbnailKey: null, contentSha256: null }
    await updateVideo(trx, videoId, { status: 'pending', ...nothing })
    await queue.enqueue('fetch', { videoId }, { transaction: trx })
  })
  return false
}

/** Whether a task's rules have still to be applied to the video. */
export async function mayBeTurnedDown(
  { database }: Pick<Services, 'database'>,
  videoId: string,
): Promise<boolean> {
  return (await unjudged(database.db, { videoId })).length > 0
}

/** As `admitVideo` for videos that a task took and the library has already; none is removed. */
export async function judgeKnownVideos(services: Parts, taskId: string): Promise<void> {
  await judgeAll(services, await unjudged(services.database.db, { taskId }))
}

async function judgeAll(services: Parts, items: Unjudged[]): Promise<void> {
  const { db } = services.database
  for (const item of items) {
    const relevance = item.minRelevance === null ? null : await measure(services, item)
    await db.transaction().execute((trx) => judge(trx, item, relevance))
  }
}

/** Null where there is no query to be relevant to. */
async function measure(services: Parts, item: Unjudged): Promise<number | null> {
  if (item.query === null) return null
  const { db } = services.database
  const words = await wordsShare(db, item.videoId, item.query)
  const frames = (await frameVectorsOf(db, item.videoId)).map(({ vector }) => vector)
  return relevanceOf(await ofFrames(services, item.query, item.taxonomy, frames), words)
}

async function ofFrames(
  { models, logger }: Parts,
  query: string,
  taxonomyName: string,
  frames: Float32Array[],
): Promise<number | null> {
  if (frames.length === 0) return null
  const { background } = await loadTaxonomy(taxonomyName)
  const prompts = queryPrompts(query)
  try {
    const vectors = await models.embedTexts([...prompts, ...background], { priority: 'batch' })
    return framesRelevance(vectors.slice(0, prompts.length), vectors.slice(prompts.length), frames)
  } catch (thrown) {
    if (!(thrown instanceof SkipStep)) throw thrown
    logger.warn({ code: thrown.code }, 'relevance is judged by words alone')
    return null
  }
}
