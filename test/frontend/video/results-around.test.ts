import { QueryClient } from '@tanstack/react-query'
import { beforeEach, expect, it } from 'vitest'
import { type CardVideo, resultsQuery } from '../../../frontend/src/api/search.ts'
import { lastResults } from '../../../frontend/src/lib/last-results.ts'
import { resultsAround } from '../../../frontend/src/pages/video/header/results-around.ts'

beforeEach(() => lastResults.set(null))

const card = (id: string, start?: number) =>
  ({ id, moments: start === undefined ? [] : [{ start_time: start }] }) as unknown as CardVideo

function keep(client: QueryClient, wish: string, pages: CardVideo[][], updatedAt: number) {
  client.setQueryData(
    resultsQuery(true, { q: wish }).queryKey,
    {
      pages: pages.map((videos) => ({ videos, mode: 'hybrid' as const, next_cursor: null })),
      pageParams: pages.map(() => null),
    },
    { updatedAt },
  )
}

it('finds the neighbours over pages, with their best moments', () => {
  const client = new QueryClient()
  keep(client, 'weld', [[card('a', 4), card('b')], [card('c', 7.5)]], 1)
  expect(resultsAround(client, 'b')).toEqual({
    before: { id: 'a', at: 4 },
    after: { id: 'c', at: 7.5 },
  })
  expect(resultsAround(client, 'c').after).toBeNull()
})

it('goes by the newest list that has the video', () => {
  const client = new QueryClient()
  keep(client, 'weld', [[card('a'), card('b')]], 1)
  keep(client, 'lathe', [[card('x'), card('a'), card('y')]], 2)
  expect(resultsAround(client, 'a').after?.id).toBe('y')
  expect(resultsAround(client, 'b').before?.id).toBe('a')
})

it('goes by the list that was last shown, though another was asked anew since', () => {
  const client = new QueryClient()
  keep(client, 'weld', [[card('a'), card('b')]], 1)
  keep(client, 'lathe', [[card('x'), card('a'), card('y')]], 2)
  lastResults.set(resultsQuery(true, { q: 'weld' }).queryKey)
  expect(resultsAround(client, 'a')).toEqual({ before: null, after: { id: 'b', at: null } })
  // Not in it: the newest that has it.
  expect(resultsAround(client, 'y').before?.id).toBe('a')
  // No longer kept.
  lastResults.set(resultsQuery(true, { q: 'gone' }).queryKey)
  expect(resultsAround(client, 'a').after?.id).toBe('y')
})

it('has none for who did not come from a list', () => {
  expect(resultsAround(new QueryClient(), 'a')).toEqual({ before: null, after: null })
})
