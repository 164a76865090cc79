import { z } from 'zod'
import { CANDIDATE_STATES, TASK_STATUSES } from '../../store/schema.ts'
import { isoDate, page, pageFields, plainText } from './common.ts'

/** Platforms a request may name; an upload has a route of its own. */
export const REQUEST_PLATFORMS = [
  'youtube',
  'tiktok',
  'instagram',
  'commons',
  'archive',
  'nasa',
  'any',
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
export type IngestBody = z.input<typeof ingestBody>

/** What an upload's form may hold. Read part by part, never as one value. */
export const uploadBody = z.object({
  file: z
    .array(z.string().meta({ format: 'binary' }))
    .min(1)
    .describe('Videos'),
  taxonomy: z.string().max(1_000).optional().describe('A name in taxonomies/'),
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
    notes: z
      .array(z.object({ code: z.string(), message: z.string(), count: z.number().int() }))
      .describe('How it was done: sources that failed, what stood in, results that were no videos'),
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
export type Task = z.infer<typeof task>
export type TaskPage = { items: Task[]; next_cursor: string | null }

export const acceptedTask = task.extend({ task_id: z.string() }).meta({ id: 'AcceptedTask' })
export type AcceptedTask = z.infer<typeof acceptedTask>

/** A video that a task found, and why it was or was not taken. */
export const candidate = z
  .object({
    url: z.string(),
    title: z.string(),
    platform: z.string(),
    state: z.enum(CANDIDATE_STATES),
    reason_code: z.string().nullable(),
    reason: z.string().nullable(),
    video_id: z.string().nullable(),
  })
  .meta({ id: 'Candidate' })
export type Candidate = z.infer<typeof candidate>

export const candidatesQuery = z.strictObject({
  ...pageFields,
  state: z.enum(CANDIDATE_STATES).optional(),
})
export const candidatePage = page(candidate)
export type CandidatePage = z.infer<typeof candidatePage>
