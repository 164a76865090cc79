import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { InvalidInputError } from '../errors.ts'
import type { Page } from './cursor.ts'
import type { VideoStatus, VideosTable } from './schema.ts'
import { matchingVideos, type VideoFilters } from './video-filters.ts'

/** A video as a list shows it. Times in seconds, sizes in pixels of the upright picture. */
export interface VideoSummary {
  id: string
  title: string
  platform: string
  status: VideoStatus
  category: string
  duration: number | null
  width: number | null
  height: number | null
  /** Storage key; null while there is no thumbnail. */
  thumbnailKey: string | null
  /** In alphabetical order. */
  tags: string[]
  licence: string | null
  uploader: string | null
  sourceUrl: string
  createdAt: Date
  /** How many better videos it is a near-duplicate of; 0 for the one to keep. */
  duplicateOfCount: number
  /** Why it failed; null unless its status is `failed`. */
  failureCode: string | null
}

/** Orders of a list of videos; the first one is the default. A leading minus means descending. */
export const VIDEO_SORTS = ['created', 'oldest', 'title', 'duration', '-duration'] as const
export type VideoSort = (typeof VIDEO_SORTS)[number]

/**
 * One page of the matching videos. `limit` is at least 1. The cursor is that of the page before,
 * with the same sort; the pages of an unchanging library hold every video exactly once.
 *
 * @throws InvalidInputError `invalid-cursor`
 */
export async function listVideos(
  db: Db | Trx,
  filters: VideoFilters,
  options: { sort?: VideoSort; limit: number; cursor?: string | null },
): Promise<Page<VideoSummary>> {
  const sort = options.sort ?? 'created'
  const { key, text, value, descending } = ORDERS[sort]
  let query = selectSummaries(matchingVideos(db, filters)).select(text.as('sort_key'))
  if (options.cursor) {
    const after = decodePosition(options.cursor, sort)
    const beyond = descending ? sql.raw('<') : sql.raw('>')
    query = query.where(
      sql<boolean>`(${key}, v.id) ${beyond} (${value(after.key)}, ${after.id}::uuid)`,
    )
  }
  const direction = descending ? 'desc' : 'asc'
  const rows = await query
    .orderBy(key, direction)
    .orderBy('v.id', direction)
    .limit(options.limit + 1)
    .execute()
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  return {
    items: page.map(toSummary),
    nextCursor: rows.length > page.length && last ? encodePosition(sort, last) : null,
  }
}

/** Summaries of these videos, in the order of the ids; ids without a video are left out. */
export async function videoSummaries(db: Db | Trx, ids: string[]): Promise<VideoSummary[]> {
  if (ids.length === 0) return []
  const rows = await selectSummaries(db.selectFrom('videos as v'))
    .where('v.id', 'in', ids)
    .execute()
  const byId = new Map(rows.map((row) => [row.id, toSummary(row)]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** How many videos match. */
export async function countVideos(db: Db | Trx, filters: VideoFilters): Promise<number> {
  const row = await matchingVideos(db, filters)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return row.count
}

interface Order {
  /** What the rows are ordered by, before the id. */
  key: RawBuilder<unknown>
  descending: boolean
  /** The key as text in a cursor, what such a text looks like, and the key from that text. */
  text: RawBuilder<string>
  form: RegExp
  value(text: string): RawBuilder<unknown>
}

// Microseconds, which a JavaScript Date would cut off: the last video of a page would come again.
const created = {
  key: sql`v.created_at`,
  text: sql<string>`(extract(epoch from v.created_at) * 1000000)::bigint::text`,
  form: /^\d{1,16}$/,
  value: (text: string) => sql`timestamptz 'epoch' + ${text}::bigint * interval '1 microsecond'`,
}
const number = {
  form: /^(Infinity|-?\d+(\.\d+)?(e[+-]?\d{1,2})?)$/,
  value: (text: string) => sql`${text}::float8`,
}

const ORDERS: Record<VideoSort, Order> = {
  created: { ...created, descending: true },
  oldest: { ...created, descending: false },
  title: {
    key: sql`left(lower(v.title), 200) collate "C"`,
    text: sql<string>`left(lower(v.title), 200)`,
    form: /^[^\0]{0,800}$/s,
    value: (text) => sql`${text}::text`,
    descending: false,
  },
  // A video of unknown duration comes last in both directions.
  duration: {
    ...number,
    key: sql`coalesce(v.duration, 'infinity')`,
    text: sql<string>`coalesce(v.duration, 'infinity')::text`,
    descending: false,
  },
  '-duration': {
    ...number,
    key: sql`coalesce(v.duration, -1)`,
    text: sql<string>`coalesce(v.duration, -1)::text`,
    descending: true,
  },
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function encodePosition(sort: VideoSort, row: { sort_key: string; id: string }): string {
  return Buffer.from(JSON.stringify([sort, row.sort_key, row.id])).toString('base64url')
}

function decodePosition(cursor: string, sort: VideoSort): { key: string; id: string } {
  let parts: unknown = null
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    // Not ours, whatever it is: refused below.
  }
  if (Array.isArray(parts) && parts.length === 3 && parts.every((p) => typeof p === 'string')) {
    const [givenSort, key, id] = parts as [string, string, string]
    if (givenSort === sort && ORDERS[sort].form.test(key) && UUID.test(id)) return { key, id }
  }
  throw new InvalidInputError(
    'invalid-cursor',
    `Expected the next_cursor of a list of videos sorted by ${sort}, got another text: ` +
      'pass it on as it came, with the same sort, or leave it out.',
  )
}

function selectSummaries(query: ReturnType<typeof matchingVideos>) {
  return query.select([
    'v.id',
    'v.title',
    'v.platform',
    'v.status',
    'v.category',
    'v.duration',
    'v.width',
    'v.height',
    'v.thumbnail_key',
    'v.licence',
    'v.uploader',
    'v.source_url',
    'v.created_at',
    'v.failure',
    sql<string[]>`array(select t.tag from video_tags t where t.video_id = v.id order by t.tag)`.as(
      'tags',
    ),
    sql<number>`(select count(*) from duplicate_pairs p
      where p.video_id_b = v.id and p.is_duplicate)`.as('duplicate_of_count'),
  ])
}

type SummaryRow = Pick<
  Selectable<VideosTable>,
  | 'id'
  | 'title'
  | 'platform'
  | 'status'
  | 'category'
  | 'duration'
  | 'width'
  | 'height'
  | 'thumbnail_key'
  | 'licence'
  | 'uploader'
  | 'source_url'
  | 'created_at'
  | 'failure'
> & { tags: string[]; duplicate_of_count: number }

function toSummary(row: SummaryRow): VideoSummary {
  return {
    id: row.id,
    title: row.title,
    platform: row.platform,
    status: row.status,
    category: row.category,
    duration: row.duration,
    width: row.width,
    height: row.height,
    thumbnailKey: row.thumbnail_key,
    tags: row.tags,
    licence: row.licence,
    uploader: row.uploader,
    sourceUrl: row.source_url,
    createdAt: row.created_at,
    duplicateOfCount: row.duplicate_of_count,
    failureCode: row.failure?.code ?? null,
  }
}
