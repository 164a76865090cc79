import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Services } from '../../services.ts'
import { type Estimate, estimateTask } from '../../tasks/estimate.ts'
import { startTask, type TaskWish } from '../../tasks/start.ts'
import { receiveUpload } from '../receive-upload.ts'
import { problems } from '../schemas/common.ts'
import {
  acceptedTask,
  estimate,
  type IngestBody,
  ingestBody,
  uploadBody,
} from '../schemas/tasks.ts'
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
        response: { 200: estimate, 202: acceptedTask, ...problems },
      },
    },
    async (request, reply) => {
      const { body } = request
      const caller = { isLocalUser: request.isLocalUser ?? false }
      if (body.dry_run) {
        const gone = new AbortController()
        reply.raw.once('close', () => gone.abort())
        const found = await estimateTask(services, wishOf(body), caller, gone.signal)
        return reply.code(200).send(estimateJson(found))
      }
      const id = await startTask(services, wishOf(body), caller)
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

function wishOf(body: IngestBody): TaskWish {
  return {
    query: body.query ?? null,
    platform: body.platform ?? null,
    urls: body.urls ?? [],
    path: body.path ?? null,
    maxVideos: body.max_videos ?? null,
    taxonomy: body.taxonomy ?? null,
    openVocabulary: wordsOf(body.open_vocabulary),
    expand: body.expand ?? false,
    rules: {
      duplicates: body.duplicates ?? 'allow',
      ...(body.min_relevance === undefined ? {} : { minRelevance: body.min_relevance }),
      maxBytes: body.max_bytes ?? null,
      maxSeconds: body.max_seconds ?? null,
      maxUsd: body.max_usd ?? null,
    },
  }
}

function wordsOf(asked: IngestBody['open_vocabulary']): string[] | null {
  if (Array.isArray(asked)) return asked
  return asked ? [] : null
}

function estimateJson(found: Estimate) {
  return {
    dry_run: true as const,
    candidates: found.candidates,
    sampled: found.sampled,
    hours: found.hours,
    bytes: found.bytes,
    seconds_estimated: found.seconds,
    seconds_measured: found.secondsMeasured,
    apify_cost_usd: found.apifyCostUsd,
    by_platform: found.byPlatform,
    licences: found.licences,
    rejected: found.rejected,
    samples: found.samples,
    notes: found.notes,
  }
}
