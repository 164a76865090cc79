import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import { decodeNumbers, encodeNumbers, type Page } from './cursor.ts'
import type { Keyframe } from './keyframes.ts'
import type { StoredDetection } from './labels.ts'
import { type TranscriptSegment, type TranscriptSource, toWord } from './transcripts.ts'

/** A stretch of a video in seconds: `from` inclusive, `to` exclusive (Infinity: to the end). */
export interface TimeWindow {
  from: number
  to: number
}

type ShownKeyframe = Pick<
  Keyframe,
  'id' | 'timestamp' | 'frameIndex' | 'shotIndex' | 'isSceneChange'
>

/** One page of a video's keyframes in presentation order, and how many the window holds. */
export async function keyframePage(
  db: Db,
  videoId: string,
  window: TimeWindow,
  options: { limit: number; cursor: string | null },
): Promise<Page<ShownKeyframe> & { total: number }> {
  const after = options.cursor ? decodeNumbers(options.cursor, 1)[0]! : Number.NEGATIVE_INFINITY
  const rows = await keyframesIn(db, videoId, window)
    .select(['id', 'timestamp', 'frame_index', 'shot_index', 'is_scene_change'])
    .where('timestamp', '>', after)
    .orderBy('timestamp')
    .limit(options.limit + 1)
    .execute()
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  return {
    items: page.map(toShown),
    nextCursor: rows.length > page.length && last ? encodeNumbers(last.timestamp) : null,
    total: await countKeyframes(db, videoId, window),
  }
}

/** `count` keyframes evenly spread over the window, or all of them when there are no more. */
export async function keyframeSample(
  db: Db,
  videoId: string,
  window: TimeWindow,
  count: number,
): Promise<{ items: ShownKeyframe[]; total: number }> {
  const { rows } = await sql<KeyframeRow & { total: number }>`
    select * from (
      select id, timestamp, frame_index, shot_index, is_scene_change,
        row_number() over (order by timestamp) - 1 as place, count(*) over () as total
      from keyframes
      where video_id = ${videoId} and timestamp >= ${window.from} and timestamp < ${window.to}
    ) k
    -- One of each of the equal parts, near its middle.
    where total <= ${count}::int
      or (place + 1 + total / (2 * ${count}::int)) * ${count}::int / total
        > (place + total / (2 * ${count}::int)) * ${count}::int / total
    order by timestamp`.execute(db)
  return { items: rows.map(toShown), total: rows[0]?.total ?? 0 }
}

/**
 * One page of a video's boxes by time; only those with one of the `labels` (the taxonomy's word or the
 * detector's own) and at least that confidence.
 */
export async function detectionPage(
  db: Db,
  videoId: string,
  window: TimeWindow,
  options: { labels: string[] | null; minConfidence: number; limit: number; cursor: string | null },
): Promise<Page<StoredDetection & { timestamp: number }>> {
  let query = keyframesIn(db, videoId, window)
    .innerJoin('detections as d', 'd.keyframe_id', 'k.id')
    .selectAll('d')
    .select('k.timestamp')
    .where('d.confidence', '>=', options.minConfidence)
  const { labels } = options
  if (labels) {
    query = query.where((eb) =>
      eb.or([eb('d.label', 'in', labels), eb('d.source_label', 'in', labels)]),
    )
  }
  if (options.cursor) {
    const [timestamp, id] = decodeNumbers(options.cursor, 2)
    query = query.where(sql<boolean>`(k.timestamp, d.id) > (${timestamp}::float8, ${id}::numeric)`)
  }
  const rows = await query
    .orderBy('k.timestamp')
    .orderBy('d.id')
    .limit(options.limit + 1)
    .execute()
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  return {
    items: page.map((row) => ({
      keyframeId: row.keyframe_id,
      timestamp: row.timestamp,
      label: row.label,
      sourceLabel: row.source_label,
      confidence: row.confidence,
      x: row.bbox_x,
      y: row.bbox_y,
      w: row.bbox_w,
      h: row.bbox_h,
      modelName: row.model_name,
      trackId: row.track_id,
      source: row.source,
    })),
    nextCursor: rows.length > page.length && last ? encodeNumbers(last.timestamp, last.id) : null,
  }
}

/** A page of what is said; `language` and `modelName` null and nothing else when none was made. */
export interface TranscriptPage
  extends Page<Pick<TranscriptSegment, 'startTime' | 'endTime' | 'text' | 'language' | 'words'>> {
  language: string | null
  modelName: string | null
  source: TranscriptSource | null
  /** Segments that touch the window and contain the words. */
  total: number
}

/** One page of the segments that touch the window and contain `words` in any case, by start. */
export async function transcriptPage(
  db: Db,
  videoId: string,
  window: TimeWindow,
  options: { words: string; limit: number; cursor: string | null },
): Promise<TranscriptPage> {
  const transcript = await db
    .selectFrom('transcripts')
    .select(['id', 'language', 'model_name', 'source'])
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  const [startTime, id] = options.cursor
    ? decodeNumbers(options.cursor, 2)
    : [Number.NEGATIVE_INFINITY, 0]
  if (!transcript) {
    return { language: null, modelName: null, source: null, total: 0, items: [], nextCursor: null }
  }
  const matching = db
    .selectFrom('transcript_segments')
    .where('transcript_id', '=', transcript.id)
    .where('end_time', '>', window.from)
    .where('start_time', '<', window.to)
    .where(sql<boolean>`strpos(lower(text), lower(${options.words})) > 0`)
  const rows = await matching
    .select(['id', 'start_time', 'end_time', 'text', 'language', 'words'])
    .where(sql<boolean>`(start_time, id) > (${startTime}::float8, ${id}::numeric)`)
    .orderBy('start_time')
    .orderBy('id')
    .limit(options.limit + 1)
    .execute()
  const { total } = await matching
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  return {
    language: transcript.language,
    modelName: transcript.model_name,
    source: transcript.source,
    total,
    items: page.map((row) => ({
      startTime: row.start_time,
      endTime: row.end_time,
      text: row.text,
      language: row.language,
      words: row.words?.map(toWord) ?? null,
    })),
    nextCursor: rows.length > page.length && last ? encodeNumbers(last.start_time, last.id) : null,
  }
}

interface KeyframeRow {
  id: string
  timestamp: number
  frame_index: number
  shot_index: number
  is_scene_change: boolean
}

function toShown(row: KeyframeRow): ShownKeyframe {
  return {
    id: row.id,
    timestamp: row.timestamp,
    frameIndex: row.frame_index,
    shotIndex: row.shot_index,
    isSceneChange: row.is_scene_change,
  }
}

function keyframesIn(db: Db, videoId: string, { from, to }: TimeWindow) {
  return db
    .selectFrom('keyframes as k')
    .where('k.video_id', '=', videoId)
    .where('k.timestamp', '>=', from)
    .where('k.timestamp', '<', to)
}

async function countKeyframes(db: Db, videoId: string, window: TimeWindow): Promise<number> {
  const row = await keyframesIn(db, videoId, window)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return row.count
}
