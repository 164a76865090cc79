import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { checkedId, notFound } from './ids.ts'
import type { FetchFrom, StoredCaptions, VideoFailure, VideoStatus, VideosTable } from './schema.ts'

/** One video of the library. Sizes are those of the upright picture, times in seconds. */
export interface Video {
  id: string
  sourceUrl: string
  platform: string
  sourceId: string
  title: string
  description: string | null
  duration: number | null
  width: number | null
  height: number | null
  fps: number | null
  rotation: number | null
  hasAudio: boolean | null
  bytes: number | null
  storageKey: string | null
  thumbnailKey: string | null
  captions: StoredCaptions | null
  status: VideoStatus
  category: string
  taxonomy: string
  /** What an open-vocabulary detector looks for: null nothing, [] the taxonomy's words. */
  openVocabulary: string[] | null
  query: string | null
  uploader: string | null
  uploaderUrl: string | null
  publishedAt: Date | null
  licence: string | null
  licenceUrl: string | null
  licenceEvidence: unknown
  contentSha256: string | null
  fetchFrom: FetchFrom | null
  fetchedWith: string | null
  fetchedAt: Date | null
  failure: VideoFailure | null
  createdAt: Date
  completedAt: Date | null
}

/** What is known of a video before it is fetched. */
export type NewVideo = Pick<
  Video,
  | 'sourceUrl'
  | 'platform'
  | 'sourceId'
  | 'title'
  | 'description'
  | 'duration'
  | 'taxonomy'
  | 'query'
  | 'uploader'
  | 'uploaderUrl'
  | 'licence'
  | 'licenceUrl'
  | 'licenceEvidence'
> & {
  openVocabulary?: string[] | null
  /** ISO 8601. */
  publishedAt: string | null
  fetchFrom: FetchFrom
}

/**
 * The video of this source, made as `pending` when it is new. The same source twice is one video,
 * whether by platform id or by URL.
 */
export async function findOrCreateVideo(
  trx: Trx,
  video: NewVideo,
): Promise<{ video: Video; created: boolean }> {
  const inserted = await trx
    .insertInto('videos')
    .values({
      source_url: video.sourceUrl,
      platform: video.platform,
      source_id: video.sourceId,
      title: video.title,
      description: video.description,
      duration: video.duration,
      taxonomy: video.taxonomy,
      open_vocabulary: video.openVocabulary ? JSON.stringify(video.openVocabulary) : null,
      query: video.query,
      uploader: video.uploader,
      uploader_url: video.uploaderUrl,
      published_at: video.publishedAt,
      licence: video.licence,
      licence_url: video.licenceUrl,
      licence_evidence: video.licenceEvidence ? JSON.stringify(video.licenceEvidence) : null,
      fetch_from: JSON.stringify(video.fetchFrom),
    })
    .onConflict((oc) => oc.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (inserted) return { video: toVideo(inserted), created: true }
  const existing = await trx
    .selectFrom('videos')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('source_url', '=', video.sourceUrl),
        eb.and([eb('platform', '=', video.platform), eb('source_id', '=', video.sourceId)]),
      ]),
    )
    .executeTakeFirstOrThrow()
  return { video: toVideo(existing), created: false }
}

/** @throws NotFoundError `video-not-found` */
export async function getVideo(db: Db | Trx, id: string): Promise<Video> {
  const row = await db
    .selectFrom('videos')
    .selectAll()
    .where('id', '=', checkedId('video', id))
    .executeTakeFirst()
  if (!row) throw notFound('video', id)
  return toVideo(row)
}

/** Those of these videos that there are, in no particular order. */
export async function videosById(db: Db, ids: string[]): Promise<Video[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('videos').selectAll().where('id', 'in', ids).execute()
  return rows.map(toVideo)
}

/** Seconds of video that these have together; those of unknown length count nothing. */
export async function totalDuration(db: Db, ids: string[]): Promise<number> {
  const { rows } = await sql<{ seconds: number | null }>`
    select sum(duration)::float8 as seconds from videos where id = any(${ids}::uuid[])`.execute(db)
  return rows[0]?.seconds ?? 0
}

/** The video, its row held until the transaction ends; null when there is none. */
export async function lockVideoIfThere(trx: Trx, id: string): Promise<Video | null> {
  const row = await trx
    .selectFrom('videos')
    .selectAll()
    .where('id', '=', checkedId('video', id))
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row ? toVideo(row) : null
}

/** The same for one that must be there. @throws NotFoundError `video-not-found` */
export async function lockVideo(trx: Trx, id: string): Promise<Video> {
  const video = await lockVideoIfThere(trx, id)
  if (!video) throw notFound('video', id)
  return video
}

