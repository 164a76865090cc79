import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'

/** One label of a whole video. */
export interface VideoLabel {
  label: string
  kind: 'object' | 'concept'
  /** Boxes of an object, keyframes of a concept. */
  count: number
  /** 0–1. */
  maxConfidence: number
  /** Different objects by their tracks; 0 where none was looked at, null for a concept. */
  tracks: number | null
  /** What the confidence of a concept is; null for an object. */
  scoreKind: 'softmax_share' | 'background_quantile' | null
}

/** How much of everything a video has; all 0 before its steps ran. */
export interface VideoCounts {
  keyframes: number
  detections: number
}

/**
 * Counts a video's labels anew from its boxes, concepts and activities. Every function that replaces
 * one of these calls it in its own transaction, so that lists, facets and totals never differ from
 * what the video shows.
 */
export async function refreshVideoLabels(trx: Db | Trx, videoId: string): Promise<void> {
  await trx.deleteFrom('video_labels').where('video_id', '=', videoId).execute()
  await sql`
    with boxes as materialized (
      select d.label, d.source_label, count(*) as count, max(d.confidence) as confidence,
        count(distinct d.track_id) as tracks
      from keyframes k join detections d on d.keyframe_id = k.id
      where k.video_id = ${videoId} group by d.label, d.source_label
    ),
    objects as (
      select label, sum(count) as count, max(confidence) as confidence, sum(tracks) as tracks
      from boxes group by label
    )
    insert into video_labels (video_id, kind, label, count, max_confidence, is_repeat, score_kind, tracks)
    select ${videoId}::uuid, 'object'::label_kind, label, count, confidence, false, null::text,
      tracks::int
    from objects
    union all
    select ${videoId}, 'source', source_label, sum(count), max(confidence), false, null, null
    from boxes where source_label <> label group by source_label
    union all
    select ${videoId}, 'concept', c.label, count(*), max(c.score),
      c.label in (select label from objects), min(c.score_kind), null
    from keyframes k join frame_concepts c on c.keyframe_id = k.id and not c.is_weak
    where k.video_id = ${videoId} group by c.label
    union all
    select ${videoId}, 'activity', label, count(*), max(confidence), false, null, null
    from activity_segments where video_id = ${videoId} group by label`.execute(trx)
  await sql`
    insert into video_counts (video_id, keyframes, detections, concepts, activities)
    select ${videoId}::uuid,
      (select count(*) from keyframes where video_id = ${videoId}),
      coalesce(sum(count) filter (where kind = 'object'), 0),
      coalesce(sum(count) filter (where kind = 'concept'), 0),
      coalesce(sum(count) filter (where kind = 'activity'), 0)
    from video_labels where video_id = ${videoId}
    on conflict (video_id) do update set keyframes = excluded.keyframes,
      detections = excluded.detections, concepts = excluded.concepts,
      activities = excluded.activities`.execute(trx)
  await refreshVideoFacets(trx, videoId)
}

/**
 * Writes what facets count of a video from its labels and tags as they are now: one character per
 * value, because ten thousand such texts are counted faster than the rows they stand for.
 */
export async function refreshVideoFacets(trx: Db | Trx, videoId: string): Promise<void> {
  const values = sql`(
    select case kind when 'activity' then 'a' else 'o' end::"char" as kind, label
    from video_labels where video_id = ${videoId} and kind <> 'source' and not is_repeat
    union all
    select 't', tag from video_tags where video_id = ${videoId})`
  // Only what is missing: a conflict would use up a number too. In one order for all, or two videos
  // with the same new labels would wait for each other.
  await sql`
    insert into facet_values (kind, label)
    select kind, label from ${values} v
    where not exists (select from facet_values f where f.kind = v.kind and f.label = v.label)
    order by kind, label on conflict do nothing`.execute(trx)
  await sql`
    insert into video_counts (video_id, keyframes, detections, concepts, activities, facets)
    select ${videoId}::uuid, 0, 0, 0, 0,
      coalesce(string_agg(chr(${FIRST_CHARACTER} + f.id), ''), '')
    from ${values} v join facet_values f using (kind, label)
    on conflict (video_id) do update set facets = excluded.facets`.execute(trx)
}

/** The facet value with the id n is this character plus n: above all that cannot stand alone. */
export const FIRST_CHARACTER = 57_344

/** A video's objects and concepts, the most frequent first. */
export async function videoLabelsOf(db: Db | Trx, videoId: string): Promise<VideoLabel[]> {
  const rows = await db
    .selectFrom('video_labels')
    .select(['label', 'kind', 'count', 'max_confidence', 'score_kind', 'tracks'])
    .where('video_id', '=', videoId)
    .where('kind', 'in', ['object', 'concept'])
    .orderBy('count', 'desc')
    .orderBy('kind')
    .orderBy('label')
    .execute()
  return rows.map((row) => ({
    label: row.label,
    kind: row.kind as VideoLabel['kind'],
    count: row.count,
    maxConfidence: row.max_confidence,
    tracks: row.tracks,
    scoreKind: row.score_kind,
  }))
}

/** How many keyframes and boxes a video has. */
export async function videoCountsOf(db: Db | Trx, videoId: string): Promise<VideoCounts> {
  const row = await db
    .selectFrom('video_counts')
    .select(['keyframes', 'detections'])
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return row ?? { keyframes: 0, detections: 0 }
}
