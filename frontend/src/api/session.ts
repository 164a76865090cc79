import { queryOptions } from '@tanstack/react-query'
import type { Session } from '../../../src/api/schemas/session.ts'
import { request } from './client.ts'

export type { Session }

export const sessionQuery = () =>
  queryOptions({
    queryKey: ['session'],
    queryFn: ({ signal }) => request<Session>('/api/session', { signal }),
    staleTime: 60_000,
  })

export const signIn = (token: string) =>
  request<null>('/api/session', { method: 'POST', body: { token } })