/** The video whose file has this content; null when there is none. */
export async function findVideoByContent(db: Db | Trx, sha256: string): Promise<Video | null> {
  const row = await db
    .selectFrom('videos')
    .selectAll()
    .where('content_sha256', '=', sha256)
    .executeTakeFirst()
  return row ? toVideo(row) : null
}

/** What the fetch and the pipeline fill in. Only the fields given are written. */
export type VideoChange = Partial<
  Omit<
    Video,
    | 'id'
    | 'sourceUrl'
    | 'platform'
    | 'sourceId'
    | 'taxonomy'
    | 'openVocabulary'
    | 'query'
    | 'fetchFrom'
    | 'publishedAt'
    | 'createdAt'
  > & { publishedAt: string | null }
>

const COLUMNS: Record<keyof VideoChange, string> = {
  status: 'status',
  title: 'title',
  description: 'description',
  duration: 'duration',
  width: 'width',
  height: 'height',
  fps: 'fps',
  rotation: 'rotation',
  hasAudio: 'has_audio',
  bytes: 'bytes',
  storageKey: 'storage_key',
  thumbnailKey: 'thumbnail_key',
  captions: 'captions',
  category: 'category',
  uploader: 'uploader',
  uploaderUrl: 'uploader_url',
  publishedAt: 'published_at',
  licence: 'licence',
  licenceUrl: 'licence_url',
  licenceEvidence: 'licence_evidence',
  contentSha256: 'content_sha256',
  fetchedWith: 'fetched_with',
  fetchedAt: 'fetched_at',
  failure: 'failure',
  completedAt: 'completed_at',
}

const JSON_FIELDS = new Set(['failure', 'licenceEvidence', 'captions'])

/** Writes the given fields of a video. */
export async function updateVideo(db: Db | Trx, id: string, change: VideoChange): Promise<void> {
  const row: Record<string, unknown> = { updated_at: new Date() }
  for (const [field, value] of Object.entries(change)) {
    if (value === undefined) continue
    const isJson = value !== null && JSON_FIELDS.has(field)
    row[COLUMNS[field as keyof VideoChange]] = isJson ? JSON.stringify(value) : value
  }
  if (change.width !== undefined && change.height !== undefined) {
    row.resolution = change.width && change.height ? `${change.width}x${change.height}` : null
  }
  await db.updateTable('videos').set(row).where('id', '=', id).execute()
}

/** Takes the video over for a new run: writes of any earlier run are refused from now on. */
export async function beginRun(db: Db | Trx, id: string, runId: string): Promise<void> {
  await db.updateTable('videos').set({ run_id: runId }).where('id', '=', id).execute()
}

/** Ends whatever run has the video: its writes are refused from now on. */
export async function endRun(trx: Trx, id: string): Promise<void> {
  await trx.updateTable('videos').set({ run_id: null }).where('id', '=', id).execute()
}

/** True while the run still owns the video; holds its row until the transaction ends. */
export async function ownsRun(trx: Trx, id: string, runId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('videos')
    .select('run_id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return row?.run_id === runId
}

/** Removes a video and everything about it; candidates that led to it stay without it. */
export async function deleteVideo(db: Db | Trx, id: string): Promise<void> {
  await db.deleteFrom('videos').where('id', '=', id).execute()
}

function toVideo(row: Selectable<VideosTable>): Video {
  return {
    id: row.id,
    sourceUrl: row.source_url,
    platform: row.platform,
    sourceId: row.source_id,
    title: row.title,
    description: row.description,
    duration: row.duration,
    width: row.width,
    height: row.height,
    fps: row.fps,
    rotation: row.rotation,
    hasAudio: row.has_audio,
    bytes: row.bytes,
    storageKey: row.storage_key,
    thumbnailKey: row.thumbnail_key,
    captions: row.captions,
    status: row.status,
    category: row.category,
    taxonomy: row.taxonomy,
    openVocabulary: row.open_vocabulary,
    query: row.query,
    uploader: row.uploader,
    uploaderUrl: row.uploader_url,
    publishedAt: row.published_at,
    licence: row.licence,
    licenceUrl: row.licence_url,
    licenceEvidence: row.licence_evidence,
    contentSha256: row.content_sha256,
    fetchFrom: row.fetch_from,
    fetchedWith: row.fetched_with,
    fetchedAt: row.fetched_at,
    failure: row.failure,
    createdAt: row.created_at,
    completedAt: row.completed_at,
  }
}
