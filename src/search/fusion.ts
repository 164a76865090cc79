/** One list of answers, best first. */
export interface RankedList {
  /** `weight` 0–1 says how fully the entry answers (1 for a picture, the share of words for words). */
  entries: { id: string; weight: number }[]
}

export interface Fused {
  id: string
  /** 0–1; 1 for the first of every list. */
  score: number
}

/** How fast the weight of a rank falls; 60 as in Cormack, Clarke, Büttcher, SIGIR 2009. */
const K = 60

/**
 * Lists of answers fused by reciprocal rank: an entry's score is the sum over the lists of
 * weight / (60 + rank), as a share of the best sum that these lists allow. Lists whose own scores
 * cannot be compared (cosines and word counts) need nothing else in common. Ties go to the entry
 * that stands higher in an earlier list, so that the order never changes by itself.
 */
export function fuse(lists: RankedList[]): Fused[] {
  const filled = lists.filter((list) => list.entries.length > 0)
  const sums = new Map<string, number>()
  // A Map keeps the order of insertion and the sort below is stable: that decides ties.
  for (const { entries } of filled) {
    for (const [index, { id, weight }] of entries.entries()) {
      sums.set(id, (sums.get(id) ?? 0) + weight / (K + index + 1))
    }
  }
  const most = filled.length / (K + 1)
  return [...sums]
    .map(([id, sum]) => ({ id, score: Math.min(1, sum / most) }))
    .sort((a, b) => b.score - a.score)
}
