/**
 * `npx tsx bench/relevance.ts CLIPS MODELS`: how well the relevance of frames tells right films from wrong
 * ones, with real weights on real clips. CLIPS and MODELS are folders of the shared test data. From it
 * come the constants in src/labeling/relevance.ts.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings } from '../src/config/settings.ts'
import { DEFAULT_MIN_RELEVANCE, framesRelevance, queryPrompts } from '../src/labeling/relevance.ts'
import { loadTaxonomy } from '../src/labeling/taxonomy.ts'
import { run } from '../src/media/process.ts'
import { openServices } from '../src/services.ts'

/** Which clips are right for a query; null: none is. Written before the first run. */
const QUERIES: Record<string, RegExp | null> = {
  bottles: /bottle/,
  'cars on a road': /bangkok/,
  'street traffic': /bangkok/,
  'a person walking': /person-detection|worker/,
  'lamp assembly': /lamp/,
  'robot arm assembling furniture': /^fb-/,
  'a talking face': /grid/,
  'factory worker with a helmet': /worker/,
  'bolts on a conveyor belt': /bolt/,
  'a hand turning a cardboard box': /ocv-box/,
  'drawer assembly': /drawer/,
  'screwing a table leg': /one_leg/,
  'CNC machining': null,
  'MIG welding': null,
  'a dog': null,
  'cooking pasta': null,
  'a football match': null,
  'turning on a lathe': null,
}
const [clipsFolder, modelsFolder] = process.argv.slice(2)
if (!clipsFolder || !modelsFolder) throw new Error('Usage: npx tsx bench/relevance.ts CLIPS MODELS')

const work = await mkdtemp(path.join(tmpdir(), 'forgeindex-bench-'))
try {
  await using services = await openServices(
    readSettings({
      FORGEINDEX_DATA_DIR: path.join(work, 'library'),
      FORGEINDEX_MODELS_DIR: modelsFolder,
      CLIP_MODEL: 'mini-vl',
      LOG_LEVEL: 'silent',
    }),
  )
  const { models, settings } = services
  const clips = (await readdir(clipsFolder)).filter(
    (name) => /\.(mp4|mpg|gif|webm)$/.test(name) && !name.includes('neardup'),
  )
  const vectors = new Map<string, Float32Array[]>()
  for (const clip of clips) vectors.set(clip, await vectorsOf(clip))
  const { background } = await loadTaxonomy('manufacturing')
  const rivals = await models.embedTexts(background)
  const pairs: { query: string; clip: string; isRight: boolean; score: number }[] = []
  for (const [query, right] of Object.entries(QUERIES)) {
    const asked = await models.embedTexts(queryPrompts(query))
    for (const [clip, frames] of vectors) {
      const score = framesRelevance(asked, rivals, frames) ?? 0
      pairs.push({ query, clip, isRight: right?.test(clip) ?? false, score })
    }
  }
  for (const query of Object.keys(QUERIES)) {
    const own = pairs.filter((pair) => pair.query === query).sort((a, b) => b.score - a.score)
    const shown = own
      .filter(({ score, isRight }) => score >= DEFAULT_MIN_RELEVANCE || isRight)
      .map(({ clip, score, isRight }) => `${isRight ? '*' : ''}${clip} ${score.toFixed(2)}`)
    console.log(`${query}: ${shown.join(', ') || 'nothing'}`)
  }
  const right = pairs.filter(({ isRight }) => isRight)
  const wrong = pairs.filter(({ isRight }) => !isRight)
  const above = (some: typeof pairs, least: number) =>
    some.filter(({ score }) => score >= least).length
  for (const least of [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5]) {
    console.log(
      `${least}: keeps ${above(right, least)} of ${right.length} right pairs, ` +
        `${above(wrong, least)} of ${wrong.length} wrong ones`,
    )
  }
  const ordered = right.flatMap((a) => wrong.map((b) => (a.score > b.score ? 1 : 0)))
  const area = ordered.reduce<number>((sum, one) => sum + one, 0) / ordered.length
  console.log(JSON.stringify({ area: Math.round(area * 1000) / 1000 }))

  /** One frame a second, of long clips every third of them. */
  async function vectorsOf(clip: string): Promise<Float32Array[]> {
    const folder = await mkdtemp(path.join(work, 'frames-'))
    const input = path.join(clipsFolder ?? '', clip)
    await run(
      settings.ffmpeg,
      [...['-v', 'error', '-i', input, '-vf', 'fps=1,scale=-2:256'], path.join(folder, '%04d.png')],
      { signal: new AbortController().signal },
    )
    const files = (await readdir(folder)).sort().map((name) => path.join(folder, name))
    return await models.embedImages(files.filter((_, i) => files.length < 60 || i % 3 === 0))
  }
} finally {
  await rm(work, { recursive: true, force: true })
}
