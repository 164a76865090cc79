// Long because each fault of a taxonomy is spelt out with its message.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { InvalidInputError } from '../../src/errors.ts'
import { mapLabel } from '../../src/labeling/mapping.ts'
import { loadTaxonomy, parseTaxonomy } from '../../src/labeling/taxonomy.ts'
import { taxonomyYaml } from '../../src/labeling/taxonomy-yaml.ts'

const SMALL = {
  name: 'small',
  version: '1',
  objects: { person: 'person' },
  categories: { cooking: ['cook'] },
  background: ['a wall', 'a tree'],
  concepts: [{ name: 'pan', prompts: ['a pan'], threshold: 0.5, threshold_origin: 'a guess' }],
  activities: [{ label: 'cooking', all: ['person', 'pan'] }],
  tags: { cooking: ['cook'] },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'taxonomy-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The faults of the small taxonomy with some of its keys replaced. */
function faultsOf(change: Record<string, unknown>) {
  try {
    parseTaxonomy(stringify({ ...SMALL, ...change }), 'small.yaml')
  } catch (error) {
    if (error instanceof InvalidInputError) return error.faults
    throw error
  }
  return []
}

describe('the manufacturing taxonomy', () => {
  it('has the five categories, the mapping and the four rules of the default field', async () => {
    const taxonomy = await loadTaxonomy('manufacturing')
    expect(Object.keys(taxonomy.categories)).toEqual([
      'cnc',
      'welding',
      'assembly',
      '3d_printing',
      'lathe',
    ])
    expect(taxonomy.objects).toEqual({
      person: 'person',
      laptop: 'control_panel',
      scissors: 'cutting_tool',
      'cell phone': 'handheld_device',
      bicycle: 'conveyor',
    })
    expect(taxonomy.activities.map(({ label }) => label)).toEqual([
      'tool_usage',
      'machine_operation',
      'safety_check',
      'automated_process',
    ])
    expect(taxonomy.concepts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['hand_tool', 'safety_equipment', 'machine']),
    )
    expect(taxonomy.minDurationSeconds).toBe(2)
  })

  it('says of every threshold where it comes from', async () => {
    const { concepts } = await loadTaxonomy('manufacturing')
    for (const concept of concepts) expect(concept.thresholdOrigin.length).toBeGreaterThan(20)
  })

  it('maps labels and leaves those it does not know as they are', async () => {
    const taxonomy = await loadTaxonomy('manufacturing')
    expect(mapLabel(taxonomy, 'laptop')).toEqual({ label: 'control_panel', sourceLabel: 'laptop' })
    expect(mapLabel(taxonomy, 'person')).toEqual({ label: 'person', sourceLabel: 'person' })
    expect(mapLabel(taxonomy, 'traffic light')).toEqual({
      label: 'traffic light',
      sourceLabel: 'traffic light',
    })
    expect(mapLabel(taxonomy, 'constructor').label).toBe('constructor')
  })

  it('reads back from its export with the same content and hash', async () => {
    const taxonomy = await loadTaxonomy('manufacturing')
    expect(parseTaxonomy(taxonomyYaml(taxonomy), 'export')).toEqual(taxonomy)
  })
})

describe('a rule', () => {
  it('may ask for more than a label, and last and be bridged as it says', () => {
    const [rule, plain] = parseTaxonomy(
      stringify({
        ...SMALL,
        max_gap_seconds: 1,
        activities: [
          {
            label: 'x',
            any: [['pan', { label: 'person', count: 2, min_confidence: 0.6 }]],
            min_duration_seconds: 0.5,
            max_gap_seconds: 4,
          },
          ...SMALL.activities,
        ],
      }),
      'x',
    ).activities
    expect(rule).toEqual({
      label: 'x',
      all: [],
      any: [[{ label: 'pan' }, { label: 'person', count: 2, minConfidence: 0.6 }]],
      none: [],
      minDurationSeconds: 0.5,
      maxGapSeconds: 4,
    })
    expect(plain).toMatchObject({ minDurationSeconds: 2, maxGapSeconds: 1 })
  })
})

