import { z } from 'zod'
import { TASK_STATUSES } from '../../store/schema.ts'

const count = z.number().int()

const check = z.object({
  ok: z.boolean(),
  detail: z.string(),
  note: z.string().optional().describe('What to mend although it works'),
})

export const health = z
  .object({
    status: z.enum(['ok', 'degraded', 'down']),
    command_prefix: z.string().describe('What is typed before a subcommand: `npx forgeindex`'),
    checks: z.object({
      database: check,
      storage: check,
      ffmpeg: check,
      yt_dlp: check,
      models: z.record(
        z.string(),
        check.extend({
          name: z.string(),
          command: z.string().optional().describe('Mends it, when it is not ok'),
        }),
      ),
    }),
    cooling_down: z
      .array(
        z.object({
          platform: z.string().describe('Or host:NAME'),
          until: z.string(),
          code: z.string().describe('What it answered'),
          strikes: count.describe('Times in a row'),
        }),
      )
      .optional()
      .describe('Platforms that are not asked for a while, because they refused us'),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof health>

const counts = z.record(z.string(), count)

/** Totals over the library. */
export const stats = z
  .object({
    videos: count,
    hours: z.number().describe('Of completed videos'),
    keyframes: count,
    detections: count.describe('Boxes'),
    labels: count.describe('Boxes, concepts, activities and tags'),
    activities: count,
    transcripts: count.describe('Videos in which someone speaks'),
    duplicates: count,
    bytes: count,
    by_status: counts,
    by_platform: counts,
    by_category: counts,
    by_licence: counts.describe('`unknown` for none stated'),
    tasks: z.record(z.enum(TASK_STATUSES), count),
    library: z.object({ form: z.enum(['embedded', 'server']) }),
  })
  .meta({ id: 'Stats' })
export type Stats = z.infer<typeof stats>
