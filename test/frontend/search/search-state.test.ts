import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withQuery } from '../../../frontend/src/api/client.ts'
import { QUALITY_BOUNDS } from '../../../frontend/src/pages/search/quality-filters.ts'
import {
  activeFilters,
  DENSITIES,
  filtersOf,
  LIST_FILTERS,
  listWish,
  NO_FILTERS,
  rankedWish,
  readState,
  type SearchState,
  SORTS,
  writeState,
} from '../../../frontend/src/pages/search/search-state.ts'

const read = (query: string) => readState(new URLSearchParams(query))
const EMPTY = read('')

describe('the address of the search page', () => {
  const value = fc
    .string({ minLength: 1, maxLength: 12 })
    .map((text) => text.trim())
    .filter(Boolean)
  const values = fc.uniqueArray(value, { maxLength: 4 })
  const optional = (max: number) =>
    fc.option(fc.double({ min: 0, max, noNaN: true }).map(Math.abs), { nil: null })
  const states: fc.Arbitrary<SearchState> = fc.record({
    ...(Object.fromEntries(LIST_FILTERS.map((name) => [name, values])) as Record<
      (typeof LIST_FILTERS)[number],
      typeof values
    >),
    ...(Object.fromEntries(QUALITY_BOUNDS.map((name) => [name, optional(1)])) as Record<
      (typeof QUALITY_BOUNDS)[number],
      ReturnType<typeof optional>
    >),
    slide_show: fc.option(fc.boolean(), { nil: null }),
    screen_recording: fc.option(fc.boolean(), { nil: null }),
    video_ids: fc.uniqueArray(fc.uuid(), { maxLength: 3 }),
    q: fc.string({ maxLength: 30 }).filter((text) => text === '' || text.trim() !== ''),
    similar_to: fc.constant(''),
    similar_video: fc.constant(''),
    min_confidence: optional(1),
    min_duration: optional(10),
    max_duration: optional(1e6).map((seconds) => (seconds === null ? null : seconds + 10)),
    has_speech: fc.option(fc.boolean(), { nil: null }),
    hide_duplicates: fc.boolean(),
    sort: fc.constantFrom(...SORTS),
    density: fc.constantFrom(...DENSITIES),
  })

  it('gives back every state it was written from, with commas in values too', () => {
    fc.assert(
      fc.property(states, (state) => {
        const again = readState(new URLSearchParams(writeState(state).toString()))
        expect(again).toEqual(state)
      }),
    )
  })

  it('leaves out what is as usual', () => {
    expect(writeState(EMPTY).toString()).toBe('')
    expect(writeState({ ...EMPTY, q: 'a b', objects: ['person', 'car'] }).toString()).toBe(
      'q=a+b&objects=person%2Ccar',
    )
  })

  it('takes a wrong value as not given', () => {
    expect(
      read('sort=colour&density=huge&min_confidence=1.5&min_duration=-3&has_speech=maybe'),
    ).toEqual(EMPTY)
    expect(read('similar_to=nonsense')).toEqual(EMPTY)
    // The API would refuse a range that ends before it starts.
    expect(read('min_duration=20&max_duration=10')).toEqual(EMPTY)
  })

  it('holds one value once, without its spaces', () => {
    expect(read('objects=person, car,,person').objects).toEqual(['person', 'car'])
  })

  it('reads a dataset’s link, where each value with a comma is named on its own', () => {
    const link = withQuery('/search', { tags: ['cut, weld'], platform: ['youtube', 'folder'] })
    const state = read(link.split('?')[1] ?? '')
    expect(state.tags).toEqual(['cut, weld'])
    expect(state.platform).toEqual(['youtube', 'folder'])
  })
})

describe('what is asked of the API', () => {
  it('is a comparison or words, never both', () => {
    const state = read('q=welding&similar_to=video:1&objects=person')
    expect(rankedWish(state)).toEqual({ similar_to: 'video:1', objects: ['person'] })
    expect(state.q).toBe('')
  })

  it('names status and order for lists alone', () => {
    const state = read('status=failed&sort=-duration&has_speech=false&min_duration=0')
    expect(listWish(state)).toEqual({
      status: ['failed'],
      sort: '-duration',
      has_speech: false,
      min_duration: 0,
    })
    expect(filtersOf(state)).toEqual({ has_speech: false, min_duration: 0 })
  })

  it('never holds the looks of the page', () => {
    const state = read('density=large&similar_to=keyframe:k&similar_video=v')
    expect(rankedWish(state)).toEqual({ similar_to: 'keyframe:k' })
  })
})

describe('filters in force', () => {
  it('are dropped one by one, a value at a time', () => {
    const state = read('objects=person,car&max_duration=65&hide_duplicates=true')
    const filters = activeFilters(state)
    expect(filters.map(({ name, value }) => `${name} ${value}`)).toEqual([
      'object person',
      'object car',
      'length at most 1:05',
      'duplicates hidden',
    ])
    expect(filtersOf({ ...state, ...filters[0]?.without })).toEqual({
      objects: ['car'],
      max_duration: 65,
      hide_duplicates: true,
    })
  })

  it('are all gone with NO_FILTERS, and the words stay', () => {
    const state = read(
      'q=x&objects=a&activities=b&tags=c&category=d&platform=e&licence=f&status=failed&min_confidence=0.5&min_duration=1&max_duration=2&has_speech=true&hide_duplicates=1&video_ids=g',
    )
    expect(activeFilters({ ...state, q: '' })).toHaveLength(12)
    expect({ ...state, ...NO_FILTERS }).toEqual({ ...EMPTY, q: 'x' })
  })

  it('leave the status out of a search, which does not know it', () => {
    expect(activeFilters(read('q=x&status=failed'))).toEqual([])
  })
})
