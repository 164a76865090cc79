import { logOddsOf, shareOf } from './concepts.ts'

/** How much words alone can say: titles name what a film is not about, too. */
const WORDS_COUNT = 0.5

/** Texts whose vectors stand for a query, as frames are described. */
export function queryPrompts(query: string): string[] {
  return [query, `a photo of ${query}`, `a video of ${query}`]
}

/**
 * How well frames fit a query, 0–1: its vectors against the taxonomy's background prompts on each
 * frame (see `logOddsOf`), half the best frame and half the mean of all, so that one matching
 * frame in a long film counts and does not decide. Null without frames.
 */
export function framesRelevance(
  queryVectors: ArrayLike<number>[],
  backgroundVectors: ArrayLike<number>[],
  frameVectors: ArrayLike<number>[],
): number | null {
  if (frameVectors.length === 0) return null
  const scores = logOddsOf([queryVectors], backgroundVectors, frameVectors).map(([logOdds]) =>
    shareOf(logOdds ?? Number.NEGATIVE_INFINITY),
  )
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  return (Math.max(...scores) + mean) / 2
}

/**
 * One number of both: either may carry it, words at most to a half. `frames` null (no frames, no
 * model): the words alone, in full.
 */
export function relevanceOf(frames: number | null, words: number): number {
  const both = frames === null ? words : 1 - (1 - frames) * (1 - WORDS_COUNT * words)
  return Math.round(both * 1000) / 1000
}
