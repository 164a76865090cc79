import { expect, it } from 'vitest'
import { queryVariants } from '../../src/labeling/expansion.ts'
import { framesRelevance, relevanceOf } from '../../src/labeling/relevance.ts'

const categories = {
  welding: ['weld', 'welding', 'tig', 'mig welding', 'arc welder', 'Welding MIG'],
  turning: ['lathe', 'turning'],
}

it('searches on with the words of the category that the query fits, each once', () => {
  // `tig` alone is many things; what the query holds already is left out.
  expect(queryVariants({ categories }, 'welding a pipe')).toEqual([
    'weld',
    'welding tig',
    'mig welding',
    'arc welder',
  ])
  expect(queryVariants({ categories }, 'lathe')).toEqual(['turning'])
})

it('has no other words for what fits no category, a hashtag or a profile', () => {
  expect(queryVariants({ categories }, 'cats')).toEqual([])
  expect(queryVariants({ categories }, '#welding')).toEqual([])
  expect(queryVariants({ categories }, '@welding')).toEqual([])
})

it('counts the best frame for a half and the mean of all for the other', () => {
  const [query, background] = [[[1, 0]], [[0, 1]]]
  expect(framesRelevance(query, background, [[1, 0]])).toBeCloseTo(1, 5)
  expect(framesRelevance(query, background, [[0, 1]])).toBeCloseTo(0, 5)
  const one = [[1, 0], ...Array.from({ length: 3 }, () => [0, 1])]
  expect(framesRelevance(query, background, one)).toBeCloseTo((1 + 0.25) / 2, 5)
  expect(framesRelevance(query, background, [])).toBeNull()
})

it('lets what is about the same as the query not compete with it', () => {
  const query = [[1, 0, 0, 0, 0]]
  const alike = [0.9, 0.1, 0, 0, 0]
  const [other, third, far] = [0, 1, 2].map((at) => [0.1, 0, 0, 0, 0].with(at + 2, 1))
  const frame = [1, 0.2, 0, 0, 0]
  expect(framesRelevance(query, [alike, other!, third!, far!], [frame])).toBeCloseTo(1, 5)
  expect(framesRelevance(query, [alike], [frame])).toBeLessThan(0.2)
})

it('lets words carry a half, and all where there are no frames', () => {
  expect(relevanceOf(0, 1)).toBe(0.5)
  expect(relevanceOf(0.4, 0)).toBe(0.4)
  expect(relevanceOf(0.4, 1)).toBe(0.7)
  expect(relevanceOf(1, 0)).toBe(1)
  expect(relevanceOf(null, 0.75)).toBe(0.75)
})
