import { findLook, seeFirst, seeSecond } from './look.ts'
import { GRID_CELLS, type Look } from './prints.ts'
import { dot, pictureAt, type Seen, spread, type Track } from './seen.ts'

/** A stretch of a video in seconds. */
export interface Stretch {
  start: number
  end: number
}

/** How one video's pictures lie on another's, along the best line through both times. */
export interface Alignment {
  look: Look
  /** Time in the second = speed · time in the first + offset. */
  speed: number
  /** Seconds. */
  offset: number
  /** The stretch in which the pictures agree, in each video's own time. */
  first: Stretch
  second: Stretch
  /** Keyframes of the first video in that stretch that have a picture beside them. */
  compared: number
  /** Mean correlation of the pictures, -1 to 1. */
  sameness: number
  /** Correlation of what changes in them, -1 to 1: the same motion at the same time. */
  motion: number
  /** Share of a picture's contrast that changes, the smaller of both: 0 for a still. */
  change: number
}

/** Keyframes of the first video that vote for a line, and pictures compared for it at most. */
const VOTERS = 160
const COMPARISONS = 400_000
/** Keyframes along which a line is tried; the one found is measured along all. */
const TRIED = 400
/** Speeds that get votes; the search goes on from the best. */
const SPEEDS = Array.from({ length: 15 }, (_, step) => 1 + (step - 7) / 100)
/** A line through other speeds must be better by this for each unit of speed. */
const SPEED_COST = 0.4
/** Pictures of the second video each voter names. */
const NAMED = 6
/** Lines with most votes that are tried. */
const TRIED_LINES = 12
/** Correlation of two pictures from which they agree. */
const AGREE = 0.6

interface Line {
  speed: number
  offset: number
}

interface Measured {
  compared: number
  sameness: number
  motion: number
  change: number
}

/**
 * Lays one video's keyframes on another's. Null when either shows nothing but blank pictures.
 * Give the one with fewer keyframes first: its keyframes are looked for in the other.
 */
export function align(first: Track, second: Track): Alignment | null {
  const look = findLook(first, second)
  const one = seeFirst(first, look)
  const two = seeSecond(second, look)
  if (one.grids.length === 0 || two.grids.length === 0) return null
  const { speed, offset } = findLine(one, two)
  const agreeing: number[] = []
  const picture = new Float32Array(GRID_CELLS)
  for (const [index, time] of one.times.entries()) {
    if (!pictureAt(two, speed * time + offset, picture)) continue
    if (dot(one.grids[index]!, picture) / GRID_CELLS > AGREE) agreeing.push(index)
  }
  const from = agreeing[0] ?? 0
  const to = agreeing.at(-1) ?? -1
  const measured = measure(one, two, { speed, offset }, from, to + 1)
  const start = to < 0 ? 0 : one.times[from]!
  const end = to < 0 ? 0 : (one.times[to + 1] ?? one.duration)
  const toSecond = (time: number) => Math.min(two.duration, Math.max(0, speed * time + offset))
  return {
    look,
    speed,
    offset,
    first: { start, end },
    second: { start: toSecond(start), end: toSecond(end) },
    ...measured,
  }
}

/** The line along which pictures and motion agree best. */
function findLine(one: Seen, two: Seen): Line {
  // A line must hold for some pictures: one that lies on another says nothing about time.
  const fewest = Math.min(3, one.grids.length, two.grids.length)
  const longest = Math.min(one.grids.length, two.grids.length)
  let best: Line = { speed: 1, offset: 0 }
  let bestScore = Number.NEGATIVE_INFINITY
  const improves = (speed: number, offset: number) => {
    const found = measure(one, two, { speed, offset }, 0, one.grids.length, TRIED)
    const share = Math.min(1, found.compared / Math.min(longest, TRIED))
    const score =
      found.compared < fewest
        ? Number.NEGATIVE_INFINITY
        : (found.motion + found.sameness) * (0.7 + 0.3 * share) - SPEED_COST * Math.abs(speed - 1)
    if (score <= bestScore) return false
    bestScore = score
    best = { speed, offset }
    return true
  }
  improves(1, 0)
  for (const { speed, offset } of votedLines(one, two)) improves(speed, offset)
  const middle = (one.times[0]! + one.times.at(-1)!) / 2
  for (const step of [0.5, 0.25, 0.12, 0.06, 0.03]) {
    for (let isBetter = true; isBetter; ) {
      isBetter = false
      for (const move of [-step, step])
        isBetter = improves(best.speed, best.offset + move) || isBetter
      for (const turn of [-step / 40, step / 40]) {
        if (Math.abs(best.speed + turn - 1) > 0.08) continue
        // About the middle: the line turns and does not move.
        isBetter = improves(best.speed + turn, best.offset - turn * middle) || isBetter
      }
    }
  }
  return best
}

