import { difference, isUniform, type Miniature, similarity } from './miniatures.ts'
import { strengthOf, type Transition } from './transition.ts'

/** Frames are looked at this far apart, whatever the rate of the video. Microseconds. */
const STEP = 80_000

/** Lengths of change that are tried, in steps: a quarter of a second to 2.6 s. */
const SPANS = [3, 4, 6, 8, 11, 15, 20, 26, 32] as const

const KEPT = Math.max(...SPANS) + 1

/** Pictures before and after that are more similar than this are one shot. */
const SAME_SHOT = 0.7

/** The least mean difference of the pictures before and after. Grey levels, 0–255. */
const MIN_DIFFERENCE = 7

/**
 * How far a frame may lie from the blend of the two pictures, as a share of their distance: things
 * that move inside a dissolve give 0.1–0.3, a picture that moves away over the frame 0.5 and more.
 */
const MAX_RESIDUAL = 0.35

/** No single step makes more of the change than this; a hard cut makes all of it at once. */
const MAX_STEP = 0.7

/** A uniform stretch shorter than this between two pictures is part of the change. Microseconds. */
const MAX_UNIFORM = 2_000_000

/** A hard cut this close makes a gradual change beside it part of the same change. Microseconds. */
const NEAR_CUT = 150_000

interface Span {
  start: number
  end: number
  /** When half of the change is done. */
  middle: number
  /** Root mean square difference of both pictures. */
  distance: number
  strength: number
  /** The side that shows nothing, for a fade. */
  uniform: 'start' | 'end' | null
}

/**
 * Finds dissolves and fades: stretches in which each frame is a blend of the first and the last one,
 * `(1 - a) first + a last`, with `a` rising from 0 to 1. A moving picture is no such blend: what is
 * halfway is somewhere else, not half there.
 */
export class GradualTransitions {
  readonly #kept: Miniature[] = []
  readonly #spans: Span[] = []
  /** Stretches in which the picture shows nothing, in order. Microseconds. */
  readonly #uniform: { start: number; end: number }[] = []
  #wasUniform = false
  #first: number | null = null
  #last = 0

  /** @param frame later than all before */
  add(frame: Miniature): void {
    this.#noteUniform(frame)
    this.#first ??= frame.microseconds
    this.#last = frame.microseconds
    const last = this.#kept.at(-1)
    if (last && frame.microseconds - last.microseconds < STEP) return
    this.#kept.push(frame)
    if (this.#kept.length > KEPT) this.#kept.shift()
    const found = this.#longestChange()
    if (found) this.#note(found)
  }

  /** Hard cuts and gradual changes together. A change that a hard cut takes part in is that cut. */
  finish(cuts: readonly Transition[]): Transition[] {
    const all: Transition[] = [...cuts]
    const taken = new Set<number>()
    for (const span of this.#spans) {
      const empty = span.uniform
        ? this.#uniformAt(span.uniform === 'start' ? span.start : span.end)
        : null
      const from = Math.min(span.start, empty?.start ?? span.start) - NEAR_CUT
      const to = Math.max(span.end, empty?.end ?? span.end) + NEAR_CUT
      if (cuts.some(({ microseconds }) => microseconds > from && microseconds < to)) continue
      if (!span.uniform) {
        all.push({ microseconds: span.middle, kind: 'dissolve', strength: span.strength })
        continue
      }
      const start = empty?.start ?? span.end
      const end = empty?.end ?? start
      // A video that comes out of black or goes into it has no shot before or after.
      if (start === this.#first || end === this.#last) continue
      // A longer empty stretch is a shot of its own, with a change on either side.
      const isLong = end - start >= MAX_UNIFORM
      const microseconds = isLong
        ? span.uniform === 'start'
          ? end
          : start
        : Math.round((start + end) / 2)
      if (taken.has(microseconds)) continue
      taken.add(microseconds)
      all.push({ microseconds, kind: 'fade', strength: span.strength })
    }
    return all
  }

  #noteUniform(frame: Miniature): void {
    const uniform = isUniform(frame)
    const last = this.#uniform.at(-1)
    if (uniform && this.#wasUniform && last) last.end = frame.microseconds
    else if (uniform) this.#uniform.push({ start: frame.microseconds, end: frame.microseconds })
    this.#wasUniform = uniform
  }

  #uniformAt(microseconds: number): { start: number; end: number } | null {
    const near = this.#uniform.filter(
      ({ start, end }) => microseconds >= start - STEP && microseconds <= end + STEP,
    )
    return near.at(-1) ?? null
  }

  /** The widest change that ends at the newest frame; null when there is none. */
  #longestChange(): Span | null {
    let best: Span | null = null
    for (const length of SPANS) {
      const first = this.#kept.length - 1 - length
      if (first < 0) break
      const span = blend(this.#kept, first)
      if (span && span.distance > (best?.distance ?? 0) * 1.02) best = span
    }
    return best
  }

  /** Keeps the widest of changes that overlap. */
  #note(found: Span): void {
    const last = this.#spans.at(-1)
    if (!last || found.start >= last.end - STEP) this.#spans.push(found)
    else if (found.distance > last.distance * 1.02) this.#spans[this.#spans.length - 1] = found
  }
}

/** What happens from one frame to the last, if it is the one blending into the other. */
function blend(frames: readonly Miniature[], from: number): Span | null {
  const first = frames[from]
  const last = frames.at(-1)
  if (!first || !last) return null
  if (isUniform(first) && isUniform(last)) return null
  if (difference(first, last) < MIN_DIFFERENCE) return null
  if (similarity(first, last) > SAME_SHOT) return null
  const change = new Float32Array(first.pixels.length)
  let squares = 0
  for (let i = 0; i < change.length; i++) {
    const value = (last.pixels[i] ?? 0) - (first.pixels[i] ?? 0)
    change[i] = value
    squares += value * value
  }
  let before = 0
  let middle = Number.NaN
  for (let i = from + 1; i < frames.length; i++) {
    const frame = frames[i] ?? last
    const { share, residual } = shareOf(change, squares, first.pixels, frame.pixels)
    if (residual > MAX_RESIDUAL || share - before > MAX_STEP || share < before - 0.15) return null
    if (Number.isNaN(middle) && share >= 0.5) {
      const previous = frames[i - 1] ?? frame
      const part = (0.5 - before) / (share - before)
      middle = previous.microseconds + part * (frame.microseconds - previous.microseconds)
    }
    before = Math.max(before, share)
  }
  const alike = similarity(first, last, true)
  if (alike > SAME_SHOT) return null
  return {
    start: first.microseconds,
    end: last.microseconds,
    middle: Math.round(middle),
    distance: Math.sqrt(squares / change.length),
    strength: strengthOf(alike),
    uniform: isUniform(first) ? 'start' : isUniform(last) ? 'end' : null,
  }
}

/** How far a frame is on the way from the first to the last one, and how far off that way. */
function shareOf(
  change: Float32Array,
  squares: number,
  first: Float32Array,
  pixels: Float32Array,
): { share: number; residual: number } {
  let along = 0
  let length = 0
  for (let i = 0; i < change.length; i++) {
    const moved = (pixels[i] ?? 0) - (first[i] ?? 0)
    along += moved * (change[i] ?? 0)
    length += moved * moved
  }
  const share = along / squares
  return { share, residual: Math.sqrt(Math.max(0, length - share * along) / squares) }
}
