import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ModelHost } from '../../src/models/host.ts'
import { framesOf } from '../../test/models/support/pictures.ts'
import { rounded, type Score } from './score.ts'

/** Words and the clips that they fit; written down before anything was ranked. */
const QUERIES: [string, RegExp][] = [
  ['bottles on a conveyor belt', /bottle/],
  ['cars and motorbikes on a busy road', /bangkok|three-scenes/],
  ['a person walking', /person-detection|worker|three-scenes/],
  ['a robot arm assembling a lamp', /^fb-lamp/],
  ['a drawer is assembled', /^fb-drawer/],
  ['a robot screwing a table leg', /one_leg/],
  ['the face of a man talking', /^grid/],
  ['a factory worker in a hall', /worker/],
  ['bolts seen from above', /bolt/],
  ['a hand turns a box', /ocv-box/],
  ['a fantasy film', /cosmos/],
]
/** Every other second: the ranks do not change with more. */
const FPS = 0.5

/**
 * How far up the right clip comes when all clips are ranked by their frame nearest to the words: the mean
 * of 1 over its rank (MRR), and how often it is first.
 *
 * @param data the shared test data's folder
 */
export async function scoreRetrieval(host: ModelHost, data: string): Promise<Score[]> {
  const videos = path.join(data, 'videos')
  const clips = readdirSync(videos).filter((name) => /\.(mp4|mpg|gif|webm)$/.test(name))
  const work = mkdtempSync(path.join(tmpdir(), 'forgeindex-retrieval-'))
  try {
    const frames: { clip: string; vector: Float32Array }[] = []
    for (const clip of clips) {
      const files = framesOf(path.join(videos, clip), path.join(work, clip), FPS)
      for (const vector of await host.embedImages(files)) frames.push({ clip, vector })
    }
    const texts = await host.embedTexts(QUERIES.map(([words]) => words))
    const ranks = QUERIES.map(([, right], index) => rankOf(frames, texts[index]!, right))
    const first = ranks.filter((rank) => rank === 1).length
    const mrr = ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length
    const of = QUERIES.length
    return [
      { name: 'right clip first', value: first, unit: 'of', of, noise: 1, better: 'higher' },
      { name: 'MRR', value: rounded(mrr), unit: 'rank', of, noise: 0.05, better: 'higher' },
    ]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function rankOf(
  frames: { clip: string; vector: Float32Array }[],
  text: Float32Array,
  right: RegExp,
): number {
  const best = new Map<string, number>()
  for (const { clip, vector } of frames) {
    const cosine = vector.reduce((sum, value, index) => sum + value * text[index]!, 0)
    best.set(clip, Math.max(cosine, best.get(clip) ?? -1))
  }
  const ranked = [...best].sort(([, a], [, b]) => b - a).map(([clip]) => clip)
  return ranked.findIndex((clip) => right.test(clip)) + 1
}
