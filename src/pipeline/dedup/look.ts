import { GRID_CELLS, type Look } from './prints.ts'
import { dot, type Seen, sampled, see, type Track } from './seen.ts'

/** Zooms tried, in both directions: a crop of 10 % of width and height shows .9. */
const ZOOMS = [1, 0.95, 1 / 0.95, 0.9, 1 / 0.9, 0.85, 1 / 0.85, 0.8, 1 / 0.8]
/** What another look must be better by than the plain one, in correlation: noise alone gives .01. */
const PLAIN_LEAD = 0.02
/** Keyframes of the first video that choose the look. */
const LOOK_SAMPLED = 12
/** Pictures of the second video they are compared with. */
const OTHERS_SAMPLED = 160

/** The look under which single pictures of both are most alike. */
export function findLook(first: Track, second: Track): Look {
  const a = sampleOf(first, LOOK_SAMPLED)
  const b = sampleOf(second, OTHERS_SAMPLED)
  let best: Look = { isMirrored: false, zoom: 1 }
  let bestScore = Number.NEGATIVE_INFINITY
  for (const isMirrored of [false, true]) {
    for (const zoom of ZOOMS) {
      const look = { isMirrored, zoom }
      const one = a.see(...asFirst(look))
      const two = b.see(...asSecond(look))
      let score = 0
      for (const grid of one.grids) {
        let most = -1
        for (const other of two.grids) most = Math.max(most, dot(grid, other) / GRID_CELLS)
        score += most / one.grids.length
      }
      if (isMirrored || zoom !== 1) score -= PLAIN_LEAD
      if (score <= bestScore) continue
      bestScore = score
      best = look
    }
  }
  return best
}

/** A few of a track's pictures, under each look that was asked for. */
class Sample {
  readonly #track: Track
  readonly #seen = new Map<string, Seen>()

  constructor(track: Track, most: number) {
    this.#track = sampled(track, most)
  }

  see(share: number, isMirrored: boolean): Seen {
    const key = `${share} ${isMirrored}`
    const known = this.#seen.get(key)
    if (known) return known
    const seen = see(this.#track, share, isMirrored)
    this.#seen.set(key, seen)
    return seen
  }
}

/** By track and number of pictures: a video is compared with several others. */
const samples = new WeakMap<Track, Map<number, Sample>>()

function sampleOf(track: Track, most: number): Sample {
  const ofTrack = samples.get(track) ?? new Map<number, Sample>()
  samples.set(track, ofTrack)
  const known = ofTrack.get(most)
  if (known) return known
  const sample = new Sample(track, most)
  ofTrack.set(most, sample)
  return sample
}

const asFirst = ({ zoom }: Look) => [Math.min(1, zoom), false] as const
const asSecond = ({ zoom, isMirrored }: Look) => [Math.min(1, 1 / zoom), isMirrored] as const

/** The first one's picture as far as the second one shows it, and the other way round. */
export const seeFirst = (track: Track, look: Look): Seen => see(track, ...asFirst(look))
export const seeSecond = (track: Track, look: Look): Seen => see(track, ...asSecond(look))
