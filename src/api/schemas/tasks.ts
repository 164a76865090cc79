import { z } from 'zod'
import { TASK_STATUSES } from '../../store/schema.ts'
import type { TaskProgress } from '../../store/task-progress.ts'
import type { Task } from '../../store/tasks.ts'
import { isoDate, isoOrNull, plainText } from './common.ts'

/** Platforms a request may name now; the contract's others come with later work. */
export const REQUEST_PLATFORMS = [
  'youtube',
  'tiktok',
  'instagram',
  'commons',
  'folder',
  'urls',
] as const

/** Most videos that one task may ask for. */
export const MAX_VIDEOS = 10_000
export const MAX_QUERY_CHARACTERS = 1_000

export const ingestBody = z.strictObject({
  query: plainText
    .trim()
    .min(1)
    .max(MAX_QUERY_CHARACTERS)
    .optional()
    .describe(
      'What to look for; a leading count ("500 videos of …") is read off. A path for folder.',
    ),
  platform: z.enum(REQUEST_PLATFORMS).optional(),
  max_videos: z.number().int().min(1).max(MAX_VIDEOS).optional(),
  urls: z.array(plainText.trim().min(1).max(4_000)).max(MAX_VIDEOS).optional(),
  path: plainText.min(1).max(4_000).optional().describe('A folder or file on the server'),
  taxonomy: plainText.min(1).max(1_000).optional(),
})

export const task = z
  .object({
    id: z.string(),
    query: z.string().nullable(),
    platform: z.string(),
    status: z.enum(TASK_STATUSES),
    max_videos: z.number().int(),
    videos_found: z.number().int(),
    videos_processed: z.number().int(),
    videos_failed: z.number().int(),
    videos_duplicate: z.number().int(),
    progress: z.number().min(0).max(1),
    stages: z.record(z.string(), z.number().int()),
    failures: z.record(z.string(), z.number().int()),
    error_message: z.string().nullable(),
    error_code: z.string().nullable(),
    urls: z.array(z.string()),
    path: z.string().nullable(),
    taxonomy: z.string(),
    created_at: isoDate,
    started_at: isoDate.nullable(),
    finished_at: isoDate.nullable(),
  })
  .meta({ id: 'Task' })

export const acceptedTask = task.extend({ task_id: z.string() }).meta({ id: 'AcceptedTask' })

/** A task as the API shows it. */
export function taskJson(row: Task, progress: TaskProgress): z.infer<typeof task> {
  const isOver = ['completed', 'failed', 'cancelled'].includes(row.status)
  // While it still searches, what it may yet take counts too.
  const expected = row.discoveryDone
    ? progress.accepted
    : Math.max(row.maxVideos, progress.accepted)
  const share = expected > 0 ? progress.finishedShare / expected : 0
  return {
    id: row.id,
    query: row.query,
    platform: row.platform,
    status: row.status,
    max_videos: row.maxVideos,
    videos_found: row.videosFound,
    videos_processed: row.videosProcessed,
    videos_failed: row.videosFailed,
    videos_duplicate: row.videosDuplicate,
    progress: isOver ? 1 : Math.min(1, Math.round(share * 1000) / 1000),
    stages: progress.stages,
    failures: progress.failures,
    error_message: row.errorMessage,
    error_code: row.errorCode,
    urls: row.urls,
    path: row.path,
    taxonomy: row.taxonomy,
    created_at: row.createdAt.toISOString(),
    started_at: isoOrNull(row.startedAt),
    finished_at: isoOrNull(row.finishedAt),
  }
}
