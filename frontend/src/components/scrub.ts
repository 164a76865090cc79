/** Which of `count` pictures lies under the pointer: an index, null while there is none. */
export function indexAt(
  pointerX: number,
  left: number,
  width: number,
  count: number,
): number | null {
  if (count === 0 || width <= 0) return null
  const share = (pointerX - left) / width
  return Math.min(count - 1, Math.max(0, Math.floor(share * count)))
}

/** The picture nearest to a time in seconds; null while there is none. */
export function indexOfTime(timestamps: readonly number[], seconds: number): number | null {
  let best: number | null = null
  timestamps.forEach((timestamp, index) => {
    const bestSo = best === null ? undefined : timestamps[best]
    if (bestSo === undefined || Math.abs(timestamp - seconds) < Math.abs(bestSo - seconds)) {
      best = index
    }
  })
  return best
}

/**
 * The order in which pictures are fetched: first the one that is looked at, then those next to it on
 * either side, so that scrubbing on shows something at once.
 */
export function fetchOrder(count: number, first: number): number[] {
  const indexes = Array.from({ length: count }, (_, index) => index)
  return indexes.sort((a, b) => Math.abs(a - first) - Math.abs(b - first) || a - b)
}

/** The address's keyframe: `/api/videos/<id>/keyframes/<keyframe id>`; null for none. */
export function keyframeIdOf(url: string | null | undefined): string | null {
  return url?.match(/\/keyframes\/([^/?#]+)/)?.[1] ?? null
}
