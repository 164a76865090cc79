import { z } from 'zod'

const trimmed = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine((value) => value === value.trim(), 'text without a space at its ends')
const line = trimmed(200)
const prose = trimmed(2_000)
const label = z
  .string()
  .max(100)
  .regex(/^[a-z0-9]+(?:[ _-][a-z0-9]+)*$/, 'lower-case words joined by a space, _ or -')
const keywords = z.array(line).min(1).max(1_000)
const share = z.number().min(0).max(1)

const seconds = z.number().min(0).max(3_600)
const template = line.refine(
  (value) => value.split('{}').length === 2,
  'text with one {} for the prompt',
)

const term = z.union(
  [
    label,
    z.strictObject({
      label,
      source: z.enum(['yolo', 'clip']).optional(),
      count: z.number().int().min(1).max(1_000).optional(),
      min_confidence: share.optional(),
      keep_confidence: share.optional(),
    }),
  ],
  'a label or {label, source: yolo | clip, count, min_confidence, keep_confidence}',
)
const terms = z
  .array(z.union([term, z.array(term).min(1)], 'a label, {label, …} or a list of such'))
  .min(1)

const concept = z.strictObject({
  name: label,
  prompts: z.array(line).min(1).max(100),
  threshold: share,
  keep_threshold: share.optional(),
  threshold_origin: prose,
  model_thresholds: z.record(line, share.nullable()).optional(),
})

const calibration = z.strictObject({
  model: line,
  revision: line,
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/, 'a day, YYYY-MM-DD'),
  frames: z.number().int().min(1),
  origin: prose,
  shares: z.array(share).min(2).max(1_000),
  concepts: z
    .array(
      z.strictObject({
        name: label,
        prompts: line,
        quantiles: z.array(z.number()).min(2).max(1_000),
        threshold: share.nullable(),
        keep_threshold: share.nullable().optional(),
        origin: prose,
      }),
    )
    .max(1_000),
})

const activity = z.strictObject({
  label,
  all: terms.optional(),
  any: terms.optional(),
  none: terms.optional(),
  min_duration_seconds: seconds.optional(),
  max_gap_seconds: seconds.optional(),
})

/** A taxonomy file as its author writes it. Unknown keys are refused. */
export const taxonomyFile = z.strictObject({
  name: label,
  version: z.string().min(1).max(50),
  description: prose.optional(),
  objects: z.record(line, label),
  categories: z.record(label, keywords),
  templates: z.array(template).min(1).max(100).default(['{}']),
  background: z.array(line).min(2).max(1_000),
  concepts: z.array(concept).max(1_000),
  activities: z.array(activity).max(1_000),
  min_duration_seconds: seconds.default(2),
  max_gap_seconds: seconds.default(2),
  tags: z.record(label, keywords),
  calibration: z.array(calibration).max(100).default([]),
})

export type TaxonomyFile = z.infer<typeof taxonomyFile>
export type ActivityTermFile = z.infer<typeof term>
