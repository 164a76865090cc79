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
  const a = sampled(first, LOOK_SAMPLED)
  const b = sampled(second, OTHERS_SAMPLED)
  let best: Look = { isMirrored: false, zoom: 1 }
  let bestScore = Number.NEGATIVE_INFINITY
  for (const isMirrored of [false, true]) {
    for (const zoom of ZOOMS) {
      const look = { isMirrored, zoom }
      const one = seeFirst(a, look)
      const two = seeSecond(b, look)
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

/** The first one's picture as far as the second one shows it, and the other way round. */
export const seeFirst = (track: Track, { zoom }: Look): Seen => see(track, Math.min(1, zoom), false)
export const seeSecond = (track: Track, { zoom, isMirrored }: Look): Seen =>
  see(track, Math.min(1, 1 / zoom), isMirrored)
