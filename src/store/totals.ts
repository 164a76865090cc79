import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import { TASK_STATUSES, type TaskStatus } from './schema.ts'

/** Totals over the library. `hours` counts completed videos. */
export async function libraryTotals(db: Db) {
  const { rows } = await sql<{
    videos: number
    hours: number
    bytes: number
    keyframes: number
    detections: number
    labels: number
    activities: number
    transcripts: number
    duplicates: number
  }>`select
      (select count(*) from videos) as videos,
      (select coalesce(sum(duration), 0) / 3600 from videos where status = 'completed') as hours,
      (select coalesce(sum(bytes), 0)::bigint from videos) as bytes,
      (select count(*) from keyframes) as keyframes,
      (select count(*) from detections) as detections,
      (select count(*) from detections) + (select count(*) from frame_concepts)
        + (select count(*) from activity_segments) + (select count(*) from video_tags) as labels,
      (select count(*) from activity_segments) as activities,
      (select count(*) from transcripts where full_text ~ '[^[:space:]]') as transcripts,
      (select count(distinct video_id_b) from duplicate_pairs) as duplicates`.execute(db)
  return rows[0]!
}

/** How many videos there are for each value of one column. */
export async function countVideosBy(
  db: Db,
  column: 'status' | 'platform' | 'category' | 'licence',
): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('videos')
    .select((eb) => [column, eb.fn.countAll<number>().as('count')])
    .groupBy(column)
    .orderBy('count', 'desc')
    .execute()
  return Object.fromEntries(rows.map((row) => [row[column] || 'unknown', row.count]))
}

/** How many tasks there are in each status, those of none included. */
export async function countTasksByStatus(db: Db): Promise<Record<TaskStatus, number>> {
  const rows = await db
    .selectFrom('ingestion_tasks')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .groupBy('status')
    .execute()
  const counts = new Map(rows.map((row) => [row.status, row.count]))
  return Object.fromEntries(
    TASK_STATUSES.map((status) => [status, counts.get(status) ?? 0]),
  ) as Record<TaskStatus, number>
}
