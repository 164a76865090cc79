import { z } from 'zod'
import { CANDIDATE_STATES, DUPLICATE_POLICIES, TASK_STATUSES } from '../../store/schema.ts'
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
  open_vocabulary: z
    .union([z.boolean(), z.array(plainText.trim().min(1).max(100)).min(1).max(100)])
    .optional()
    .describe(
      "Look for words with the open-vocabulary model as well: true for the taxonomy's, or the words",
    ),
  dry_run: z
    .boolean()
    .optional()
    .describe('Only estimate: answers 200, stores nothing and spends nothing'),
  expand: z
    .boolean()
    .optional()
    .describe("Search with the taxonomy's words too, once the plain query brings no more"),
  duplicates: z
    .enum(DUPLICATE_POLICIES)
    .optional()
    .describe('skip: a video that looks like another one of the task is not taken; default allow'),
  min_relevance: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .optional()
    .describe(
      'How well frames and words must fit the query; absent: 0.2 where an embedding model is installed; null: not looked at',
    ),
  max_bytes: z.number().int().min(1).optional().describe('Bytes of all its videos together'),
  max_seconds: z
    .number()
    .positive()
    .optional()
    .describe('Wall-clock seconds of looking for videos'),
  max_usd: z.number().min(0).optional().describe('Dollars at paid sources'),
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

const counts = z.record(z.string(), z.number().int())

/** What became of everything that a task found: found = accepted + in_work + rejected + failed. */
export const account = z
  .object({
    asked: z.number().int(),
    found: z.number().int(),
    accepted: z.number().int().describe('Videos that are done'),
    in_work: z.number().int().describe('Videos taken and not done'),
    rejected: counts.describe('Candidates not taken, by reason'),
    failed: counts.describe('Videos taken that failed, by class; `codes` of a retry'),
    replaced: z.number().int().describe('Videos taken in the place of one that was lost'),
    duplicates: z.number().int(),
    spare: z.number().int().describe('Found, not counted, and not needed so far'),
  })
  .meta({ id: 'TaskAccount' })
export type TaskAccount = z.infer<typeof account>

export const retryBody = z
  .strictObject({
    codes: z
      .array(plainText.min(1).max(100))
      .min(1)
      .max(100)
      .optional()
      .describe('Only videos that failed so, even where no other outcome is expected'),
  })
  .nullish()

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
    failures: counts,
    account,
    notes: z
      .array(z.object({ code: z.string(), message: z.string(), count: z.number().int() }))
      .describe('How it was done: sources that failed, what stood in, results that were no videos'),
    error_message: z.string().nullable(),
    error_code: z.string().nullable(),
    urls: z.array(z.string()),
    path: z.string().nullable(),
    taxonomy: z.string(),
    open_vocabulary: z
      .array(z.string())
      .nullable()
      .describe("Words that are looked for; [] the taxonomy's, null none"),
    variants: z.array(z.string()).describe('Searches tried after the plain query'),
    duplicates: z.enum(DUPLICATE_POLICIES),
    min_relevance: z.number().nullable(),
    max_bytes: z.number().nullable(),
    max_seconds: z.number().nullable(),
    max_usd: z.number().nullable(),
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
    variant: z.string().nullable().describe('The search that found it; null for the plain query'),
    relevance: z.number().nullable().describe('0–1; null when it was not measured'),
  })
  .meta({ id: 'Candidate' })
export type Candidate = z.infer<typeof candidate>

export const candidatesQuery = z.strictObject({
  ...pageFields,
  state: z.enum(CANDIDATE_STATES).optional(),
})
export const candidatePage = page(candidate)
export type CandidatePage = z.infer<typeof candidatePage>

/** What a task would find and cost, from looking at a sample. */
export const estimate = z
  .object({
    dry_run: z.literal(true),
    candidates: z.number().int().describe('Videos that it would take'),
    sampled: z.number().int().describe('Candidates looked at'),
    hours: z.number().nullable().describe('Of video; null where no source states a length'),
    bytes: z.number().nullable().describe('To download; null where no source states a size'),
    seconds_estimated: z.number().describe('For downloads and processing here'),
    seconds_measured: z.boolean().describe("From this library's own step times, else assumed"),
    apify_cost_usd: z
      .number()
      .nullable()
      .describe('By list price; null: Apify is not asked, or its price is not known'),
    by_platform: counts,
    licences: counts,
    rejected: counts,
    samples: z.array(
      z.object({
        title: z.string(),
        url: z.string(),
        platform: z.string(),
        seconds: z.number().nullable(),
      }),
    ),
    notes: z.array(z.object({ code: z.string(), message: z.string() })),
  })
  .meta({ id: 'Estimate' })
export type Estimate = z.infer<typeof estimate>
