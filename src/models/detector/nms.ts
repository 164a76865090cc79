/** A box in the tensor's pixels with its class. */
export interface Candidate {
  /** Left, top, right and bottom edge. */
  x1: number
  y1: number
  x2: number
  y2: number
  /** 0–1. */
  confidence: number
  classIndex: number
}

/**
 * Greedy non-maximum suppression: keeps the most confident box and drops every other of the same
 * class that overlaps a kept one by more than `maxOverlap`.
 *
 * @param maxOverlap intersection over union, 0–1
 * @param limit most boxes to return
 * @returns most confident first; equal confidences keep their order
 */
export function suppressOverlaps(
  candidates: readonly Candidate[],
  maxOverlap: number,
  limit: number,
): Candidate[] {
  const kept: Candidate[] = []
  for (const box of candidates.toSorted((a, b) => b.confidence - a.confidence)) {
    if (kept.length === limit) break
    const hidden = kept.some(
      (other) => other.classIndex === box.classIndex && overlap(other, box) > maxOverlap,
    )
    if (!hidden) kept.push(box)
  }
  return kept
}

/** Intersection over union of two boxes, 0–1; 0 when both have no area. */
export function overlap(
  a: Pick<Candidate, 'x1' | 'y1' | 'x2' | 'y2'>,
  b: Pick<Candidate, 'x1' | 'y1' | 'x2' | 'y2'>,
): number {
  const width = Math.max(0, Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1))
  const height = Math.max(0, Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1))
  const shared = width * height
  const union = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared
  return union > 0 ? shared / union : 0
}
