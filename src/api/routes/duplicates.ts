import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Services } from '../../services.ts'
import { nearDuplicatesOf, setDuplicateVerdict } from '../../store/duplicates.ts'
import { getVideo } from '../../store/videos.ts'
import { duplicateJson } from '../duplicate-json.ts'
import { problems } from '../schemas/common.ts'
import { nearDuplicate, verdictBody } from '../schemas/duplicates.ts'

export const duplicateRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database

  app.post(
    '/api/videos/:id/duplicates/:other',
    {
      schema: {
        tags: ['videos'],
        summary: 'Say whether two videos that look alike are duplicates',
        params: z.object({ id: z.string(), other: z.string() }),
        body: verdictBody,
        response: { 200: nearDuplicate, ...problems },
      },
    },
    async ({ params, body }) => {
      const video = await getVideo(db, params.id)
      const other = await getVideo(db, params.other)
      await setDuplicateVerdict(db, video.id, other.id, body.verdict)
      const all = await nearDuplicatesOf(db, video.id)
      return duplicateJson(all.find((duplicate) => duplicate.videoId === other.id)!)
    },
  )
}
