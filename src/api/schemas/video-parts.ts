import { z } from 'zod'
import { page, plainText } from './common.ts'
import { moment, searchMode, searchWords } from './search.ts'
import { activity, detection, keyframe, transcriptSegment, transcriptSource } from './videos.ts'

const seconds = z.number()
const share = z.number()
const count = z.number().int()

/** A window on a video: `from` inclusive, `to` exclusive, in seconds; the whole when not given. */
const windowFields = {
  from: z.coerce.number().min(0).max(1e9).optional().describe('Seconds, inclusive'),
  to: z.coerce.number().min(0).max(1e9).optional().describe('Seconds, exclusive'),
}
const cursor = z.string().max(2000).optional()
const limit = (most: number, usual: number) =>
  z.coerce.number().int().min(1).max(most).default(usual)

export const keyframesQuery = z.strictObject({
  ...windowFields,
  sample: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .optional()
    .describe('So many, evenly spread over the window, instead of a page'),
  limit: limit(1000, 200),
  cursor,
})
export const keyframePage = page(keyframe)
  .extend({ total: count.describe('Keyframes in the window') })
  .meta({ id: 'KeyframePage' })
export type Keyframe = z.infer<typeof keyframe>
export type KeyframePage = z.infer<typeof keyframePage>

export const detectionsQuery = z.strictObject({
  ...windowFields,
  labels: z
    .string()
    .transform((text) => text.split(',').map((label) => label.trim()))
    .pipe(z.array(z.string().regex(/^[^\0]{1,200}$/)).max(200))
    .optional()
    .describe('Only these, separated by commas'),
  min_confidence: z.coerce.number().min(0).max(1).optional(),
  limit: limit(1500, 1000),
  cursor,
})
export const detectionPage = page(detection).meta({ id: 'DetectionPage' })
export type Detection = z.infer<typeof detection>
export type DetectionPage = z.infer<typeof detectionPage>

export const timelineQuery = z.strictObject({
  ...windowFields,
  resolution: z.coerce
    .number()
    .positive()
    .max(1e9)
    .optional()
    .describe('Seconds; closer spans are one. Default: the window / 800'),
})

/** A stretch in which a label is seen. A keyframe stands for the time to the next one. */
const span = z.object({
  start_time: seconds,
  end_time: seconds,
  count: count.describe('Boxes, or keyframes of a concept'),
  max_confidence: share,
})
const lane = z.object({
  label: z.string(),
  kind: z.enum(['object', 'concept']),
  count: count.describe('In the window: boxes, or keyframes of a concept'),
  max_confidence: share,
  spans: z.array(span),
})

/** The lanes of one video at a zoom level. */
export const timeline = z
  .object({
    duration: seconds.nullable(),
    from: seconds,
    to: seconds,
    resolution: seconds,
    shots: z.array(
      z.object({
        shot_index: count.describe('Of the first one'),
        start_time: seconds,
        end_time: seconds,
        shots: count.describe('How many stand here as one'),
      }),
    ),
    objects: z.array(lane).describe('By the time they are seen, most first; 40 at most'),
    activities: z.array(activity.omit({ metadata: true })),
    speech: z.array(z.object({ start_time: seconds, end_time: seconds })),
  })
  .meta({ id: 'Timeline' })
export type Timeline = z.infer<typeof timeline>
export type TimelineLane = z.infer<typeof lane>
export type TimelineSpan = z.infer<typeof span>

export const momentsQuery = z.strictObject({ q: searchWords, limit: limit(100, 20) })
export const momentsAnswer = z
  .object({ query: z.string(), mode: searchMode, moments: z.array(moment) })
  .meta({ id: 'MomentsAnswer' })
export type MomentsAnswer = z.infer<typeof momentsAnswer>

export const transcriptQuery = z.strictObject({
  ...windowFields,
  q: plainText.trim().max(200).optional().describe('Only segments that contain it, in any case'),
  limit: limit(1000, 500),
  cursor,
})
export const transcriptPage = page(transcriptSegment)
  .extend({
    language: z.string().nullable(),
    model_name: z.string().nullable().describe('Null when none was made'),
    source: transcriptSource.nullable(),
    total: count.describe('Segments that match'),
  })
  .meta({ id: 'TranscriptPage' })
export type TranscriptSegment = z.infer<typeof transcriptSegment>
export type TranscriptPage = z.infer<typeof transcriptPage>

const partType = z.enum(['array', 'object', 'value'])

/** What an annotation consists of, without its contents. */
export const annotationOutline = z
  .object({
    parts: z.array(
      z.object({
        name: z.string(),
        type: partType,
        items: count.nullable().describe('Entries of an array or an object'),
        bytes: count.describe('Of its JSON as text'),
        value: z.unknown().optional().describe('Itself, when that is below 8 kB'),
      }),
    ),
  })
  .meta({ id: 'AnnotationOutline' })
export type AnnotationOutline = z.infer<typeof annotationOutline>
export type AnnotationOutlinePart = AnnotationOutline['parts'][number]

export const annotationPartQuery = z.strictObject({
  offset: z.coerce.number().int().min(0).max(1e9).default(0),
  limit: limit(1000, 50),
})

/** A stretch of one part: `items` of an array, `entries` of an object, `value` of anything else. */
export const annotationPart = z
  .object({
    name: z.string(),
    type: partType,
    total: count,
    offset: count,
    items: z.array(z.unknown()).optional(),
    entries: z.array(z.tuple([z.string(), z.unknown()])).optional(),
    value: z.unknown().optional(),
  })
  .meta({ id: 'AnnotationPart' })
export type AnnotationPart = z.infer<typeof annotationPart>
