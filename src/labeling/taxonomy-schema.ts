import { z } from 'zod'
import type { InputFault } from '../errors.ts'

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

const term = z.union(
  [label, z.strictObject({ label, source: z.enum(['yolo', 'clip']) })],
  'a label or {label, source: yolo | clip}',
)
const terms = z
  .array(z.union([term, z.array(term).min(1)], 'a label, {label, source} or a list of such'))
  .min(1)

const concept = z.strictObject({
  name: label,
  prompts: z.array(line).min(1).max(100),
  threshold: share,
  threshold_origin: prose,
  model_thresholds: z.record(line, share.nullable()).optional(),
})

const activity = z.strictObject({
  label,
  all: terms.optional(),
  any: terms.optional(),
  none: terms.optional(),
})

/** A taxonomy file as its author writes it. Unknown keys are refused. */
export const taxonomyFile = z.strictObject({
  name: label,
  version: z.string().min(1).max(50),
  description: prose.optional(),
  objects: z.record(line, label),
  categories: z.record(label, keywords),
  background: z.array(line).min(2).max(1_000),
  concepts: z.array(concept).max(1_000),
  activities: z.array(activity).max(1_000),
  min_duration_seconds: z.number().min(0).max(3_600).default(2),
  tags: z.record(label, keywords),
})

export type TaxonomyFile = z.infer<typeof taxonomyFile>
export type ActivityTermFile = z.infer<typeof term>

/**
 * What is wrong with a file of the right shape: names used twice, rules without a condition, and
 * rules over labels that nothing in the taxonomy can produce, which would silently never hold.
 */
export function meaningFaults(file: TaxonomyFile): InputFault[] {
  const known = new Set([
    ...Object.values(file.objects),
    ...file.concepts.map((concept) => concept.name),
  ])
  const faults = [
    ...repeated(file.concepts.map((concept) => concept.name)).map(([index, name]) => ({
      path: `concepts.${index}.name`,
      expected: 'a name used once',
      got: JSON.stringify(name),
    })),
    ...repeated(file.activities.map((activity) => activity.label)).map(([index, name]) => ({
      path: `activities.${index}.label`,
      expected: 'a label used once',
      got: JSON.stringify(name),
    })),
  ]
  if (Object.hasOwn(file.categories, 'other')) {
    faults.push({
      path: 'categories.other',
      expected: 'another name: other is what fits no category',
      got: '"other"',
    })
  }
  for (const [index, activity] of file.activities.entries()) {
    if (!activity.all && !activity.any) {
      faults.push({
        path: `activities.${index}`,
        expected: 'all or any: labels that must be seen',
        got: Object.keys(activity).join(', '),
      })
    }
    for (const part of ['all', 'any', 'none'] as const) {
      for (const [position, entry] of (activity[part] ?? []).entries()) {
        for (const one of Array.isArray(entry) ? entry : [entry]) {
          const name = typeof one === 'string' ? one : one.label
          if (known.has(name)) continue
          faults.push({
            path: `activities.${index}.${part}.${position}`,
            expected: 'a concept or a value of objects',
            got: JSON.stringify(name),
          })
        }
      }
    }
  }
  return faults
}

/** Every value that is there before, with its index. */
function repeated(values: string[]): [number, string][] {
  return [...values.entries()].filter(([index, value]) => values.indexOf(value) < index)
}
