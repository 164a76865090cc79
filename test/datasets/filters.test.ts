import { describe, expect, it } from 'vitest'
import { describeFilters, filtersJson, parseFilters } from '../../src/datasets/filters.ts'
import { InvalidInputError } from '../../src/errors.ts'

function faultsOf(input: unknown, at = ''): { path: string; expected: string; got: string }[] {
  try {
    parseFilters(input, at)
  } catch (error) {
    if (error instanceof InvalidInputError) return error.faults
    throw error
  }
  return []
}

describe('parseFilters', () => {
  it('reads the same filters from a query string and from JSON', () => {
    const fromQuery = parseFilters({
      platform: 'youtube,commons',
      tags: ' cnc , 3d printing,',
      min_confidence: '0.5',
      min_duration: '5',
      has_speech: 'true',
      hide_duplicates: '0',
      q: ' lathe ',
    })
    expect(fromQuery).toEqual({
      platform: ['youtube', 'commons'],
      tags: ['cnc', '3d printing'],
      minConfidence: 0.5,
      minDuration: 5,
      hasSpeech: true,
      hideDuplicates: false,
      query: 'lathe',
    })
    expect(parseFilters(filtersJson(fromQuery))).toEqual(fromQuery)
  })

  it('takes nothing and empty values as no filter', () => {
    expect(parseFilters({})).toEqual({})
    expect(parseFilters({ platform: '', tags: [], q: ' ' })).toEqual({})
  })

  it('takes 10,000 videos, each once', () => {
    const ids = Array.from({ length: 9_999 }, () => crypto.randomUUID())
    const given = { video_ids: [...ids, ids[0]!.toUpperCase()] }
    expect(parseFilters(given)).toEqual({ videoIds: ids })
    expect(filtersJson(parseFilters(given))).toEqual({ video_ids: ids })
  })

  it('names an unknown filter and those it knows', () => {
    expect(faultsOf({ colour: 'red', tags: ['x'] }, 'filters.')).toEqual([
      {
        path: 'filters.colour',
        expected: expect.stringContaining('platform, category, tags, objects'),
        got: 'an unknown filter',
      },
    ])
  })

  it.each([
    ['min_confidence', 1.5],
    ['min_confidence', 'high'],
    ['min_confidence', -0.1],
    ['min_confidence', ''],
    ['min_duration', -1],
    ['max_duration', 1e12],
    ['max_duration', 'Infinity'],
    ['max_duration', null],
    ['has_speech', 'maybe'],
    ['hide_duplicates', 2],
    ['tags', [1]],
    ['tags', { a: 1 }],
    ['objects', Array.from({ length: 51 }, (_, i) => `o${i}`)],
    ['licence', 'a\0b'],
    ['q', 'x'.repeat(1001)],
    ['video_ids', 'one,two'],
    ['video_ids', []],
    ['video_ids', Array.from({ length: 10_001 }, () => crypto.randomUUID())],
  ])('refuses %s = %j by name, with what was expected and what came', (name, value) => {
    const faults = faultsOf({ [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]!.path).toBe(name)
    expect(faults[0]!.expected.length).toBeGreaterThan(5)
    expect(faults[0]!.got.length).toBeLessThan(100)
  })

  it('reports all faults at once', () => {
    const paths = faultsOf({ x: 1, y: 2, min_confidence: 2 }).map((fault) => fault.path)
    expect(paths.sort()).toEqual(['min_confidence', 'x', 'y'])
  })

  it('refuses a shortest duration above the longest', () => {
    expect(faultsOf({ min_duration: 10, max_duration: 5 })).toMatchObject([
      { path: 'min_duration', got: '10' },
    ])
  })

  it.each([null, 'tags', 3, []])('refuses %j as filters', (input) => {
    expect(faultsOf(input, 'filters.')).toMatchObject([{ path: 'filters' }])
  })
})

describe('describeFilters', () => {
  it('says the filters in words', () => {
    expect(describeFilters({})).toBe('all videos')
    expect(
      describeFilters({ objects: ['person', 'bottle'], minDuration: 5, licence: ['open'] }),
    ).toBe('objects person and bottle · at least 5 s · licence open')
    expect(describeFilters({ videoIds: ['a'], hasSpeech: true })).toBe(
      '1 chosen video · with speech',
    )
    expect(describeFilters({ videoIds: Array.from({ length: 1200 }, String) })).toBe(
      '1,200 chosen videos',
    )
  })
})
