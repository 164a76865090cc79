import { queryOptions } from '@tanstack/react-query'
import type { Health, Stats } from '../../../src/api/schemas/status.ts'
import type { TaxonomyList } from '../../../src/api/schemas/taxonomies.ts'
import type { VideoPage } from '../../../src/api/schemas/videos.ts'
import { ApiError, request } from './client.ts'

export type { Health, Stats, TaxonomyList }

export const statsQuery = () =>
  queryOptions({
    queryKey: ['stats'],
    queryFn: ({ signal }) => request<Stats>('/stats', { signal }),
  })

/** The videos that came into the library last and are ready. */
export const latestVideosQuery = (limit: number) =>
  queryOptions({
    queryKey: ['videos', 'latest', limit],
    queryFn: ({ signal }) =>
      request<VideoPage>('/api/videos', { query: { status: 'completed', limit }, signal }),
  })

/** What is installed and reachable. A 503 carries the same answer: it says what is down. */
export const healthQuery = () =>
  queryOptions({
    queryKey: ['health'],
    queryFn: async ({ signal }): Promise<Health> => {
      const response = await fetch('/health', { signal })
      const body = (await response.json().catch(() => null)) as Health | null
      if (!body?.checks) {
        throw new ApiError(response.status, 'server-unreachable', 'The server does not answer.')
      }
      return body
    },
    staleTime: 60_000,
  })

export const taxonomiesQuery = () =>
  queryOptions({
    queryKey: ['taxonomies'],
    queryFn: ({ signal }) => request<TaxonomyList>('/api/taxonomies', { signal }),
    staleTime: 600_000,
  })
