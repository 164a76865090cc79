import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Dataset, DatasetVideo } from '../../../src/api/schemas/datasets.ts'
import type { DatasetExport } from '../../../src/api/schemas/exports.ts'
import { request } from './client.ts'

export type { Dataset, DatasetExport, DatasetVideo }

interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export const datasetsQuery = (limit = 50) =>
  infiniteQueryOptions({
    queryKey: ['datasets', 'list', limit],
    queryFn: ({ signal, pageParam }) =>
      request<Page<Dataset>>('/api/dataset', { query: { limit, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: ['datasets', id],
    queryFn: ({ signal }) => request<Dataset>(`/api/dataset/${id}`, { signal }),
  })

export const datasetExportsQuery = (id: string) =>
  queryOptions({
    queryKey: ['datasets', id, 'exports'],
    queryFn: ({ signal }) => request<Page<DatasetExport>>(`/api/dataset/${id}/exports`, { signal }),
  })

export const datasetVideosQuery = (id: string, limit = 50) =>
  infiniteQueryOptions({
    queryKey: ['datasets', id, 'videos', limit],
    queryFn: ({ signal, pageParam }) =>
      request<Page<DatasetVideo>>(`/api/dataset/${id}/videos`, {
        query: { limit, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

export const createDataset = (
  body: {
    name: string
    description?: string | null
    filters: Record<string, unknown>
  },
  signal?: AbortSignal,
) => request<Dataset>('/api/dataset', { method: 'POST', body, signal })

export const deleteDataset = (id: string) =>
  request<null>(`/api/dataset/${id}`, { method: 'DELETE' })

export const startExport = (datasetId: string) =>
  request<DatasetExport>(`/api/dataset/${datasetId}/exports`, {
    method: 'POST',
    body: { format: 'zip' },
  })

export const deleteExport = (id: string) =>
  request<null>(`/api/exports/${id}`, { method: 'DELETE' })
