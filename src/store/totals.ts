import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import { TASK_STATUSES, type TaskStatus } from './schema.ts'

/** Totals over the library, and how many videos there are of each kind. */
export interface LibraryTotals {
  videos: number
  /** Of completed videos. */
  hours: number
  bytes: number
  keyframes: number
  /** Boxes. */
  detections: number
  activities: number
  /** Boxes, concepts, activities and tags. */
  labels: number
  /** Videos in which someone speaks. */
  transcripts: number
  /** Videos of which a better near-duplicate is there. */
  duplicates: number
  byStatus: Record<string, number>
  byPlatform: Record<string, number>
  byCategory: Record<string, number>
  /** `unknown` for none stated. */
  byLicence: Record<string, number>
}

/** Counts the library. Boxes and the like are added up per video, never counted one by one. */
export async function libraryTotals(db: Db): Promise<LibraryTotals> {
  const kinds = await sql<{
    status: string
    platform: string
    category: string
    licence: string
    videos: number
    seconds: number
    bytes: number
  }>`select status, platform, category, coalesce(nullif(licence, ''), 'unknown') as licence,
      count(*) as videos, coalesce(sum(duration), 0) as seconds, coalesce(sum(bytes), 0)::bigint as bytes
    from videos group by 1, 2, 3, 4`.execute(db)
  const counted = await sql<{
    keyframes: number
    detections: number
    concepts: number
    activities: number
    tags: number
    transcripts: number
    duplicates: number
  }>`select c.*,
      (select count(*) from video_tags) as tags,
      (select count(*) from transcripts where has_speech) as transcripts,
      (select count(distinct video_id_b) from duplicate_pairs where is_duplicate) as duplicates
    from (select coalesce(sum(keyframes), 0)::bigint as keyframes,
        coalesce(sum(detections), 0)::bigint as detections,
        coalesce(sum(concepts), 0)::bigint as concepts,
        coalesce(sum(activities), 0)::bigint as activities
      from video_counts) c`.execute(db)
  const { concepts, tags, ...totals } = counted.rows[0]!
  const sum = (of: (row: (typeof kinds.rows)[number]) => number) =>
    kinds.rows.reduce((total, row) => total + of(row), 0)
  const by = (column: 'status' | 'platform' | 'category' | 'licence') => {
    const counts = new Map<string, number>()
    for (const row of kinds.rows) {
      counts.set(row[column], (counts.get(row[column]) ?? 0) + row.videos)
    }
    return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]))
  }
  return {
    ...totals,
    videos: sum((row) => row.videos),
    hours: sum((row) => (row.status === 'completed' ? row.seconds : 0)) / 3600,
    bytes: sum((row) => row.bytes),
    labels: totals.detections + concepts + totals.activities + tags,
    byStatus: by('status'),
    byPlatform: by('platform'),
    byCategory: by('category'),
    byLicence: by('licence'),
  }
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
