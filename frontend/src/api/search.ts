import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { FacetName, Facets, FacetValue } from '../../../src/api/schemas/facets.ts'
import type { Moment, SearchAnswer, SearchResult } from '../../../src/api/schemas/search.ts'
import type { VideoPage, VideoSummary } from '../../../src/api/schemas/videos.ts'
import { type QueryValues, request } from './client.ts'

export type { FacetName, Facets, FacetValue, Moment, SearchAnswer, SearchResult, VideoSummary }

/** Videos that answer words or look alike, best first, with their best moments. */
export const searchQuery = (wish: QueryValues, limit = 60) =>
  infiniteQueryOptions({
    queryKey: ['videos', 'search', wish, limit],
    queryFn: ({ signal, pageParam }) =>
      request<SearchAnswer>('/api/search', {
        query: { ...wish, limit, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

/** The library's videos without a search. */
export const videosQuery = (wish: QueryValues, limit = 60) =>
  infiniteQueryOptions({
    queryKey: ['videos', 'list', wish, limit],
    queryFn: ({ signal, pageParam }) =>
      request<VideoPage>('/api/videos', { query: { ...wish, limit, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

/** How many videos there are for each value of each filter. */
export const facetsQuery = (wish: QueryValues) =>
  queryOptions({
    queryKey: ['facets', wish],
    queryFn: ({ signal }) => request<Facets>('/api/facets', { query: wish, signal }),
  })
