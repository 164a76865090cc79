import { logOddsOf, meanVector, shareOf } from './concepts.ts'

/** How much words alone can say: titles name what a film is not about, too. */
const WORDS_COUNT = 0.5

/**
 * What a search asks for where nothing else is said. Measured by `bench/relevance.ts` on 18 queries over
 * 17 real clips with the weights of mini-vl (no CLIP was at hand), by frames alone: of 23 right pairs of
 * query and clip it keeps 21, of 283 wrong ones 63. Low, since words add to it and a wrong film that
 * is kept costs less than a right one that is turned down.
 */
export const DEFAULT_MIN_RELEVANCE = 0.2

/**
 * So many background prompts, those nearest to the query, do not compete with it: `cars on a street`
 * would take the frames of "street traffic". In that measurement the area under the ROC curve is 0.73
 * with none left out, 0.82 with two, 0.90 with three and 0.90 to 0.91 with four to eight.
 */
const NEAREST_LEFT_OUT = 3

/** Texts whose vectors stand for a query, as frames are described. */
export function queryPrompts(query: string): string[] {
  return [query, `a photo of ${query}`, `a video of ${query}`]
}

/**
 * How well frames fit a query, 0–1: its vectors against the taxonomy's background prompts, without
 * those that are about the same, on each frame (see `logOddsOf`), half the best frame and half the mean of all, so that one matching
 * frame in a long film counts and does not decide. Null without frames.
 */
export function framesRelevance(
  queryVectors: ArrayLike<number>[],
  backgroundVectors: ArrayLike<number>[],
  frameVectors: ArrayLike<number>[],
): number | null {
  if (frameVectors.length === 0) return null
  const rivals = farFrom(queryVectors, backgroundVectors)
  const scores = logOddsOf([queryVectors], rivals, frameVectors).map(([logOdds]) =>
    shareOf(logOdds ?? Number.NEGATIVE_INFINITY),
  )
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  return (Math.max(...scores) + mean) / 2
}

/** The background without what is nearest to the query; of few prompts at least one stays. */
function farFrom(
  queryVectors: ArrayLike<number>[],
  backgroundVectors: ArrayLike<number>[],
): ArrayLike<number>[] {
  const query = meanVector(queryVectors)
  const nearness = (vector: ArrayLike<number>) =>
    meanVector([vector]).reduce((sum, value, i) => sum + value * query[i]!, 0)
  const byNearness = backgroundVectors
    .map((vector) => ({ vector, near: nearness(vector) }))
    .sort((a, b) => b.near - a.near)
    .map(({ vector }) => vector)
  return byNearness.slice(Math.min(NEAREST_LEFT_OUT, Math.max(0, byNearness.length - 1)))
}

/**
 * One number of both: either may carry it, words at most to a half. `frames` null (no frames, no
 * model): the words alone, in full.
 */
export function relevanceOf(frames: number | null, words: number): number {
  const both = frames === null ? words : 1 - (1 - frames) * (1 - WORDS_COUNT * words)
  return Math.round(both * 1000) / 1000
}
