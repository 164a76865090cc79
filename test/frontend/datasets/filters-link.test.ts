import { expect, it } from 'vitest'
import { searchLink } from '../../../frontend/src/pages/datasets/filters-link.ts'
import { filtersJson, parseFilters } from '../../../src/datasets/filters.ts'

it('leads to a search with the very same filters', () => {
  const filters = filtersJson(
    parseFilters({
      platform: ['youtube', 'commons'],
      category: ['3d_printing'],
      tags: ['cnc'],
      objects: ['person', 'cell phone'],
      activities: ['tool_usage'],
      min_confidence: 0.5,
      min_duration: 0,
      max_duration: 60.5,
      licence: ['open'],
      has_speech: false,
      hide_duplicates: true,
      q: 'mill & lathe',
    }),
  )
  const link = searchLink(filters)
  const query = Object.fromEntries(new URL(`http://x${link}`).searchParams)
  expect(link).toMatch(/^\/search\?/)
  expect(filtersJson(parseFilters(query))).toEqual(filters)
})

it('is the plain search for a dataset of everything', () => {
  expect(searchLink({})).toBe('/search')
})

it('gives no link that is too long to be followed', () => {
  const ids = Array.from({ length: 200 }, () => crypto.randomUUID())
  expect(searchLink({ video_ids: ids.slice(0, 100) })).toContain('video_ids=')
  expect(searchLink({ video_ids: ids })).toBeNull()
})
