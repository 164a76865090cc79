import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { WholeRun } from './served.ts'
import { wordErrors, wordsOf } from './word-errors.ts'

/** What the fast profile loses against the exact one, both with real weights on the same clip. */
export interface FastLoss {
  /**
   * Statements "this label in this second" of either that both make: 2 x both / (one + other), 0–1.
   * Null where neither makes one, such as when a model is not installed.
   */
  labels: number | null
  objects: number | null
  concepts: number | null
  /** Share of the three best moments of each query that are the same within a second, 0–1; null without any. */
  searchRanks: number | null
  /** Words that differ, of how many. */
  words: { differ: number; of: number }
  /** Pictures whose result was carried over, of how many. */
  carriedOver: { pictures: number; of: number }
}

/** Searches whose answers are compared: what is seen in the clip's shots. */
export const QUERIES = [
  'a person walking through a room',
  'bottles on a conveyor belt',
  'cars on a road in a city',
  'a robot arm',
  'hands putting a lamp together',
  'a drawer being assembled',
  'people talking in a film',
  'a workbench with tools',
]

const TOP = 3

/** Compares a run in the fast profile with one in the exact profile. */
export function fastLoss(exact: WholeRun, fast: WholeRun): FastLoss {
  const words = wordsOf(exact.text)
  let same = 0
  let asked = 0
  for (const [query, times] of exact.moments) {
    const others = fast.moments.get(query) ?? []
    for (const time of times.slice(0, TOP)) {
      asked += 1
      if (others.slice(0, TOP).some((other) => Math.abs(other - time) <= 1)) same += 1
    }
  }
  const embeddings = fast.steps.find(({ name }) => name === 'embeddings')
  return {
    labels: agreement(
      new Set([...exact.objects, ...exact.concepts]),
      new Set([...fast.objects, ...fast.concepts]),
    ),
    objects: agreement(exact.objects, fast.objects),
    concepts: agreement(exact.concepts, fast.concepts),
    searchRanks: asked > 0 ? same / asked : null,
    words: { differ: wordErrors(wordsOf(fast.text), words), of: words.length },
    carriedOver: {
      pictures: embeddings?.counts.carried_over ?? 0,
      of: embeddings?.counts.keyframes ?? 0,
    },
  }
}

function agreement(one: Set<string>, other: Set<string>): number | null {
  if (one.size + other.size === 0) return null
  const both = [...one].filter((statement) => other.has(statement)).length
  return (2 * both) / (one.size + other.size)
}

/**
 * In which form a library's image vectors are made in 8 bits (null: in none), and the least cosine with
 * those in 32 bits that was measured; null before it was decided. See `EightBitImages`.
 */
export function eightBitVerdict(
  dataDir: string,
): { form: string | null; leastCosine: number | null } | null {
  const folder = path.join(dataDir, 'cache', 'eight-bit')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const verdict = names.find((name) => name.endsWith('.json'))
  return verdict ? JSON.parse(readFileSync(path.join(folder, verdict), 'utf8')) : null
}
