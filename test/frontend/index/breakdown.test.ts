import { expect, it } from 'vitest'
import { barsOf } from '../../../frontend/src/pages/index/breakdown-card.tsx'

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
