import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { calibrate } from '../../src/labeling/calibrate.ts'
import { quantilesOf, SHARES, shareBelow } from '../../src/labeling/calibration.ts'
import { freshCalibration } from '../../src/labeling/concepts.ts'
import { loadTaxonomy, parseTaxonomy } from '../../src/labeling/taxonomy.ts'
import { withCalibration } from '../../src/labeling/taxonomy-edit.ts'
import { taxonomyYaml } from '../../src/labeling/taxonomy-yaml.ts'

const concept = (name: string, change: Record<string, unknown> = {}) => ({
  name,
  prompts: [`a ${name}`],
  threshold: 0.5,
  threshold_origin: 'a guess',
  ...change,
})
const FILE = `# Ours.
name: small
version: '1'
objects: {}
categories: {}
background: [a wall, a tree]
concepts: # three of them
${stringify([concept('pan'), concept('pot', { model_thresholds: { m: null } }), concept('lid')])
  .trimEnd()
  .replace(/^/gm, '  ')}
activities: []
tags: {}
`
const taxonomy = parseTaxonomy(FILE, 'small.yaml')
const model = { name: 'm', revision: '1' }
const about = { model, date: '2026-01-02', origin: 'a test' }

/** A hundred background frames with log-odds of 1 to 100, and some of a pan and a pot. */
const background = Array.from({ length: 100 }, (_, i) => ({ concepts: [], logOdds: i + 1 }))
const measured = (own: { concepts: string[]; logOdds: number }[]) => {
  const all = [...background, ...own]
  return calibrate(
    taxonomy,
    all.map(({ concepts }, i) => ({ file: `${i}.jpg`, concepts })),
    all.map(({ logOdds }) => [logOdds, logOdds, logOdds]),
    about,
  )
}

describe('quantilesOf', () => {
  it('is linear between neighbours', () => {
    expect(quantilesOf([4, 1, 3, 2], [0, 0.5, 0.9, 1])).toEqual([1, 2.5, 3.7, 4])
    expect(quantilesOf([7], [0, 0.3, 1])).toEqual([7, 7, 7])
    expect(() => quantilesOf([], [0])).toThrow(RangeError)
  })

  it('gives each frame of the background the share of those below it', () => {
    const values = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(values, (some) => {
        const sorted = some.toSorted((a, b) => a - b)
        const shares = sorted.map((_, i) => i / Math.max(1, sorted.length - 1))
        const quantiles = quantilesOf(some, shares)
        for (const value of sorted) {
          const below = sorted.findIndex((other) => other >= value)
          const share = shareBelow(value, { shares, frames: some.length }, quantiles)
          // n frames stand for n - 1 steps here, and show n / (n + 1) at most.
          expect(share).toBeCloseTo(
            (below / Math.max(1, some.length - 1)) * (some.length / (some.length + 1)),
            6,
          )
        }
      }),
    )
  })
})

describe('calibrate', () => {
  it('takes the score that one background frame in a hundred reaches', () => {
    const own = [99.5, 100.5, 120, 96].map((logOdds) => ({ concepts: ['pan'], logOdds }))
    const [pan] = measured(own).concepts
    expect(pan).toMatchObject({
      threshold: 0.99,
      keepThreshold: 0.95,
      origin: '2 of 4 frames that show it reach 0.99, 4 reach 0.95.',
    })
    expect(pan?.quantiles).toHaveLength(SHARES.length)
    expect(pan?.quantiles.at(-1)).toBe(100)
  })

  it('leaves silent what is hardly found, and what nobody has shown that was silent', () => {
    const own = Array.from({ length: 11 }, (_, i) => ({
      concepts: ['pan'],
      logOdds: i === 0 ? 200 : 50,
    }))
    const [pan, pot, lid] = measured(own).concepts
    expect(pan).toMatchObject({ threshold: null, keepThreshold: null })
    expect(pan?.origin).toBe('1 of 11 frames that show it reach 0.99, so it stays silent.')
    expect(pot).toMatchObject({ threshold: null, keepThreshold: null })
    expect(lid).toMatchObject({ threshold: 0.99, origin: expect.stringContaining('not known') })
  })

  it('refuses to judge by a handful of frames', () => {
    expect(() => calibrate(taxonomy, [], [], about)).toThrow(
      expect.objectContaining({ code: 'too-few-frames' }),
    )
  })
})

describe('withCalibration', () => {
  const first = measured([{ concepts: ['pan'], logOdds: 120 }])

  it('keeps the rest of the file as it was written', () => {
    const text = withCalibration(FILE, first, 'small.yaml')
    expect(text.startsWith(FILE)).toBe(true)
    expect(parseTaxonomy(text, 'x').calibrations).toEqual([first])
  })

  it('replaces the earlier one of the model and keeps those of others', () => {
    const other = { ...first, model: 'n' }
    const both = withCalibration(withCalibration(FILE, first, 'a'), other, 'b')
    const again = withCalibration(
      `${both}min_duration_seconds: 3 # long\n`,
      { ...first, date: '2026-02-03' },
      'c',
    )
    const read = parseTaxonomy(again, 'd')
    expect(read.calibrations.map(({ model: name, date }) => [name, date])).toEqual([
      ['n', '2026-01-02'],
      ['m', '2026-02-03'],
    ])
    expect(read.minDurationSeconds).toBe(3)
    expect(again).toContain('min_duration_seconds: 3 # long')
    expect(parseTaxonomy(taxonomyYaml(read), 'e')).toEqual(read)
  })

  it('changes the hash, and other prompts make it stale', () => {
    const read = parseTaxonomy(withCalibration(FILE, first, 'x'), 'x')
    expect(read.hash).not.toBe(taxonomy.hash)
    expect(freshCalibration(read, read.concepts[0]!, model)?.own.threshold).toBe(0.99)
    expect(freshCalibration(read, { ...read.concepts[0]!, prompts: ['a cup'] }, model)).toBeNull()
  })
})

it('every calibration of the manufacturing taxonomy is of its prompts as they are', async () => {
  const manufacturing = await loadTaxonomy('manufacturing')
  expect(manufacturing.calibrations.map((each) => each.model)).toEqual(['mini-vl'])
  for (const calibration of manufacturing.calibrations) {
    const of = { name: calibration.model, revision: calibration.revision }
    for (const each of manufacturing.concepts) {
      expect(freshCalibration(manufacturing, each, of)?.own.origin.length).toBeGreaterThan(20)
    }
  }
})
