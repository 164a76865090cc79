// Long because each case spells out its vectors.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recogniseActivities } from '../../src/labeling/activity.ts'
import { type Calibration, promptsHash } from '../../src/labeling/calibration.ts'
import { scoreConcepts } from '../../src/labeling/concepts.ts'
import { embedPrompts } from '../../src/labeling/prompts.ts'
import { type Concept, loadTaxonomy } from '../../src/labeling/taxonomy.ts'
import { ImageTower, TextTower } from '../../src/models/clip.ts'
import { adaptForeignManifest } from '../../src/models/foreign-manifest.ts'
import { testData } from '../support/test-data.ts'

const concept = (name: string, modelThresholds: Concept['modelThresholds'] = {}): Concept => ({
  name,
  prompts: ['x'],
  threshold: 0.6,
  keepThreshold: 0.6,
  thresholdOrigin: 'a test',
  modelThresholds,
})
/** A taxonomy of these concepts, as far as scores need it. */
const taxonomyOf = (...concepts: Concept[]) => ({
  concepts,
  templates: ['{}'],
  background: ['y', 'z'],
  calibrations: [] as Calibration[],
})
const x = [1, 0, 0]
const y = [0, 1, 0]
const z = [0, 0, 1]

describe('a calibrated concept', () => {
  const calibrated = (change: Partial<Calibration['concepts'][number]> = {}) => {
    const taxonomy = taxonomyOf(concept('a', { m: null }))
    taxonomy.calibrations = [
      {
        model: 'm',
        revision: '1',
        date: '2026-01-01',
        frames: 9,
        origin: 'a test',
        shares: [0, 0.5, 1],
        concepts: [
          {
            name: 'a',
            prompts: promptsHash(taxonomy, ['x']),
            quantiles: [-20, 0, 10],
            threshold: 0.9,
            keepThreshold: 0.44,
            origin: 'a test',
            ...change,
          },
        ],
      },
    ]
    return taxonomy
  }
  const model = { name: 'm', revision: '1' }
  // One background prompt: log-odds of 100 times the difference of two cosines.
  const frame = (logOdds: number) => {
    const angle = Math.asin(logOdds / 100 / Math.SQRT2) + Math.PI / 4
    return [Math.sin(angle), Math.cos(angle), 0]
  }
  const scoreOf = (logOdds: number, taxonomy = calibrated(), of = model) =>
    scoreConcepts(taxonomy, [[x]], [y], [frame(logOdds)], { model: of })[0]![0]!

  it.each([
    ['below all of the background', -30, 0, false, false],
    ['at the median', 0, 0.45, false, true],
    ['halfway between two quantiles', 5, 0.675, false, true],
    ['at the highest', 10, 0.9, true, true],
    ['above all of it: nine frames show nine tenths at most', 60, 0.9, true, true],
  ])(
    'scores by the share of background frames that lie lower: %s',
    (_, at, score, present, kept) => {
      const found = scoreOf(at)
      expect(found.score).toBeCloseTo(score, 6)
      expect(found).toMatchObject({ scoreKind: 'background_quantile', kept })
      if (at !== 10) expect(found.present).toBe(present)
      expect(found.logOdds).toBeCloseTo(at, 6)
    },
  )

  it.each([
    ['other prompts', calibrated({ prompts: 'ffffffffffffffff' }), model],
    ['another background', { ...calibrated(), background: ['y'] }, model],
    ['another template', { ...calibrated(), templates: ['a photo of {}'] }, model],
    ['another revision', calibrated(), { name: 'm', revision: '2' }],
    ['another concept', calibrated({ name: 'b' }), model],
  ])('falls back to the share of the softmax, and says so, for %s', (_, taxonomy, of) => {
    const found = scoreOf(60, taxonomy, of)
    expect(found).toMatchObject({ scoreKind: 'softmax_share', present: false })
    expect(found.score).toBeCloseTo(1, 10)
  })

  it('that the model cannot tell is never a label', () => {
    expect(scoreOf(60, calibrated({ threshold: null, keepThreshold: null }))).toMatchObject({
      scoreKind: 'background_quantile',
      present: false,
      kept: false,
    })
  })

  it('never scores lower for a frame that looks more like it', () => {
    const quantiles = fc
      .array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 3, maxLength: 3 })
      .map((some) => some.sort((a, b) => a - b))
    const value = fc.double({ min: -30, max: 30, noNaN: true })
    fc.assert(
      fc.property(quantiles, value, value, (some, a, b) => {
        const taxonomy = calibrated({ quantiles: some })
        const [low, high] = [scoreOf(Math.min(a, b), taxonomy), scoreOf(Math.max(a, b), taxonomy)]
        expect(low.score).toBeLessThanOrEqual(high.score)
        expect(low.score).toBeGreaterThanOrEqual(0)
        expect(high.score).toBeLessThanOrEqual(0.9)
      }),
    )
  })
})

