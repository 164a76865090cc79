import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { filterQueryFields, parseFilters } from '../../datasets/filters.ts'
import { search } from '../../search/search.ts'
import type { Services } from '../../services.ts'
import { findModelId } from '../../store/models.ts'
import { pageFields, problems } from '../schemas/common.ts'
import { searchAnswer, searchWords } from '../schemas/search.ts'
import { momentJson, summaryJson } from '../video-json.ts'

const { q: _words, ...filterFields } = filterQueryFields

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
          q: searchWords,
          ...filterFields,
          ...pageFields,
        }),
        response: { 200: searchAnswer, ...problems },
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
        results: found.results.map(({ video, score, moments }) => {
          const { id, source_url: _source, ...summary } = summaryJson(video)
          return {
            video_id: id,
            ...summary,
            score,
            moments: moments.map((moment) => momentJson(id, moment)),
          }
        }),
        next_cursor: found.nextCursor,
      }
    },
  )
}