describe('the hash', () => {
  it('does not change with comments and layout', () => {
    const one = parseTaxonomy(stringify(SMALL), 'a')
    const other = parseTaxonomy(`# a comment\n${JSON.stringify(SMALL)}`, 'b')
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(other.hash).toBe(one.hash)
  })

  it.each([
    ['a prompt', { background: ['a wall', 'a bush'] }],
    ['a threshold', { concepts: [{ ...SMALL.concepts[0], threshold: 0.51 }] }],
    ['a rule', { activities: [{ label: 'cooking', any: ['person', 'pan'] }] }],
    ['the shortest segment', { min_duration_seconds: 3 }],
    ['the order of categories', { categories: { z: ['z'], cooking: ['cook'] } }],
  ])('changes with %s', (_, change) => {
    expect(parseTaxonomy(stringify({ ...SMALL, ...change }), 'a').hash).not.toBe(
      parseTaxonomy(stringify({ ...SMALL, categories: { cooking: ['cook'], z: ['z'] } }), 'a').hash,
    )
    expect(parseTaxonomy(stringify({ ...SMALL, ...change }), 'a').hash).not.toBe(
      parseTaxonomy(stringify(SMALL), 'a').hash,
    )
  })
})

describe('a wrong taxonomy', () => {
  it('is refused with every fault at once, by path', () => {
    expect(
      faultsOf({
        colour: 'red',
        concepts: [{ ...SMALL.concepts[0], threshold: 1.5, treshold: 1 }],
        tags: { cooking: [] },
      }),
    ).toEqual([
      { path: 'concepts.0.threshold', expected: 'number to be <=1', got: '1.5' },
      { path: 'concepts.0.treshold', expected: 'no such key', got: '1' },
      { path: 'tags.cooking', expected: 'array to have >=1 items', got: '[]' },
      { path: 'colour', expected: 'no such key', got: '"red"' },
    ])
  })

  it('is refused when a rule names a label that nothing produces', () => {
    expect(faultsOf({ activities: [{ label: 'x', all: ['person', ['pan', 'pot']] }] })).toEqual([
      {
        path: 'activities.0.all.1',
        expected: 'a concept or a value of objects',
        got: '"pot"',
      },
    ])
  })

  it('is refused for thresholds that contradict each other', () => {
    const calibration = {
      model: 'm',
      revision: '1',
      date: '2026-01-02',
      frames: 9,
      origin: 'a test',
      shares: [0, 1],
      concepts: [
        {
          name: 'pot',
          prompts: 'x',
          quantiles: [2, 1],
          threshold: 0.95,
          keep_threshold: 0.96,
          origin: 'a test',
        },
      ],
    }
    const rule = { label: 'x', all: [{ label: 'pan', keep_confidence: 0.2 }] }
    expect(
      faultsOf({
        concepts: [{ ...SMALL.concepts[0], keep_threshold: 0.6 }],
        activities: [rule],
        calibration: [calibration],
      }),
    ).toEqual([
      { path: 'concepts.0.keep_threshold', expected: 'at most threshold', got: '0.6' },
      {
        path: 'activities.0.all.0.keep_confidence',
        expected: 'at most min_confidence',
        got: '0.2',
      },
      {
        path: 'calibration.0.concepts.0.keep_threshold',
        expected: 'at most threshold',
        got: '0.96',
      },
      { path: 'calibration.0.concepts.0.name', expected: 'a concept', got: '"pot"' },
      {
        path: 'calibration.0.concepts.0.quantiles',
        expected: '2 numbers that never fall, one per share',
        got: '[2,1]',
      },
      {
        path: 'calibration.0.concepts.0.threshold',
        expected: 'at most 0.9, which 9 frames can show',
        got: '0.95',
      },
    ])
  })

  it('is refused for a template without a place for the prompt', () => {
    expect(faultsOf({ templates: ['a photo'] })).toEqual([
      { path: 'templates.0', expected: 'text with one {} for the prompt', got: '"a photo"' },
    ])
  })

  it.each([
    ['a rule without a condition', { activities: [{ label: 'x', none: ['pan'] }] }, 'activities.0'],
    [
      'a label used twice',
      {
        activities: [
          { label: 'x', all: ['pan'] },
          { label: 'x', all: ['person'] },
        ],
      },
      'activities.1.label',
    ],
    [
      'a concept used twice',
      { concepts: [SMALL.concepts[0], SMALL.concepts[0]] },
      'concepts.1.name',
    ],
    ['a category named other', { categories: { other: ['x'] } }, 'categories.other'],
    ['a single background prompt', { background: ['a wall'] }, 'background'],
  ])('is refused for %s', (_, change, place) => {
    expect(faultsOf(change).map((fault) => fault.path)).toEqual([place])
  })

  it.each([
    ['no YAML', 'name: [', 'line 1'],
    ['a key twice', 'name: a\nname: b', 'line 2'],
    ['text alone', 'hello', ''],
    ['nothing', '', ''],
  ])('that is %s is refused with the place', (_, text, place) => {
    expect(() => parseTaxonomy(text, 'x.yaml')).toThrow(
      expect.objectContaining({
        code: 'invalid-taxonomy',
        faults: [expect.objectContaining({ path: expect.stringContaining(place) })],
      }),
    )
  })

  it('that multiplies itself by aliases is refused', () => {
    const levels = 'abcdefghij'.split('')
    const bomb = levels
      .map((name, i) => {
        const before = levels[i - 1]
        return `${name}: &${name} [${Array(10)
          .fill(before ? `*${before}` : 'x')
          .join(', ')}]`
      })
      .join('\n')
    expect(() => parseTaxonomy(bomb, 'x.yaml')).toThrow(
      expect.objectContaining({ code: 'invalid-taxonomy' }),
    )
  })
})

