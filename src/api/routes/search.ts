import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { filterQueryFields, parseFilters } from '../../datasets/filters.ts'
import { facetsOf } from '../../search/facets.ts'
import { prepareRanking } from '../../search/ranking.ts'
import { search } from '../../search/search.ts'
import type { Services } from '../../services.ts'
import { askedOf } from '../asked.ts'
import { pageFields, problems } from '../schemas/common.ts'
import { facets as facetsAnswer } from '../schemas/facets.ts'
import { searchAnswer, searchWords, similarTo } from '../schemas/search.ts'
import { searchServices } from '../search-services.ts'
import { momentJson, summaryJson } from '../video-json.ts'

const { q: _words, ...filterFields } = filterQueryFields
const askedFields = { q: searchWords.optional(), similar_to: similarTo.optional() }

export const searchRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/api/search',
    {
      schema: {
        tags: ['search'],
        querystring: z.strictObject({ ...askedFields, ...filterFields, ...pageFields }),
        response: { 200: searchAnswer, ...problems },
      },
    },
    async (request) => {
      const { q, similar_to, limit, cursor, ...filters } = request.query
      const found = await search(
        await searchServices(services),
        {
          ...askedOf(q, similar_to),
          filters: parseFilters(filters),
          limit,
          cursor: cursor ?? null,
        },
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

  app.get(
    '/api/facets',
    {
      schema: {
        tags: ['search'],
        querystring: z.strictObject({ ...askedFields, ...filterFields }),
        response: { 200: facetsAnswer, ...problems },
      },
    },
    async (request) => {
      const { q, similar_to, ...filters } = request.query
      const rank =
        q === undefined && similar_to === undefined
          ? null
          : await prepareRanking(
              await searchServices(services),
              askedOf(q, similar_to),
              request.signal,
            )
      const found = await facetsOf(
        services.database.db,
        parseFilters(filters),
        rank && (async (chosen) => (await rank(chosen)).videos.map(({ id }) => id)),
      )
      const { total, duration, hasSpeech, ...lists } = found
      return { total, facets: { ...lists, has_speech: hasSpeech }, duration }
    },
  )
}
