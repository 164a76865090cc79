import { createHash } from 'node:crypto'
import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { decodeCursor, encodeCursor, type Page } from './cursor.ts'
import { checkedId, notFound } from './ids.ts'
import type { ForgottenVideosTable } from './schema.ts'

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

/** By these it is known again. */
export function hashesOf({ platform, sourceId, url }: Address): string[] {
  return [sha256(`${platform}\n${sourceId}`), sha256(url)]
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The sentence that a candidate gets. */
export function whyNot(reason: string): string {
  return `It was forgotten and is not fetched again: ${reason}`
}

export function toForgotten(row: Selectable<ForgottenVideosTable>): ForgottenVideo {
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
