import { z } from 'zod'

/** The taxonomies that a request may name. */
export const taxonomyList = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        description: z.string().optional(),
        categories: z.array(z.string()),
        is_default: z.boolean().describe('Used when a request names none'),
      }),
    ),
  })
  .meta({ id: 'TaxonomyList' })
export type TaxonomyList = z.infer<typeof taxonomyList>
