import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import type { FacetName, Facets, FacetValue } from '../../../src/api/schemas/facets.ts'
import type { Moment, SearchAnswer, SearchResult } from '../../../src/api/schemas/search.ts'
import type { VideoPage, VideoSummary } from '../../../src/api/schemas/videos.ts'
import { type QueryValues, request } from './client.ts'

export type { FacetName, Facets, FacetValue, Moment, SearchAnswer, SearchResult, VideoSummary }

/** The library's videos without a search. */
export const videosQuery = (wish: QueryValues, limit = 60) =>
  infiniteQueryOptions({
    queryKey: ['videos', 'list', wish, limit],
    queryFn: ({ signal, pageParam }) =>
      request<VideoPage>('/api/videos', { query: { ...wish, limit, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

/** A video as a card shows it, found by a search or listed. */
export interface CardVideo extends Omit<VideoSummary, 'source_url'> {
  /** 0–1, for ranking within one answer only; null in a list. */
  score: number | null
  /** Best first; none in a list. */
  moments: Moment[]
}

export interface ResultPage {
  videos: CardVideo[]
  /** How the answer was ranked; null in a list. */
  mode: SearchAnswer['mode'] | null
  next_cursor: string | null
}

const PAGE = 60

/**
 * Cards of a search (`ranked`) or of the library. Hundreds of pages may be loaded, so it never asks
 * anew by itself: the page does, when something changed.
 */
export const resultsQuery = (ranked: boolean, wish: QueryValues) =>
  infiniteQueryOptions({
    queryKey: ['results', ranked, wish],
    queryFn: ({ signal, pageParam }) => resultPage(ranked, wish, pageParam, PAGE, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: 'static',
    placeholderData: keepPreviousData,
  })

/** Takes a video that is gone out of every list that is kept: none of them asks anew by itself. */
export function dropFromResults(client: QueryClient, id: string): void {
  client.setQueriesData<InfiniteData<ResultPage>>({ queryKey: ['results'] }, (results) => {
    if (!results?.pages.some(({ videos }) => videos.some((video) => video.id === id)))
      return results
    const pages = results.pages.map((page) => ({
      ...page,
      videos: page.videos.filter((video) => video.id !== id),
    }))
    return { ...results, pages }
  })
}

/** One page of at most `limit` (1–200) cards. */
export async function resultPage(
  ranked: boolean,
  wish: QueryValues,
  cursor: string | null,
  limit: number,
  signal?: AbortSignal,
): Promise<ResultPage> {
  const query = { ...wish, limit, cursor }
  if (ranked) {
    const answer = await request<SearchAnswer>('/api/search', { query, signal })
    const videos = answer.results.map(({ video_id, ...rest }) => ({ id: video_id, ...rest }))
    return { videos, mode: answer.mode, next_cursor: answer.next_cursor }
  }
  const page = await request<VideoPage>('/api/videos', { query, signal })
  const videos = page.items.map(({ source_url: _, ...rest }) => ({
    ...rest,
    score: null,
    moments: [],
  }))
  return { videos, mode: null, next_cursor: page.next_cursor }
}

/** How many videos there are for each value of each filter. */
export const facetsQuery = (wish: QueryValues) =>
  queryOptions({
    queryKey: ['facets', wish],
    queryFn: ({ signal }) => request<Facets>('/api/facets', { query: wish, signal }),
    staleTime: 30_000,
  })
