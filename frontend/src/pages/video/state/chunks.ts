/** Keyframes and boxes are asked for in stretches of so many seconds. */
export const CHUNK_SECONDS = 60

/** Times that a browser gives for a frame differ a little from the ones it was asked for. */
const SLACK = 0.005

/** Number of the chunk that `time` is in. */
export function chunkAt(time: number): number {
  return Math.floor((time + SLACK) / CHUNK_SECONDS)
}

/**
 * Numbers of the chunks that are wanted at `time`: the one it is in, the next (it comes soon) and the
 * one before (its last keyframe may still stand). Nothing beyond the video's ends.
 */
export function chunksAround(time: number, duration: number): number[] {
  const last = Math.max(0, Math.ceil(duration / CHUNK_SECONDS) - 1)
  const at = Math.min(last, Math.max(0, Math.floor(time / CHUNK_SECONDS)))
  return [at, at + 1, at - 1].filter((chunk) => chunk >= 0 && chunk <= last)
}

/** Seconds of a chunk, `from` inclusive, `to` exclusive. */
export function chunkWindow(chunk: number): { from: number; to: number } {
  return { from: chunk * CHUNK_SECONDS, to: (chunk + 1) * CHUNK_SECONDS }
}

/**
 * Index of the last of `items` that begins at or before `time`; −1 when none does.
 * `items` are in the order of `at`.
 */
export function lastAt<T>(items: readonly T[], time: number, at: (item: T) => number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(items[middle] as T) <= time + SLACK) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The nearest of `times` after (`1`) or before (`-1`) `time`; null when there is none. */
export function neighbour(
  times: readonly number[],
  time: number,
  direction: 1 | -1,
): number | null {
  const at = lastAt(times, time, (each) => each)
  if (direction === 1) return times[at + 1] ?? null
  const here = times[at]
  if (here === undefined) return null
  return here < time - SLACK ? here : (times[at - 1] ?? null)
}
