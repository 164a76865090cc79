import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Services } from '../../services.ts'
import { allowAgain, type ForgottenVideo, listForgotten } from '../../store/tombstones.ts'
import { forgetVideo } from '../../takedown.ts'
import { idParams, iso, page, pageQuery, problems } from '../schemas/common.ts'
import { type Forgotten, forgetBody, forgotten } from '../schemas/provenance.ts'

/** Takedown: videos that are removed for good, and the tombstones that keep them out. */
export const forgottenRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database

  app.post(
    '/api/videos/:id/forget',
    {
      schema: {
        tags: ['videos'],
        description:
          'Removes a video with its media, labels and archives that hold it, for good, and never fetches it again. Asked again, it gives the same answer.',
        params: idParams,
        body: forgetBody,
        response: { 200: forgotten, ...problems },
      },
    },
    async ({ params, body }) => forgottenJson(await forgetVideo(services, params.id, body.reason)),
  )

  app.get(
    '/api/forgotten',
    {
      schema: {
        tags: ['videos'],
        description: 'Videos that were forgotten, newest first.',
        querystring: pageQuery,
        response: { 200: page(forgotten), ...problems },
      },
    },
    async ({ query }) => {
      const list = await listForgotten(db, { limit: query.limit, cursor: query.cursor ?? null })
      return { items: list.items.map(forgottenJson), next_cursor: list.nextCursor }
    },
  )

  app.delete(
    '/api/forgotten/:id',
    {
      schema: {
        tags: ['videos'],
        description:
          'Lets a forgotten video be fetched again. It does not bring it back by itself.',
        params: idParams,
        response: { 204: z.null(), ...problems },
      },
    },
    async ({ params }, reply) => {
      await allowAgain(db, params.id)
      return reply.code(204).send(null)
    },
  )
}

function forgottenJson(row: ForgottenVideo): Forgotten {
  return {
    video_id: row.videoId,
    platform: row.platform,
    source_id: row.sourceId,
    url_sha256: row.urlSha256,
    content_sha256: row.contentSha256,
    reason: row.reason,
    forgotten_at: iso(row.forgottenAt),
  }
}
