import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportConcepts, suggest } from '../../src/labeling/concept-report.ts'
import type { ConceptScore } from '../../src/labeling/concepts.ts'
import { readLabelledFrames } from '../../src/labeling/labelled-frames.ts'
import { loadTaxonomy } from '../../src/labeling/taxonomy.ts'

const taxonomy = await loadTaxonomy('manufacturing')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'labelled-'))
  for (const file of [
    'machine/b.jpg',
    'machine/a.PNG',
    'machine/notes.txt',
    'machine+robot_arm/c.webp',
    'none/d.jpeg',
    'none/.hidden.jpg',
    '.git/e.jpg',
  ]) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), '')
  }
})
afterAll(() => rm(folder, { recursive: true }))

describe('readLabelledFrames', () => {
  it('reads pictures by the folders they are in', async () => {
    const frames = await readLabelledFrames(folder, taxonomy)
    expect(frames.map(({ file, concepts }) => [path.relative(folder, file), concepts])).toEqual([
      ['machine/a.PNG', ['machine']],
      ['machine/b.jpg', ['machine']],
      ['machine+robot_arm/c.webp', ['machine', 'robot_arm']],
      ['none/d.jpeg', []],
    ])
  })

  it('refuses a folder named after nothing it knows, with the names it knows', async () => {
    const other = await mkdtemp(path.join(tmpdir(), 'labelled-'))
    await mkdir(path.join(other, 'machine+robots'))
    await expect(readLabelledFrames(other, taxonomy)).rejects.toThrow(
      /hand_tool, safety_equipment.*; got machine\+robots\//,
    )
    await rm(other, { recursive: true })
    await expect(readLabelledFrames(other, taxonomy)).rejects.toMatchObject({
      code: 'labelled-frames-unreadable',
    })
  })

  it('refuses a folder without pictures', async () => {
    const empty = await mkdtemp(path.join(tmpdir(), 'labelled-'))
    await expect(readLabelledFrames(empty, taxonomy)).rejects.toThrow(/got none in/)
    await rm(empty, { recursive: true })
  })
})

describe('reportConcepts', () => {
  /** Only `machine` is scored; of it a label from 0.9 on. */
  const scored = (score: number): ConceptScore[] =>
    taxonomy.concepts.map(({ name }) => ({
      concept: name,
      score: name === 'machine' ? score : 0,
      scoreKind: 'background_quantile',
      logOdds: name === 'machine' ? score : 0,
      present: name === 'machine' && score >= 0.9,
      kept: false,
    }))
  const frames = [
    ['hit', ['machine'], 0.95],
    ['also-hit', ['machine', 'robot_arm'], 0.93],
    ['missed', ['machine'], 0.2],
    ['false-alarm', [], 0.94],
    ['quiet', [], 0.1],
    ['elsewhere', ['welding'], 0.99],
  ] as const
  const reports = reportConcepts(
    taxonomy,
    { name: 'mini-vl', revision: '1' },
    frames.map(([file, concepts]) => ({ file, concepts: [...concepts] })),
    frames.map(([, , score]) => scored(score)),
  )

  it('counts hits, misses and false alarms; other concepts count for nothing', () => {
    expect(reports.find(({ concept }) => concept === 'machine')).toEqual({
      concept: 'machine',
      scoreKind: 'background_quantile',
      threshold: 0.99,
      frames: 3,
      hits: 2,
      missed: ['missed'],
      background: 2,
      falseAlarms: ['false-alarm'],
      elsewhere: 1,
      precision: 2 / 3,
      recall: 2 / 3,
      // Of six pairs the hits win 2 and 1, the missed one wins 1.
      separation: 4 / 6,
      suggestion: { threshold: 0.95, hits: 1, falseAlarms: 0 },
    })
  })

  it('says nothing of a concept without frames', () => {
    expect(reports.find(({ concept }) => concept === 'lathe')).toMatchObject({
      threshold: null,
      frames: 0,
      precision: null,
      recall: null,
      separation: null,
      suggestion: null,
    })
  })
})

describe('suggest', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i / 100)

  it('takes the lowest threshold that one background frame in a hundred reaches', () => {
    expect(suggest([0.98, 0.99, 0.995, 0.5], hundred)).toEqual({
      threshold: 0.99,
      hits: 2,
      falseAlarms: 1,
    })
  })

  it('advises silence where less than a tenth is found', () => {
    expect(suggest([0.5, 0.6], hundred)).toEqual({ threshold: null, hits: 0, falseAlarms: 0 })
    expect(suggest([...Array(10).fill(0.5), 1], hundred)).toMatchObject({ threshold: null })
    expect(suggest([...Array(9).fill(0.5), 1], hundred)).toMatchObject({ threshold: 1 })
  })

  it('needs frames of both kinds', () => {
    expect(suggest([], hundred)).toBeNull()
    expect(suggest([1], [])).toBeNull()
  })
})
