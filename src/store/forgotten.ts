import { sql } from 'kysely'
import type { Trx } from '../config/database.ts'
import { recordEvent } from './events.ts'
import { exportKey, takeExportsOfVersions } from './exports.ts'
import { settleTask } from './finish.ts'
import { checkedId, notFound } from './ids.ts'
import { askForMore } from './task-refill.ts'
import { tasksOfVideo } from './tasks.ts'
import {
  type Address,
  type ForgottenVideo,
  findForgotten,
  hashesOf,
  NO_TITLE,
  sha256,
  toForgotten,
  whyNot,
} from './tombstones.ts'
import { deleteVideo } from './videos.ts'

/**
 * Takes a video out of the library: its row with all that hangs on it, its place in frozen datasets
 * (which are marked), archives that held it, its title in tasks. Leaves a tombstone, whose `objects`
 * are still to be deleted. Runs that are at it can write nothing more. Once more, it gives the
 * tombstone that is there.
 *
 * @throws NotFoundError `video-not-found` when there never was such a video
 */
export async function forgetVideoRows(
  trx: Trx,
  id: string,
  reason: string,
): Promise<ForgottenVideo> {
  const video = await trx
    .selectFrom('videos')
    .selectAll()
    .where('id', '=', checkedId('video', id))
    // The strongest lock: a dataset that is being frozen with it ends before, or fails.
    .forUpdate()
    .executeTakeFirst()
  if (!video) {
    const known = await findForgotten(trx, id)
    if (!known) throw notFound('video', id)
    return known
  }
  const own = { platform: video.platform, sourceId: video.source_id, url: video.source_url }
  await recordEvent(
    trx,
    'video.forgotten',
    { videoId: video.id },
    { video_id: video.id, platform: own.platform, source_id: own.sourceId, reason },
  )
  const archives = await takeOutOfDatasets(trx, video.id, video.duration)
  const incoming = video.fetch_from?.incomingKey
  const objects = [objectsPrefix(video.id), ...(incoming ? [incoming] : []), ...archives]
  const row = await trx
    .insertInto('forgotten_videos')
    .values({
      video_id: video.id,
      platform: own.platform,
      source_id: own.sourceId,
      url_sha256: sha256(own.url),
      content_sha256: video.content_sha256,
      reason,
      objects: JSON.stringify(objects),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await takeOut(trx, video.id, own, { tombstoneId: video.id, reason })
  return toForgotten(row)
}

/**
 * Takes a video out whose file turned out to be a forgotten one; its address is forgotten too. False
 * when its file is none of those. What was stored of it is the housekeeping's to delete, and the caller's.
 */
export async function takeOutForgotten(
  trx: Trx,
  videoId: string,
  contentSha256: string,
): Promise<boolean> {
  const known = await trx
    .updateTable('forgotten_videos')
    .set({
      objects: sql<string>`objects || ${JSON.stringify([objectsPrefix(videoId)])}::jsonb`,
      swept_at: null,
    })
    .where('content_sha256', '=', contentSha256)
    .where('allowed_at', 'is', null)
    .returning(['video_id', 'reason'])
    .executeTakeFirst()
  if (!known) return false
  const video = await trx
    .selectFrom('videos')
    .select(['platform', 'source_id', 'source_url'])
    .where('id', '=', videoId)
    .executeTakeFirst()
  if (!video) return true
  const own = { platform: video.platform, sourceId: video.source_id, url: video.source_url }
  await takeOut(trx, videoId, own, { tombstoneId: known.video_id, reason: known.reason })
  return true
}

/** The rows of a video go; tasks that took it keep a candidate that says why, and are counted anew. */
async function takeOut(
  trx: Trx,
  videoId: string,
  own: Address,
  { tombstoneId, reason }: { tombstoneId: string; reason: string },
): Promise<void> {
  const tasks = await tasksOfVideo(trx, videoId)
  const candidates = await trx
    .selectFrom('candidates')
    .select(['platform', 'source_id', 'url'])
    .where('video_id', '=', videoId)
    .execute()
  const found = candidates.map((row) => ({ ...row, sourceId: row.source_id }))
  const hashes = new Set([own, ...found].flatMap(hashesOf))
  await trx
    .insertInto('forgotten_addresses')
    .values([...hashes].map((address_sha256) => ({ address_sha256, video_id: tombstoneId })))
    .onConflict((oc) => oc.doNothing())
    .execute()
  await trx
    .updateTable('candidates')
    .set({
      state: 'rejected',
      reason_code: 'forgotten',
      reason: whyNot(reason),
      title: NO_TITLE,
      // A local file's name may be as telling as its title; addresses of the web tell where it was.
      url: sql<string>`case when url ~ '^https?:' then url else 'forgotten:' || source_id end`,
      video_id: null,
      detail: null,
    })
    .where((eb) =>
      eb.or([
        eb('video_id', '=', videoId),
        // Those that other tasks keep in reserve, or did not take.
        ...[own, ...found].map(({ platform, sourceId }) =>
          eb.and([eb('platform', '=', platform), eb('source_id', '=', sourceId)]),
        ),
      ]),
    )
    .execute()
  await deleteVideo(trx, videoId)
  for (const taskId of tasks) {
    // Before it is settled, which would end it.
    await askForMore(trx, taskId)
    await settleTask(trx, taskId)
  }
}

/** Marks the datasets that have the video; gives the keys of the archives that held it. */
async function takeOutOfDatasets(
  trx: Trx,
  videoId: string,
  seconds: number | null,
): Promise<string[]> {
  // First: it holds the datasets' rows, and an export that begins now waits.
  await trx
    .updateTable('datasets')
    .set({
      removed_count: sql<number>`removed_count + 1`,
      video_count: sql<number>`greatest(0, video_count - 1)`,
      total_seconds: sql<number>`greatest(0, total_seconds - ${seconds ?? 0}::float8)`,
    })
    .where(
      sql<boolean>`exists (select from dataset_videos d where d.dataset_id = datasets.id
        and d.version = datasets.version and d.video_id = ${videoId}::uuid)`,
    )
    .execute()
  const archives = await takeExportsOfVersions(trx, videoId)
  return archives.map(exportKey)
}

/** Where all objects of a video are. */
function objectsPrefix(videoId: string): string {
  return `videos/${videoId}/`
}
