import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { filterQueryFields, parseFilters } from '../../datasets/filters.ts'
import { search } from '../../search/search.ts'
import type { Services } from '../../services.ts'
import { findModelId } from '../../store/models.ts'
import { pageFields, plainText, problems } from '../schemas/common.ts'
import { videoUrl } from '../video-json.ts'

const { q: _words, ...filterFields } = filterQueryFields

const answer = z
  .object({
    query: z.string(),
    mode: z.enum(['hybrid', 'words']),
    results: z.array(
      z.object({
        video_id: z.string(),
        title: z.string(),
        score: z.number().min(0).max(1),
        thumbnail_url: z.string().nullable(),
        duration: z.number().nullable(),
        tags: z.array(z.string()),
        moments: z.array(
          z.object({
            start_time: z.number(),
            end_time: z.number(),
            score: z.number(),
            keyframe_url: z.string().nullable(),
            reason: z.string(),
            text: z.string().optional(),
          }),
        ),
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'SearchAnswer' })

export const searchRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { database, models } = services

  app.get(
    '/api/search',
    {
      schema: {
        tags: ['search'],
        querystring: z.strictObject({
          q: plainText.trim().min(1).max(1000).describe('What to look for, in words'),
          ...filterFields,
          ...pageFields,
        }),
        response: { 200: answer, ...problems },
      },
    },
    async (request) => {
      const { q, limit, cursor, ...filters } = request.query
      const clip = await models.describe('clip')
      const found = await search(
        {
          database,
          modelId: await findModelId(database.db, clip.ref),
          embedText: clip.installed
            ? async (text, signal) => (await models.embedTexts([text], { signal }))[0]!
            : null,
        },
        { q, filters: parseFilters(filters), limit, cursor: cursor ?? null },
        request.signal,
      )
      return {
        query: found.query,
        mode: found.mode,
        results: found.results.map((result) => ({
          video_id: result.videoId,
          title: result.title,
          score: result.score,
          thumbnail_url: result.thumbnailKey ? videoUrl(result.videoId, 'thumbnail') : null,
          duration: result.duration,
          tags: result.tags,
          moments: result.moments.map((moment) => ({
            start_time: moment.startTime,
            end_time: moment.endTime,
            score: moment.score,
            keyframe_url: moment.keyframeId
              ? videoUrl(result.videoId, `keyframes/${moment.keyframeId}`)
              : null,
            reason: moment.reason,
            ...(moment.text === undefined ? {} : { text: moment.text }),
          })),
        })),
        next_cursor: found.nextCursor,
      }
    },
  )
}
