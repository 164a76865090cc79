import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type {
  AcceptedTask,
  Candidate,
  CandidatePage,
  Estimate,
  IngestBody,
  Task,
  TaskPage,
} from '../../../src/api/schemas/tasks.ts'
import { request } from './client.ts'

export type { AcceptedTask, Candidate, Estimate, IngestBody, Task }

export const tasksQuery = (limit = 20) =>
  infiniteQueryOptions({
    queryKey: ['tasks', 'list', limit],
    queryFn: ({ signal, pageParam }) =>
      request<TaskPage>('/api/tasks', { query: { limit, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['tasks', id],
    queryFn: ({ signal }) => request<Task>(`/api/tasks/${id}`, { signal }),
  })

/** What a task found, and why some of it was not taken. */
export const candidatesQuery = (id: string, state?: Candidate['state']) =>
  infiniteQueryOptions({
    queryKey: ['tasks', id, 'candidates', state ?? 'all'],
    queryFn: ({ signal, pageParam }) =>
      request<CandidatePage>(`/api/tasks/${id}/candidates`, {
        query: { state, limit: 100, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

export const startIngestion = (body: IngestBody) =>
  request<AcceptedTask>('/api/ingest', { method: 'POST', body })

/** What such a request would find and cost; nothing is started. */
export const estimateIngestion = (body: IngestBody) =>
  request<Estimate>('/api/ingest', { method: 'POST', body: { ...body, dry_run: true } })

export const cancelTask = (id: string) =>
  request<Task>(`/api/tasks/${id}/cancel`, { method: 'POST' })

/** With `codes` only what failed so. */
export const retryTask = (id: string, codes?: string[]) =>
  request<Task>(`/api/tasks/${id}/retry`, {
    method: 'POST',
    ...(codes ? { body: { codes } } : {}),
  })
