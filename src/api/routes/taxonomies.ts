import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { listTaxonomies } from '../../labeling/taxonomy-list.ts'
import type { Services } from '../../services.ts'
import { problems } from '../schemas/common.ts'
import { taxonomyList } from '../schemas/taxonomies.ts'

export const taxonomyRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/api/taxonomies',
    { schema: { tags: ['ingest'], response: { 200: taxonomyList, ...problems } } },
    async () => ({
      items: (await listTaxonomies(services.settings.taxonomy)).map(
        ({ nameOrPath, taxonomy, isDefault }) => ({
          name: isDefault ? taxonomy.name : nameOrPath,
          ...(taxonomy.description === null ? {} : { description: taxonomy.description }),
          categories: [...Object.keys(taxonomy.categories), 'other'],
          is_default: isDefault,
        }),
      ),
    }),
  )
}
