import type { DuplicateKind } from '../../store/schema.ts'
import { type Alignment, align, type Stretch } from './align.ts'
import type { Track } from './seen.ts'

/** How two videos belong together. */
export interface Comparison {
  kind: DuplicateKind
  /** Where the first one's match lies in it and in the second one; null for the same scene. */
  match: { first: Stretch; second: Stretch } | null
  isMirrored: boolean
  /** How much faster the first one runs than the second one; 1 for the same. */
  speed: number
  /** Mean correlation of the pictures, -1 to 1; null when none was compared. */
  sameness: number | null
}

/** A video to be compared. */
export interface Compared {
  id: string
  contentSha256: string | null
  track: Track
}

/**
 * From here on pictures and what moves in them are the same: either much of the motion, or less of it
 * in pictures that are more alike (half a second between the keyframes of both, fast motion).
 * `bench/quality/duplicates.ts`: of 14 real clips in 12 changed copies each, and of 13 other takes and
 * like scenes, of which the highest have .50 at .81 (`fb-one_leg_best` and `…_fail`, a robot's same
 * program) and .35 at .91.
 */
const SAME = [
  { motion: 0.65, sameness: 0.6 },
  { motion: 0.55, sameness: 0.92 },
]
/** Below this share of change a video is a still: its motion is the noise of the codec. */
const STILL = 0.001
/** Stills must be alike to this; logo and crop leave .985, other talking heads .72. */
const SAME_STILL = 0.98
/** And what little moves must not contradict it. */
const SAME_NOISE = 0.4
/** Below this share of change there is nothing that could. */
const FROZEN = 0.00002
/** An excerpt needs some keyframes and something that moves: a title card is in many videos. */
const EXCERPT_KEYFRAMES = 3
const EXCERPT_CHANGE = 0.002
/** Seconds; containers round to milliseconds. */
const SAME_TIME = 0.002
/** Seconds, and share of a video, that may be missing from a re-encode: rounding, a fade. */
const WHOLE_SECONDS = 1.5
const WHOLE_SHARE = 0.03

/** Compares two videos. The result does not depend on which is given first. */
export function compare(first: Compared, second: Compared): Comparison {
  if (isExact(first, second)) {
    const whole = { start: 0, end: first.track.duration }
    return {
      kind: 'exact',
      match: { first: whole, second: { start: 0, end: second.track.duration } },
      isMirrored: false,
      speed: 1,
      sameness: 1,
    }
  }
  if (comesFirst(second, first)) return turned(compareInOrder(second, first))
  return compareInOrder(first, second)
}

/**
 * The same file, or the same pictures bit by bit at the same times: another container, other sound.
 * (The same file under two addresses becomes one video before it comes here.)
 */
function isExact(first: Compared, second: Compared): boolean {
  if (first.contentSha256 !== null && first.contentSha256 === second.contentSha256) return true
  const [a, b] = [first.track, second.track]
  if (a.times.length === 0 || a.times.length !== b.times.length) return false
  for (let index = 0; index < a.times.length; index++) {
    if (Math.abs(a.times[index]! - b.times[index]!) > SAME_TIME) return false
  }
  return Buffer.compare(a.prints, b.prints) === 0
}

/** The one with fewer keyframes is looked for in the other. */
function comesFirst(a: Compared, b: Compared): boolean {
  const more = a.track.times.length - b.track.times.length
  return more < 0 || (more === 0 && a.id < b.id)
}

function compareInOrder(first: Compared, second: Compared): Comparison {
  const alignment = align(first.track, second.track)
  const other = { kind: 'same-scene', match: null, isMirrored: false, speed: 1 } as const
  if (!alignment) return { ...other, sameness: null }
  const { sameness } = alignment
  if (!isSame(alignment)) return { ...other, sameness }
  const isWhole =
    isWholeOf(alignment.first, first.track) && isWholeOf(alignment.second, second.track)
  if (!isWhole && !isProof(alignment)) return { ...other, sameness }
  return {
    kind: isWhole ? 're-encode' : 'excerpt',
    match: { first: alignment.first, second: alignment.second },
    isMirrored: alignment.look.isMirrored,
    speed: alignment.speed,
    sameness,
  }
}

function isSame({ sameness, motion, change }: Alignment): boolean {
  if (change >= STILL) {
    return SAME.some((least) => motion >= least.motion && sameness >= least.sameness)
  }
  return sameness >= SAME_STILL && (change < FROZEN || motion >= SAME_NOISE)
}

const isProof = ({ compared, change }: Alignment) =>
  compared >= EXCERPT_KEYFRAMES && change >= EXCERPT_CHANGE

function isWholeOf({ start, end }: Stretch, { duration }: Track): boolean {
  return duration - (end - start) <= Math.max(WHOLE_SECONDS, WHOLE_SHARE * duration)
}

function turned(comparison: Comparison): Comparison {
  const { match, speed } = comparison
  return {
    ...comparison,
    match: match && { first: match.second, second: match.first },
    speed: 1 / speed,
  }
}
