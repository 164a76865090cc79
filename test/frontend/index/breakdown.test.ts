import { expect, it } from 'vitest'
import { barsOf, videosLink } from '../../../frontend/src/pages/index/breakdown-card.tsx'
import { readState } from '../../../frontend/src/pages/search/search-state.ts'

it('orders by count, leaves out what is empty, and counts the long tail together', () => {
  expect(barsOf({ b: 2, a: 2, none: 0, c: 9 })).toEqual([
    { name: 'c', count: 9 },
    { name: 'a', count: 2 },
    { name: 'b', count: 2 },
  ])
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 10 - i]))
  const bars = barsOf(many)
  expect(bars).toHaveLength(8)
  expect(bars.at(-1)).toEqual({ name: null, count: 3 + 2 + 1 })
})

it.each(['CC BY 4.0, by the author', 'CC-BY-4.0'])(
  'leads to the videos of the licence %s',
  (name) => {
    const { searchParams } = new URL(videosLink('licence', name), 'http://localhost')
    expect(readState(searchParams).licence).toEqual([name])
  },
)
