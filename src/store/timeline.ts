import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** A shot or a part of one. Seconds. */
export interface TimelineShot {
  startTime: number
  endTime: number
  shotIndex: number
}

/** A label on one keyframe. */
export interface TimelineLabel {
  kind: 'object' | 'concept'
  label: string
  startTime: number
  endTime: number
  /** Boxes on the keyframe; 1 for a concept. */
  count: number
  maxConfidence: number
}

/** All of a video that its timeline shows, unmerged; each list by start. */
export interface TimelineRows {
  shots: TimelineShot[]
  labels: TimelineLabel[]
  activities: { label: string; startTime: number; endTime: number; confidence: number }[]
  speech: { startTime: number; endTime: number }[]
}

/**
 * What of a video touches the time from `from` to `to` (seconds; Infinity: to the end). `duration`
 * ends the last keyframe; without it that one lasts a second.
 */
export async function timelineRows(
  db: Db,
  video: { id: string; duration: number | null },
  { from, to }: { from: number; to: number },
): Promise<TimelineRows> {
  const timed = sql`timed as materialized (
      select id, shot_index, timestamp as start_time, end_time from (
        select id, shot_index, timestamp,
          coalesce(lead(timestamp) over (order by timestamp),
            greatest(${video.duration}::float8, timestamp + 0.001), timestamp + 1) as end_time
        from keyframes where video_id = ${video.id}
      ) k where timestamp < ${to} and end_time > ${from}
    )`
  // Where no shots are stored, the keyframes tell them.
  const shots = await sql<{ start_time: number; end_time: number; shot_index: number }>`
    with ${timed} select start_time, end_time, shot_index from timed
      where not exists (select from shots where video_id = ${video.id})
    union all
    select start_time, end_time, shot_index from shots
      where video_id = ${video.id} and start_time < ${to} and end_time > ${from}
    order by start_time`.execute(db)
  const labels = await sql<{
    kind: 'object' | 'concept'
    label: string
    start_time: number
    end_time: number
    count: number
    confidence: number
  }>`
    with ${timed}
    select 'object' as kind, d.label, t.start_time, t.end_time, count(*) as count,
      max(d.confidence) as confidence
    from timed t join detections d on d.keyframe_id = t.id
    group by d.label, t.start_time, t.end_time
    union all
    select 'concept', c.label, t.start_time, t.end_time, 1, c.score
    from timed t join frame_concepts c on c.keyframe_id = t.id and not c.is_weak
    order by start_time`.execute(db)
  const activities = await db
    .selectFrom('activity_segments')
    .select(['label', 'start_time', 'end_time', 'confidence'])
    .where('video_id', '=', video.id)
    .where('start_time', '<', to)
    .where('end_time', '>', from)
    .orderBy('start_time')
    .orderBy('label')
    .execute()
  const speech = await db
    .selectFrom('transcript_segments as s')
    .innerJoin('transcripts as t', 't.id', 's.transcript_id')
    .select(['s.start_time', 's.end_time'])
    .where('t.video_id', '=', video.id)
    .where('s.start_time', '<', to)
    .where('s.end_time', '>', from)
    .orderBy('s.start_time')
    .execute()
  return {
    shots: shots.rows.map((row) => ({
      startTime: row.start_time,
      endTime: row.end_time,
      shotIndex: row.shot_index,
    })),
    labels: labels.rows.map((row) => ({
      kind: row.kind,
      label: row.label,
      startTime: row.start_time,
      endTime: row.end_time,
      count: row.count,
      maxConfidence: row.confidence,
    })),
    activities: activities.map((row) => ({
      label: row.label,
      startTime: row.start_time,
      endTime: row.end_time,
      confidence: row.confidence,
    })),
    speech: speech.map((row) => ({ startTime: row.start_time, endTime: row.end_time })),
  }
}
