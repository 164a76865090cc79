import { GRID_CELLS, gridOf, isBlank, PRINT_BYTES } from './prints.ts'

/** What alignment sees of a video. */
export interface Track {
  /** Of each keyframe, in seconds, ascending. */
  times: ArrayLike<number>
  /** Seconds. */
  duration: number
  /** Prints of the keyframes one after the other, 1024 bytes each. */
  prints: Uint8Array
}

/** A track on the comparison grid, blank keyframes left out. */
export interface Seen {
  times: number[]
  duration: number
  grids: Float32Array[]
}

/** Correlation of two keyframes from which they are of one shot. */
const ONE_SHOT = 0.4
/** Seconds between two keyframes across which a picture is mixed; keyframes come each second. */
const WIDEST_GAP = 2.5

/** A track's pictures: the middle `share` of each, turned when mirrored; blank ones left out. */
export function see(track: Track, share: number, isMirrored: boolean): Seen {
  const times: number[] = []
  const grids: Float32Array[] = []
  for (let index = 0; index < track.times.length; index++) {
    const print = track.prints.subarray(index * PRINT_BYTES, (index + 1) * PRINT_BYTES)
    if (isBlank(print)) continue
    times.push(track.times[index]!)
    grids.push(gridOf(print, share, isMirrored))
  }
  return { times, duration: track.duration, grids }
}

/** The track with `most` of its keyframes, evenly spread. */
export function sampled(track: Track, most: number): Track {
  const kept = spread(track.times.length, most)
  const prints = new Uint8Array(kept.length * PRINT_BYTES)
  for (const [to, from] of kept.entries()) {
    prints.set(
      track.prints.subarray(from * PRINT_BYTES, (from + 1) * PRINT_BYTES),
      to * PRINT_BYTES,
    )
  }
  return { times: kept.map((index) => track.times[index]!), duration: track.duration, prints }
}

/** Up to `most` indices below `count`, evenly spread. */
export function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index)
  return Array.from({ length: most }, (_, index) => Math.floor(((index + 0.5) * count) / most))
}

/** Writes a video's picture at a time: between two keyframes the mixture of both. False outside. */
export function pictureAt(
  { times, grids, duration }: Seen,
  time: number,
  into: Float32Array,
): boolean {
  const last = times.length - 1
  if (time < times[0]! - 0.5 || time >= Math.max(duration, times[last]! + 0.1)) return false
  let low = 0
  let high = last
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (times[middle]! <= time) low = middle
    else high = middle - 1
  }
  const next = Math.min(last, low + 1)
  const gap = times[next]! - times[low]!
  const since = time - times[low]!
  // Between pictures far apart (blank ones were there) nothing is known.
  if (gap > WIDEST_GAP ? since > WIDEST_GAP / 2 : next === low && since > WIDEST_GAP) return false
  const before = grids[low]!
  const after = grids[next]!
  // A cut has a keyframe of its own: until then the picture is the one before.
  const isMixed = gap > 0 && gap <= WIDEST_GAP && dot(before, after) / GRID_CELLS > ONE_SHOT
  const share = isMixed ? Math.max(0, Math.min(1, since / gap)) : 0
  for (let cell = 0; cell < GRID_CELLS; cell++) {
    into[cell] = before[cell]! * (1 - share) + after[cell]! * share
  }
  return true
}

/** Of two pictures on the grid. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let cell = 0; cell < GRID_CELLS; cell++) sum += a[cell]! * b[cell]!
  return sum
}
