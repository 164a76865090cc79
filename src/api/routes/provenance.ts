import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Services } from '../../services.ts'
import { getVideo } from '../../store/videos.ts'
import { provenanceJson } from '../provenance-json.ts'
import { idParams, problems } from '../schemas/common.ts'
import { provenance } from '../schemas/provenance.ts'

/** The ledger: where a video is from and what may be done with it. */
export const provenanceRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/api/videos/:id/provenance',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        response: { 200: provenance, ...problems },
      },
    },
    async ({ params }) => provenanceJson(await getVideo(services.database.db, params.id)),
  )
}
