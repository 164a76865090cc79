import type { Db, Trx } from '../config/database.ts'
import { refreshVideoFacets } from './video-labels.ts'

export interface Tag {
  tag: string
  source: 'auto' | 'manual'
}

/** Replaces the tags the pipeline gave; those given by hand stay. */
export async function replaceAutoTags(trx: Trx, videoId: string, tags: string[]): Promise<void> {
  await trx
    .deleteFrom('video_tags')
    .where('video_id', '=', videoId)
    .where('source', '=', 'auto')
    .execute()
  if (tags.length > 0) {
    await trx
      .insertInto('video_tags')
      .values(tags.map((tag) => ({ video_id: videoId, tag, source: 'auto' as const })))
      .onConflict((oc) => oc.doNothing())
      .execute()
  }
  await refreshVideoFacets(trx, videoId)
}

/** Adds a tag by hand; one that the pipeline gave becomes the person's. */
export async function addManualTag(trx: Trx, videoId: string, tag: string): Promise<void> {
  await trx
    .insertInto('video_tags')
    .values({ video_id: videoId, tag, source: 'manual' })
    .onConflict((oc) => oc.columns(['video_id', 'tag']).doUpdateSet({ source: 'manual' }))
    .execute()
  await refreshVideoFacets(trx, videoId)
}

/** Removes a tag, whoever gave it. False when the video does not have it. */
export async function removeTag(trx: Trx, videoId: string, tag: string): Promise<boolean> {
  const result = await trx
    .deleteFrom('video_tags')
    .where('video_id', '=', videoId)
    .where('tag', '=', tag)
    .executeTakeFirst()
  if (result.numDeletedRows === 0n) return false
  await refreshVideoFacets(trx, videoId)
  return true
}

/** A video's tags in alphabetical order. */
export async function tagsOf(db: Db | Trx, videoId: string): Promise<Tag[]> {
  return await db
    .selectFrom('video_tags')
    .select(['tag', 'source'])
    .where('video_id', '=', videoId)
    .orderBy('tag')
    .execute()
}