describe('embedPrompts', () => {
  const taxonomy = {
    ...taxonomyOf({ ...concept('a'), prompts: ['cat', 'dog'] }),
    templates: ['{}', 'a photo of {}'],
    background: ['wall', 'cat'],
  }
  const vectors: Record<string, number[]> = {
    cat: [1, 0],
    'a photo of cat': [0, 2],
    dog: [0, 1],
    'a photo of dog': [0, 1],
    wall: [-1, 0],
    'a photo of wall': [-3, 0],
  }

  it('averages each prompt over its templates, and embeds a text once', async () => {
    const asked: string[] = []
    const found = await embedPrompts(taxonomy, async (texts) => {
      asked.push(...texts)
      return texts.map((text) => vectors[text]!)
    })
    expect(asked.sort()).toEqual(Object.keys(vectors).sort())
    const half = Math.fround(Math.SQRT1_2)
    expect(found.concepts.map((list) => list.map((one) => Array.from(one)))).toEqual([
      [
        [half, half],
        [0, 1],
      ],
    ])
    expect(found.background.map((one) => Array.from(one))).toEqual([
      [-1, 0],
      [half, half],
    ])
  })

  it('takes what the store has, and gives the same', async () => {
    const kept = new Map<string, Float32Array>()
    const store = {
      get: async (hashes: string[]) => new Map([...kept].filter(([hash]) => hashes.includes(hash))),
      keep: async (made: Map<string, Float32Array>) => {
        for (const [hash, vector] of made) kept.set(hash, vector)
      },
    }
    const embed = async (texts: string[]) => texts.map((text) => vectors[text]!)
    const first = await embedPrompts(taxonomy, embed, store)
    expect(kept.size).toBe(3)
    const again = await embedPrompts(taxonomy, () => Promise.reject(new Error('embedded')), store)
    expect(again).toEqual(first)
  })
})

