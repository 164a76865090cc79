import { z } from 'zod'
import { isoDate, plainText } from './common.ts'

export const datasetBody = z.strictObject({
  name: plainText.trim().min(1).max(200),
  description: plainText.max(10_000).nullish(),
  filters: z.record(z.string(), z.unknown()).default({}),
})

export const dataset = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    video_count: z.number().int(),
    removed_count: z
      .number()
      .int()
      .describe('Videos that were in it and have been forgotten since'),
    total_seconds: z.number().describe('Length of all its videos together'),
    version: z.number().int(),
    filters: z.record(z.string(), z.unknown()),
    filters_text: z.string().describe('The filters in words'),
    created_at: isoDate,
  })
  .meta({ id: 'Dataset' })
export type Dataset = z.infer<typeof dataset>

/** A video of the dataset's latest version. */
export const datasetVideo = z
  .object({
    video_id: z.string(),
    title: z.string(),
    thumbnail_url: z.string().nullable(),
    duration: z.number().nullable().describe('Seconds'),
  })
  .meta({ id: 'DatasetVideo' })
export type DatasetVideo = z.infer<typeof datasetVideo>
