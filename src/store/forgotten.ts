import { createHash } from 'node:crypto'
import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { decodeCursor, encodeCursor, type Page } from './cursor.ts'
import { recordEvent } from './events.ts'
import { exportKey, takeExportsOfVersions } from './exports.ts'
import { settleTask } from './finish.ts'
import { checkedId, notFound } from './ids.ts'
import type { ForgottenVideosTable } from './schema.ts'
import { tasksOfVideo } from './tasks.ts'
import { deleteVideo } from './videos.ts'

/** What is left of a video that was forgotten: enough to know it again. */
export interface ForgottenVideo {
  videoId: string
  platform: string
  sourceId: string
  /** SHA-256 of its canonical address. */
  urlSha256: string
  /** Null when it was forgotten before its file was here. */
  contentSha256: string | null
  reason: string
  forgottenAt: Date
  /** What is to be deleted: keys, and prefixes that end with a slash. */
  objects: string[]
  /** Null while someone may still write objects of it. */
  sweptAt: Date | null
}

/** Where a video is from. */
export interface Address {
  platform: string
  sourceId: string
  url: string
}

/** Stands for the title wherever one has to be shown. */
export const NO_TITLE = 'Forgotten video'

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

/** Why a candidate must not be taken: it was forgotten. Null when it was not. */
export async function refusalOfForgotten(
  db: Db | Trx,
  address: Address,
): Promise<{ code: 'forgotten'; message: string } | null> {
  const row = await db
    .selectFrom('forgotten_videos as f')
    .innerJoin('forgotten_addresses as a', 'a.video_id', 'f.video_id')
    .select(['f.reason'])
    .where('a.address_sha256', 'in', hashesOf(address))
    .where('f.allowed_at', 'is', null)
    .executeTakeFirst()
  return row ? { code: 'forgotten', message: whyNot(row.reason) } : null
}

/** Null when there is no tombstone of that id that counts. */
export async function findForgotten(db: Db | Trx, videoId: string): Promise<ForgottenVideo | null> {
  const row = await db
    .selectFrom('forgotten_videos')
    .selectAll()
    .where('video_id', '=', checkedId('video', videoId))
    .where('allowed_at', 'is', null)
    .executeTakeFirst()
  return row ? toForgotten(row) : null
}

/** Tombstones, newest first. @throws InvalidInputError `invalid-cursor` */
export async function listForgotten(
  db: Db,
  options: { limit: number; cursor: string | null },
): Promise<Page<ForgottenVideo>> {
  let query = db
    .selectFrom('forgotten_videos')
    .selectAll()
    .select(sql<string>`forgotten_at::text`.as('position'))
    .where('allowed_at', 'is', null)
  if (options.cursor) {
    const { createdAt, id } = decodeCursor(options.cursor)
    query = query.where(
      sql<boolean>`(forgotten_at, video_id) < (${createdAt}::timestamptz, ${id}::uuid)`,
    )
  }
  const rows = await query
    .orderBy('forgotten_at', 'desc')
    .orderBy('video_id', 'desc')
    .limit(options.limit + 1)
    .execute()
  const last = rows[options.limit - 1]
  return {
    items: rows.slice(0, options.limit).map(toForgotten),
    nextCursor:
      rows.length > options.limit && last
        ? encodeCursor({ createdAt: last.position, id: last.video_id })
        : null,
  }
}

/** Lets a forgotten video be fetched again; it stays out until a task finds it. @throws NotFoundError */
export async function allowAgain(db: Db, videoId: string): Promise<void> {
  const row = await db
    .updateTable('forgotten_videos')
    .set({ allowed_at: new Date() })
    .where('video_id', '=', checkedId('forgotten', videoId))
    .where('allowed_at', 'is', null)
    .returning('video_id')
    .executeTakeFirst()
  if (!row) throw notFound('forgotten', videoId)
}

/** Tombstones whose objects may still be there, some of them. */
export async function unsweptForgotten(db: Db, limit: number): Promise<ForgottenVideo[]> {
  const rows = await db
    .selectFrom('forgotten_videos')
    .selectAll()
    .where('swept_at', 'is', null)
    .orderBy('forgotten_at')
    .limit(limit)
    .execute()
  return rows.map(toForgotten)
}

/** Notes that these objects, all of them, are gone for good. Does nothing when there are more by now. */
export async function markSwept(db: Db, { videoId, objects }: ForgottenVideo): Promise<void> {
  await db
    .updateTable('forgotten_videos')
    .set({ swept_at: new Date() })
    .where('video_id', '=', videoId)
    .where(sql<boolean>`objects = ${JSON.stringify(objects)}::jsonb`)
    .execute()
  await db
    .deleteFrom('forgotten_videos')
    .where('allowed_at', 'is not', null)
    .where('swept_at', 'is not', null)
    .execute()
}

/** Those of these ids whose videos were forgotten. Texts that are no ids are fine. */
export async function forgottenAmong(db: Db, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('forgotten_videos')
    .select('video_id')
    .where(sql<boolean>`video_id::text = any(${ids}::text[])`)
    .execute()
  return rows.map((row) => row.video_id)
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
    })
    .where('video_id', '=', videoId)
    .execute()
  await deleteVideo(trx, videoId)
  for (const taskId of tasks) await settleTask(trx, taskId)
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

function hashesOf({ platform, sourceId, url }: Address): string[] {
  return [sha256(`${platform}\n${sourceId}`), sha256(url)]
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Where all objects of a video are. */
function objectsPrefix(videoId: string): string {
  return `videos/${videoId}/`
}

function whyNot(reason: string): string {
  return `It was forgotten and is not fetched again: ${reason}`
}

function toForgotten(row: Selectable<ForgottenVideosTable>): ForgottenVideo {
  return {
    videoId: row.video_id,
    platform: row.platform,
    sourceId: row.source_id,
    urlSha256: row.url_sha256,
    contentSha256: row.content_sha256,
    reason: row.reason,
    forgottenAt: row.forgotten_at,
    objects: row.objects,
    sweptAt: row.swept_at,
  }
}
