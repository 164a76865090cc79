import { describe, expect, it } from 'vitest'
import { categoryOf } from '../../src/labeling/category.ts'
import { keywordMatches, keywordWords } from '../../src/labeling/keywords.ts'
import { autoTags } from '../../src/labeling/tags.ts'
import { loadTaxonomy } from '../../src/labeling/taxonomy.ts'

const taxonomy = await loadTaxonomy('manufacturing')
const category = (title: string, query: string | null = null, tags: string[] = []) =>
  categoryOf(taxonomy, { query, title, tags })
const none = { query: null, description: null, transcript: null, activities: [], objects: [] }
const tags = (title: string, rest: Partial<Parameters<typeof autoTags>[1]> = {}) =>
  autoTags(taxonomy, { ...none, title, ...rest })

describe('keyword matching', () => {
  it.each([
    ['lathe', 'Two LATHES!', true],
    ['lathes', 'one lathe', true],
    ['assembly', 'assemblies', true],
    ['torque wrench', 'torque wrenches', true],
    ['3d printing', '#3DPrinting', true],
    ['3d printing', '3D-printing', true],
    ['3d printing', '3d_printing', true],
    ['cnc machining', 'cnc and machining', false],
    ['lathe', 'blather', false],
    ['lathe', 'la the', false],
    ['mig', 'migration', false],
    ['weld', 'Weldon', false],
    ['5 axis', '5-axis mill', true],
    ['ｃｎｃ', 'CNC', true],
    ['schweißen', 'SCHWEISSEN', false],
    ['фреза', 'Фреза по металлу', true],
  ])('%s in "%s": %s', (keyword, text, found) => {
    expect(keywordMatches(keywordWords(text), keyword).size > 0).toBe(found)
  })

  it('covers each of the words it found', () => {
    expect(keywordMatches(keywordWords('a cnc lathe is a CNC lathe'), 'cnc lathe')).toEqual(
      new Set([1, 2, 5, 6]),
    )
  })

  it('finds nothing by a keyword of signs only', () => {
    expect(keywordMatches(keywordWords('a - b'), '-').size).toBe(0)
  })
})

describe('categoryOf', () => {
  it.each([
    ['Haas VF-2 first parts', 'cnc'],
    ['How to TIG weld aluminium', 'welding'],
    ['Engine assembly line at the car factory', 'assembly'],
    ['My 3D printer farm', '3d_printing'],
    ['Restoring an old lathe', 'lathe'],
    ['CNC lathe turning a shaft', 'lathe'],
    ['Cats playing in the garden', 'other'],
    ['', 'other'],
  ])('puts "%s" under %s', (title, expected) => {
    expect(category(title)).toBe(expected)
  })

  it('takes the query when the title says nothing', () => {
    expect(category('IMG_0042.mov', 'CNC machining')).toBe('cnc')
  })

  it('believes the title more than the query', () => {
    expect(category('Wood lathe for beginners', 'CNC machining')).toBe('lathe')
  })

  it('reads tags, which cannot outvote the title however many they are', () => {
    expect(category('IMG_0042.mov', null, ['welding'])).toBe('welding')
    expect(category('Lathe', null, ['weld', 'tig', 'mig welding', 'brazing', 'gtaw'])).not.toBe(
      'assembly',
    )
    expect(category('Wood lathe', null, ['weld', 'tig', 'mig', 'brazing', 'gtaw'])).toBe('lathe')
  })

  it('gives a tie to the category that comes first', () => {
    const categories = { b: ['x'], a: ['y'] }
    const input = { query: null, title: 'y x', tags: [] }
    expect(categoryOf({ categories }, input)).toBe('b')
    expect(categoryOf({ categories: { a: ['y'], b: ['x'] } }, input)).toBe('a')
  })
})

describe('autoTags', () => {
  it('finds keywords in query, title, description and transcript', () => {
    expect(
      tags('Making a gear', {
        query: 'CNC machining',
        description: 'Printed with a 3D printer',
        transcript: 'then we go to the lathe',
      }),
    ).toEqual(['3d printing', 'cnc', 'lathe', 'machining'])
  })

  it('does not find a keyword across two fields', () => {
    expect(tags('sheet', { description: 'metal' })).toEqual([])
  })

  it('adds activities and objects, each once, lower case and sorted', () => {
    expect(
      tags('Robot welding', {
        activities: ['tool_usage', 'tool_usage'],
        objects: ['person', 'Person', 'traffic light', ' '],
      }),
    ).toEqual(['person', 'robot', 'tool_usage', 'traffic light', 'welding'])
  })

  it('reads an hour of speech in less than a second', () => {
    const transcript = 'and now we are welding the frame of a lathe together '.repeat(1_000)
    const start = performance.now()
    expect(tags('', { transcript })).toEqual(['lathe', 'welding'])
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})
