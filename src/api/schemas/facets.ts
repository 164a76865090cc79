import { z } from 'zod'

const value = z.object({ value: z.string(), count: z.number().int() })
const values = z.array(value).describe('By count, most first, then by value; 200 at most')

/** Videos per value of each filter, as the filters given leave them. */
export const facets = z
  .object({
    total: z.number().int().describe('Videos that match all filters'),
    facets: z.object({
      objects: values.describe('Labels of boxes and concepts'),
      activities: values,
      tags: values,
      platform: values,
      licence: values.describe('`unknown` for none stated'),
      category: values,
      has_speech: values.describe('`true` and `false`'),
      duplicate: values.describe('`true`: a better near-duplicate is there'),
    }),
    duration: z
      .object({ min: z.number(), max: z.number() })
      .nullable()
      .describe('Seconds, shortest and longest; null when none is known'),
  })
  .meta({ id: 'Facets' })
export type Facets = z.infer<typeof facets>
export type FacetName = keyof Facets['facets']
export type FacetValue = z.infer<typeof value>