describe('loadTaxonomy', () => {
  it('looks in the given folders before its own', async () => {
    const own = { ...parse(stringify(SMALL)), name: 'manufacturing' }
    await writeFile(path.join(folder, 'manufacturing.yaml'), stringify(own))
    expect((await loadTaxonomy('manufacturing', { searchDirs: [folder] })).version).toBe('1')
    expect((await loadTaxonomy('manufacturing')).version).not.toBe('1')
  })

  it('reads a file by its path, unless paths are not allowed', async () => {
    const file = path.join(folder, 'my own.yaml')
    await writeFile(file, stringify(SMALL))
    expect((await loadTaxonomy(file)).name).toBe('small')
    await expect(loadTaxonomy(file, { allowPaths: false })).rejects.toMatchObject({
      code: 'invalid-taxonomy-name',
    })
  })

  it.each([
    ['an unknown name', 'no-such-field', 'taxonomy-not-found'],
    ['a file that is not there', './no/such.yaml', 'taxonomy-not-found'],
    ['a folder', './', 'taxonomy-not-found'],
    ['a device', '/dev/zero', 'taxonomy-not-found'],
    ['something that is neither name nor path', 'a b', 'invalid-taxonomy-name'],
    ['nothing', '', 'invalid-taxonomy-name'],
    ['a dotted name', '..', 'invalid-taxonomy-name'],
  ])('refuses %s', async (_, name, code) => {
    await expect(loadTaxonomy(name)).rejects.toMatchObject({ code })
  })

  it('refuses a file of more than 1 MiB', async () => {
    const file = path.join(folder, 'large.yaml')
    await writeFile(file, `# ${'x'.repeat(1024 * 1024)}\n${stringify(SMALL)}`)
    await expect(loadTaxonomy(file)).rejects.toMatchObject({ code: 'invalid-taxonomy' })
  })
})