describe('scoreConcepts', () => {
  it('is the share of a softmax over the concept and the background', () => {
    // Cosines 0.30 against 0.28 and 0.27: e^30 / (e^30 + e^28 + e^27).
    const frame = [1, 0, 0, 0]
    const at = (cosine: number) => [cosine, Math.sqrt(1 - cosine ** 2), 0, 0]
    const [found] = scoreConcepts(
      taxonomyOf(concept('a')),
      [[at(0.3)]],
      [at(0.28), at(0.27)],
      [frame],
    ).flat()
    expect(found?.score).toBeCloseTo(1 / (1 + Math.exp(-2) + Math.exp(-3)), 10)
  })

  it('is 1 / (background + 1) when all fit equally', () => {
    const [found] = scoreConcepts(taxonomyOf(concept('a')), [[x]], [x, x, x], [y]).flat()
    expect(found?.score).toBeCloseTo(0.25, 12)
  })

  it('finds the frame that shows a concept and not the others', () => {
    const taxonomy = taxonomyOf(concept('a'), concept('b'))
    expect(scoreConcepts(taxonomy, [[x], [y]], [z], [x, y, z])).toMatchObject([
      [
        { concept: 'a', present: true },
        { concept: 'b', present: false },
      ],
      [
        { concept: 'a', present: false },
        { concept: 'b', present: true },
      ],
      [
        { concept: 'a', present: false },
        { concept: 'b', present: false },
      ],
    ])
  })

  it('lets concepts share a frame', () => {
    const taxonomy = taxonomyOf(concept('a'), concept('b'))
    const [found] = scoreConcepts(taxonomy, [[x], [y]], [z], [[1, 1, 0]])
    expect(found?.map(({ present }) => present)).toEqual([true, true])
  })

  it('takes the threshold that the taxonomy has for the model, and none when it says null', () => {
    const taxonomy = taxonomyOf(concept('a', { strict: 0.9999, blind: null }))
    const frame = [0.5, 0.45, 0]
    const present = (modelName?: string) =>
      scoreConcepts(
        taxonomy,
        [[x]],
        [y],
        [frame],
        modelName ? { model: { name: modelName, revision: '1' } } : {},
      )[0]?.[0]
    expect(present()).toMatchObject({ present: true })
    expect(present('another')).toMatchObject({ present: true })
    expect(present('strict')).toMatchObject({ present: false })
    expect(present('blind')).toMatchObject({ present: false, score: present()?.score })
  })

  it('does not depend on the lengths of the vectors', () => {
    const taxonomy = taxonomyOf(concept('a'))
    const one = scoreConcepts(taxonomy, [[x, [0.9, 0.1, 0]]], [y, z], [[0.6, 0.55, 0.2]])
    const other = scoreConcepts(
      taxonomy,
      [[[7, 0, 0], Float32Array.of(0.9, 0.1, 0)]],
      [
        [0, 0.01, 0],
        [0, 0, 3],
      ],
      [[6, 5.5, 2]],
    )
    expect(other[0]?.[0]?.score).toBeCloseTo(one[0]?.[0]?.score ?? -1, 6)
  })

  it('refuses lists and vectors of another length', () => {
    const taxonomy = taxonomyOf(concept('a'))
    expect(() => scoreConcepts(taxonomy, [], [y], [x])).toThrow(RangeError)
    expect(() => scoreConcepts(taxonomy, [[x]], [[1, 0]], [x])).toThrow(RangeError)
    expect(() => scoreConcepts(taxonomy, [[x, [1, 0]]], [y], [x])).toThrow(RangeError)
    expect(() => scoreConcepts(taxonomy, [[x]], [y], [[1, 0]])).toThrow(RangeError)
  })

  it('stays a number from 0 to 1 for any vectors', () => {
    const vector = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 3,
      maxLength: 3,
    })
    fc.assert(
      fc.property(vector, fc.array(vector), fc.array(vector), (own, background, frames) => {
        const taxonomy = taxonomyOf(concept('a'))
        for (const found of scoreConcepts(taxonomy, [[own]], background, frames).flat()) {
          expect(found.score).toBeGreaterThanOrEqual(0)
          expect(found.score).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})

const model = testData('models/mini-vl/model.json')
const dir = path.dirname(model ?? '')
const robot = testData('videos/fb-one_leg_fail_screwing_2x.mp4')
const worker = testData('videos/worker-zone.mp4')
const bottles = testData('videos/intel-bottle-detection.mp4')

describe.skipIf(!model || !robot || !worker || !bottles)(
  'with real weights (models/mini-vl, videos/fb-one_leg_fail_screwing_2x.mp4, worker-zone.mp4, intel-bottle-detection.mp4)',
  () => {
    let folder: string
    let images: ImageTower
    let texts: TextTower
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'concepts-'))
      const manifest = adaptForeignManifest(
        JSON.parse(await readFile(path.join(dir, 'model.json'), 'utf8')),
        '',
        'x',
      )
      const files = {
        image: path.join(dir, 'image.onnx'),
        text: path.join(dir, 'text.onnx'),
        tokenizer: path.join(dir, 'tokenizer.json'),
      }
      images = await ImageTower.load(manifest, files, 1)
      texts = await TextTower.load(manifest, files, 1)
    })
    afterAll(async () => {
      await images?.dispose()
      await texts?.dispose()
      await rm(folder, { recursive: true, force: true })
    })

    /** The activities in at most 16 s of a clip by what CLIP alone sees on one frame a second. */
    async function activitiesIn(clip: string, startSeconds: number) {
      const name = path.basename(clip)
      const span = ['-ss', String(startSeconds), '-t', '16', '-i', clip]
      const args = ['-v', 'error', '-nostdin', ...span, '-vf', 'fps=1,scale=-2:720', '-q:v', '3']
      await promisify(execFile)('ffmpeg', [...args, path.join(folder, `${name}-%02d.jpg`)])
      const files = (await readdir(folder)).filter((file) => file.startsWith(`${name}-`)).sort()
      const pixels = await images.prepare(files.map((file) => path.join(folder, file)))
      const taxonomy = await loadTaxonomy('manufacturing')
      const prompts = await embedPrompts(taxonomy, async (some) => split(await texts.run(some)))
      const scores = scoreConcepts(
        taxonomy,
        prompts.concepts,
        prompts.background,
        split(await images.run(pixels)),
        { model: { name: 'mini-vl', revision: '1' } },
      )
      const frames = scores.map((found, second) => ({
        keyframeId: String(second),
        timestamp: second,
        shotIndex: 0,
        labels: found
          .filter(({ kept }) => kept)
          .map(({ concept: label, score, present }) => ({
            label,
            confidence: score,
            source: 'clip' as const,
            isWeak: !present,
          })),
      }))
      return recogniseActivities(taxonomy.activities, frames, frames.length).map(
        ({ label }) => label,
      )
    }

    it('a robot at work without a person is an automated process', async () => {
      expect(new Set(await activitiesIn(robot!, 18))).toEqual(new Set(['automated_process']))
    })

    it('a worker in a hall and bottles on a table are none', async () => {
      expect(await activitiesIn(worker!, 0)).toEqual([])
      expect(await activitiesIn(bottles!, 0)).toEqual([])
    })
  },
)

/** Rows of 512 numbers. */
function split(vectors: Float32Array): Float32Array[] {
  return Array.from({ length: vectors.length / 512 }, (_, i) =>
    vectors.subarray(i * 512, (i + 1) * 512),
  )
}
