import { QueryClient } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import { type CardVideo, resultsQuery } from '../../../frontend/src/api/search.ts'
import { resultsAround } from '../../../frontend/src/pages/video/header/results-around.ts'

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

it('has none for who did not come from a list', () => {
  expect(resultsAround(new QueryClient(), 'a')).toEqual({ before: null, after: null })
})
