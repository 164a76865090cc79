import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { searchVideo } from '../../search/search.ts'
import type { Services } from '../../services.ts'
import { annotationOutline, annotationPart, noAnnotation } from '../../store/annotation-parts.ts'
import { annotationOf } from '../../store/annotations.ts'
import { timelineRows } from '../../store/timeline.ts'
import {
  detectionPage,
  keyframePage,
  keyframeSample,
  type TimeWindow,
  transcriptPage,
} from '../../store/video-parts.ts'
import { getVideo } from '../../store/videos.ts'
import { idParams, plainText, problems } from '../schemas/common.ts'
import * as schemas from '../schemas/video-parts.ts'
import { searchServices } from '../search-services.ts'
import { timelineOf } from '../timeline.ts'
import { segmentJson } from '../transcript-json.ts'
import { detectionJson, keyframeJson, momentJson } from '../video-json.ts'

/** The parts of one video, by windows and pages: no answer grows with the video. */
export const videoPartRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database

  app.get(
    '/api/videos/:id/keyframes',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        querystring: schemas.keyframesQuery,
        response: { 200: schemas.keyframePage, ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getVideo(db, params.id)
      const window = windowOf(query)
      const { sample, limit, cursor } = query
      const found =
        sample === undefined
          ? await keyframePage(db, id, window, { limit, cursor: cursor ?? null })
          : { ...(await keyframeSample(db, id, window, sample)), nextCursor: null }
      return {
        items: found.items.map((keyframe) => keyframeJson(id, keyframe)),
        next_cursor: found.nextCursor,
        total: found.total,
      }
    },
  )

  app.get(
    '/api/videos/:id/detections',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        querystring: schemas.detectionsQuery,
        response: { 200: schemas.detectionPage, ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getVideo(db, params.id)
      const found = await detectionPage(db, id, windowOf(query), {
        labels: query.labels ?? null,
        minConfidence: query.min_confidence ?? 0,
        limit: query.limit,
        cursor: query.cursor ?? null,
      })
      return { items: found.items.map(detectionJson), next_cursor: found.nextCursor }
    },
  )

  app.get(
    '/api/videos/:id/timeline',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        querystring: schemas.timelineQuery,
        response: { 200: schemas.timeline, ...problems },
      },
    },
    async ({ params, query }) => {
      const video = await getVideo(db, params.id)
      const window = windowOf(query)
      const rows = await timelineRows(db, video, window)
      const end = Math.max(0, video.duration ?? 0, rows.shots.at(-1)?.endTime ?? 0)
      return timelineOf(rows, {
        duration: video.duration,
        from: window.from,
        to: Number.isFinite(window.to) ? window.to : Math.max(end, window.from),
        resolution: query.resolution,
      })
    },
  )

  app.get(
    '/api/videos/:id/moments',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        querystring: schemas.momentsQuery,
        response: { 200: schemas.momentsAnswer, ...problems },
      },
    },
    async (request) => {
      const video = await getVideo(db, request.params.id)
      const { q, limit } = request.query
      const found = await searchVideo(
        await searchServices(services),
        video,
        { q, limit },
        request.signal,
      )
      return { ...found, moments: found.moments.map((moment) => momentJson(video.id, moment)) }
    },
  )

  app.get(
    '/api/videos/:id/transcript',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        querystring: schemas.transcriptQuery,
        response: { 200: schemas.transcriptPage, ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getVideo(db, params.id)
      const found = await transcriptPage(db, id, windowOf(query), {
        words: query.q ?? '',
        limit: query.limit,
        cursor: query.cursor ?? null,
      })
      return {
        language: found.language,
        model_name: found.modelName,
        source: found.source,
        total: found.total,
        items: found.items.map((segment) => segmentJson(segment, found.source ?? 'whisper')),
        next_cursor: found.nextCursor,
      }
    },
  )

  app.get(
    '/api/videos/:id/annotation',
    { schema: { tags: ['videos'], params: idParams } },
    async ({ params }, reply) => {
      const { id } = await getVideo(db, params.id)
      const annotation = await annotationOf(db, id)
      if (!annotation) throw noAnnotation()
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="${id}.json"`)
        .serializer((text: string) => text)
        .send(`${JSON.stringify(annotation, null, 2)}\n`)
    },
  )

  app.get(
    '/api/videos/:id/annotation/outline',
    {
      schema: {
        tags: ['videos'],
        params: idParams,
        response: { 200: schemas.annotationOutline, ...problems },
      },
    },
    async ({ params }) => {
      const { id } = await getVideo(db, params.id)
      return { parts: await annotationOutline(db, id) }
    },
  )

  app.get(
    '/api/videos/:id/annotation/:part',
    {
      schema: {
        tags: ['videos'],
        params: z.object({ id: z.string(), part: plainText }),
        querystring: schemas.annotationPartQuery,
        response: { 200: schemas.annotationPart, ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getVideo(db, params.id)
      const part = await annotationPart(db, id, params.part, query)
      return { ...part, offset: query.offset }
    },
  )
}

/** @throws InvalidInputError `invalid-window` when it is empty */
function windowOf({
  from,
  to,
}: {
  from?: number | undefined
  to?: number | undefined
}): TimeWindow {
  if (from !== undefined && to !== undefined && from >= to) {
    throw new InvalidInputError('invalid-window', `from must be below to (${to}), got ${from}.`, {
      faults: [{ path: 'from', expected: `less than to (${to})`, got: String(from) }],
    })
  }
  return { from: from ?? 0, to: to ?? Number.POSITIVE_INFINITY }
}
