import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Services } from '../../services.ts'
import { startTask } from '../../start-task.ts'
import { receiveUpload } from '../receive-upload.ts'
import { problems } from '../schemas/common.ts'
import { acceptedTask, ingestBody, uploadBody } from '../schemas/tasks.ts'
import { loadTaskJson } from './tasks.ts'

export const ingestRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/api/ingest',
    {
      schema: {
        tags: ['ingest'],
        body: ingestBody,
        response: { 202: acceptedTask, ...problems },
      },
    },
    async (request, reply) => {
      const { body } = request
      const id = await startTask(
        services,
        {
          query: body.query ?? null,
          platform: body.platform ?? null,
          urls: body.urls ?? [],
          path: body.path ?? null,
          maxVideos: body.max_videos ?? null,
          taxonomy: body.taxonomy ?? null,
        },
        { isLocalUser: request.isLocalUser ?? false },
      )
      return reply.code(202).send({ ...(await loadTaskJson(services, id)), task_id: id })
    },
  )

  app.post(
    '/api/upload',
    {
      schema: {
        tags: ['ingest'],
        consumes: ['multipart/form-data'],
        description:
          'Videos as multipart field `file`, several allowed. All of them are taken or none.',
        body: uploadBody,
        response: { 202: acceptedTask, ...problems },
      },
      // The body is a stream of parts that the handler reads; its schema is documentation.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const upload = await receiveUpload(services.storage, request)
      try {
        const id = await startTask(
          services,
          {
            query: null,
            platform: 'upload',
            urls: [],
            path: upload.prefix,
            maxVideos: null,
            taxonomy: upload.taxonomy,
          },
          { isLocalUser: request.isLocalUser ?? false },
          upload.taskId,
        )
        return await reply.code(202).send({ ...(await loadTaskJson(services, id)), task_id: id })
      } catch (error) {
        await upload.discard()
        throw error
      }
    },
  )
}
