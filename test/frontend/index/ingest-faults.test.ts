import { expect, it } from 'vitest'
import { ApiError } from '../../../frontend/src/api/client.ts'
import { placeFaults } from '../../../frontend/src/pages/index/ingest-faults.ts'

const SHOWN = ['query', 'max_videos'] as const

it('puts each fault beside its field', () => {
  const error = new ApiError(400, 'invalid-input', 'Two things are wrong.', [
    { path: 'max_videos', expected: 'at most 10000', got: '20000' },
    { path: 'query', expected: 'at least 1 character', got: '""' },
  ])
  expect(placeFaults(error, SHOWN)).toEqual({
    fields: {
      max_videos: 'Expected at most 10000, got 20000.',
      query: 'Expected at least 1 character, got "".',
    },
    rest: null,
  })
})

it('says the whole when a fault is about a field that is not shown', () => {
  const error = new ApiError(400, 'invalid-input', 'Two things are wrong.', [
    { path: 'max_videos', expected: 'at most 10000', got: '20000' },
    { path: 'taxonomy', expected: 'a name', got: '"/"' },
  ])
  expect(placeFaults(error, SHOWN)).toEqual({ fields: {}, rest: 'Two things are wrong.' })
})

it('knows the field of a refusal by its code', () => {
  const error = new ApiError(400, 'folder-not-allowed', 'The folder may not be read.')
  expect(placeFaults(error, ['path'])).toEqual({
    fields: { path: 'The folder may not be read.' },
    rest: null,
  })
  expect(placeFaults(error, SHOWN)).toEqual({ fields: {}, rest: 'The folder may not be read.' })
})

it('says what else went wrong, and nothing when nothing did', () => {
  expect(placeFaults(new TypeError('odd'), SHOWN)).toEqual({ fields: {}, rest: 'odd' })
  expect(placeFaults(null, SHOWN)).toEqual({ fields: {}, rest: null })
})