/** Lines that single pictures speak for: by what moves in them, not by what stands still. */
function votedLines(one: Seen, two: Seen): Line[] {
  const meanOne = meanOf(one.grids)
  const meanTwo = meanOf(two.grids)
  const others = two.grids.map((grid) => unitRest(grid, meanTwo))
  const votes = new Map<number, number>()
  const voters = Math.max(24, Math.min(VOTERS, Math.floor(COMPARISONS / others.length)))
  for (const index of spread(one.grids.length, voters)) {
    const rest = unitRest(one.grids[index]!, meanOne)
    for (const { at, score } of bestOf(rest, others)) {
      for (const [s, speed] of SPEEDS.entries()) {
        // Half seconds; the number names the line: 100 for each bin, and its speed.
        const bin = Math.round((two.times[at]! - speed * one.times[index]!) * 2)
        for (const [near, weight] of [
          [bin, 1] as const,
          [bin - 1, 0.5] as const,
          [bin + 1, 0.5] as const,
        ]) {
          const key = near * 100 + s
          votes.set(key, (votes.get(key) ?? 0) + score * weight)
        }
      }
    }
  }
  return [...votes]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, TRIED_LINES)
    .map(([key]) => {
      const s = ((key % 100) + 100) % 100
      return { speed: SPEEDS[s]!, offset: (key - s) / 200 }
    })
}

function bestOf(rest: Float32Array, others: Float32Array[]): { at: number; score: number }[] {
  const best: { at: number; score: number }[] = []
  for (const [at, other] of others.entries()) {
    const score = dot(rest, other)
    if (score <= 0 || (best.length === NAMED && score <= best[NAMED - 1]!.score)) continue
    best.push({ at, score })
    best.sort((a, b) => b.score - a.score)
    if (best.length > NAMED) best.pop()
  }
  return best
}

/**
 * Compares along a line the keyframes `from` to `before` of the first video, `most` of them. What
 * both have in common over the whole stretch is taken out of `motion`.
 */
function measure(
  one: Seen,
  two: Seen,
  { speed, offset }: Line,
  from: number,
  before: number,
  most = Number.POSITIVE_INFINITY,
): Measured {
  const sumA = new Float64Array(GRID_CELLS)
  const sumB = new Float64Array(GRID_CELLS)
  const picture = new Float32Array(GRID_CELLS)
  let ab = 0
  let aa = 0
  let bb = 0
  let compared = 0
  for (const step of spread(Math.max(0, before - from), most)) {
    const grid = one.grids[from + step]!
    if (!pictureAt(two, speed * one.times[from + step]! + offset, picture)) continue
    compared += 1
    for (let cell = 0; cell < GRID_CELLS; cell++) {
      const a = grid[cell]!
      const b = picture[cell]!
      sumA[cell]! += a
      sumB[cell]! += b
      ab += a * b
      aa += a * a
      bb += b * b
    }
  }
  if (compared === 0) return { compared, sameness: 0, motion: 0, change: 0 }
  let commonAB = 0
  let commonAA = 0
  let commonBB = 0
  for (let cell = 0; cell < GRID_CELLS; cell++) {
    commonAB += (sumA[cell]! * sumB[cell]!) / compared
    commonAA += sumA[cell]! ** 2 / compared
    commonBB += sumB[cell]! ** 2 / compared
  }
  const changeA = Math.max(0, aa - commonAA)
  const changeB = Math.max(0, bb - commonBB)
  const whole = Math.sqrt(changeA * changeB)
  return {
    compared,
    sameness: ab / Math.sqrt(aa * bb || 1),
    motion: whole > 1e-6 * aa ? (ab - commonAB) / whole : 0,
    change: Math.min(changeA / (aa || 1), changeB / (bb || 1)),
  }
}

function meanOf(grids: Float32Array[]): Float32Array {
  const mean = new Float32Array(GRID_CELLS)
  for (const grid of grids) {
    for (let cell = 0; cell < GRID_CELLS; cell++) mean[cell]! += grid[cell]! / grids.length
  }
  return mean
}

/** What is left of a picture without the common one, of length 1. */
function unitRest(grid: Float32Array, mean: Float32Array): Float32Array {
  const rest = grid.map((value, cell) => value - mean[cell]!)
  const length = Math.sqrt(dot(rest, rest)) || 1
  return rest.map((value) => value / length)
}
