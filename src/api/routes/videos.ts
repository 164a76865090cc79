import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { filterQueryFields, parseFilters } from '../../datasets/filters.ts'
import type { Services } from '../../services.ts'
import { refreshAnnotationTags } from '../../store/annotations.ts'
import { refreshDocument } from '../../store/documents.ts'
import { notFound } from '../../store/ids.ts'
import { keyframeKey } from '../../store/keyframes.ts'
import { VIDEO_STATUSES } from '../../store/schema.ts'
import { addManualTag, removeTag } from '../../store/tags.ts'
import { listVideos, VIDEO_SORTS } from '../../store/video-list.ts'
import { getVideo } from '../../store/videos.ts'
import { reprocessVideo } from '../../tasks/control.ts'
import {
  idParams,
  objectAnswers,
  page,
  pageFields,
  plainText,
  problems,
} from '../schemas/common.ts'
import { fieldsQuery, tag, tagBody, videoDetail, videoSummary } from '../schemas/videos.ts'
import { sendObject } from '../send-object.ts'
import { loadVideoDetail, summaryJson } from '../video-json.ts'

/** Pictures are named by id and never change; a video's file neither. */
const DAY = 24 * 3600

export const videoRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { database, storage } = services
  const { db } = database

  app.get(
    '/api/videos',
    {
      schema: {
        tags: ['videos'],
        querystring: z.strictObject({
          ...filterQueryFields,
          ...pageFields,
          status: z
            .string()
            .transform((text) => text.split(',').filter(Boolean))
            .pipe(z.array(z.enum(VIDEO_STATUSES)))
            .optional(),
          sort: z.enum(VIDEO_SORTS).default('created'),
        }),
        response: { 200: page(videoSummary), ...problems },
      },
    },
    async ({ query }) => {
      const { limit, cursor, sort, status, ...filters } = query
      const videos = await listVideos(
        db,
        { ...parseFilters(filters), ...(status ? { status } : {}) },
        { sort, limit, cursor: cursor ?? null },
      )
      return { items: videos.items.map(summaryJson), next_cursor: videos.nextCursor }
    },
  )

  app.get(
    '/api/videos/:id',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        querystring: fieldsQuery,
        response: { 200: videoDetail.partial(), ...problems },
      },
    },
    async ({ params, query }) => await loadVideoDetail(services, params.id, query.fields ?? null),
  )

  app.get(
    '/api/videos/:id/media',
    {
      schema: { tags: ['videos'], params: idParams, response: objectAnswers('video/*') },
    },
    async (request, reply) => {
      const video = await getVideo(db, request.params.id)
      return sendObject(storage, request, reply, video.storageKey, {
        what: 'media',
        maxAgeSeconds: DAY,
      })
    },
  )

  app.get(
    '/api/videos/:id/thumbnail',
    {
      schema: { tags: ['videos'], params: idParams, response: objectAnswers('image/jpeg') },
    },
    async (request, reply) => {
      const video = await getVideo(db, request.params.id)
      return sendObject(storage, request, reply, video.thumbnailKey, {
        what: 'thumbnail',
        maxAgeSeconds: 600,
      })
    },
  )

  app.get(
    '/api/videos/:id/keyframes/:kid',
    {
      schema: {
        tags: ['videos'],
        params: z.object({ id: z.string(), kid: z.string() }),
        response: objectAnswers('image/jpeg'),
      },
    },
    async (request, reply) => {
      const key = await keyframeKey(db, request.params.id, request.params.kid)
      return sendObject(storage, request, reply, key, { what: 'keyframe', maxAgeSeconds: DAY })
    },
  )

  app.post(
    '/api/videos/:id/tags',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        body: tagBody,
        response: { 201: tag, ...problems },
      },
    },
    async ({ params, body }, reply) => {
      const video = await getVideo(db, params.id)
      await db.transaction().execute(async (trx) => {
        await addManualTag(trx, video.id, body.tag)
        await refreshAnnotationTags(trx, video.id)
        await refreshDocument(trx, video.id)
      })
      return reply.code(201).send({ tag: body.tag, source: 'manual' as const })
    },
  )

  app.delete(
    '/api/videos/:id/tags/:tag',
    {
      schema: {
        tags: ['videos'],
        params: z.object({ id: z.string(), tag: plainText }),
        response: { 204: z.null(), ...problems },
      },
    },
    async ({ params }, reply) => {
      const video = await getVideo(db, params.id)
      const removed = await db.transaction().execute(async (trx) => {
        const was = await removeTag(trx, video.id, params.tag.trim().toLowerCase())
        await refreshAnnotationTags(trx, video.id)
        await refreshDocument(trx, video.id)
        return was
      })
      if (!removed) throw notFound('tag', params.tag)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/videos/:id/reprocess',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        response: {
          202: z.object({ id: z.string(), status: z.enum(VIDEO_STATUSES) }),
          ...problems,
        },
      },
    },
    async ({ params }, reply) => {
      await reprocessVideo(services, params.id)
      const video = await getVideo(db, params.id)
      return reply.code(202).send({ id: video.id, status: video.status })
    },
  )
}
