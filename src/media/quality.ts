/**
 * How good a video is as material, told from what the decode gives anyway. Scores only: nothing is
 * thrown away by them. This file: what is told from a small copy of every frame, over time.
 * `quality-pictures.ts`: what needs the detail of the keyframes.
 */
import {
  difference,
  largestDifference,
  MINIATURE,
  type Miniature,
  similarity,
} from './miniatures.ts'

/** Over the whole video. Null without a frame. */
export interface FlowQuality {
  /** Mean grey inside black bars, over time: 0 black, 1 white. */
  brightness: number | null
  /**
   * Mean absolute difference of frames 0.2 s apart within a shot, as a share of the range of grey:
   * 0 for a still picture, 0.01 for hands at work before a fixed camera, above 0.04 for a moving camera.
   */
  motion: number | null
  /**
   * Share of the time, 0–1, at which at least 98 % of the picture is darker than a tenth of white:
   * the two defaults of ffmpeg's `blackdetect`.
   */
  blackShare: number | null
  /**
   * Share of the time, 0–1, in stretches of at least 2 s without any change, 2 s being the default of
   * ffmpeg's `freezedetect`. Black stretches count too.
   */
  frozenShare: number | null
  /**
   * Share of the time, 0–1, in which one of at least three different pictures stands still for 1.5 s
   * or more. Pictures that are zoomed or panned over are not told from filmed ones.
   */
  slideShow: number | null
}

/** As `blackdetect` has them: `pixel_black_th` and `picture_black_ratio_th`. */
const BLACK = { grey: 0.1 * 255, share: 0.98 }

/** Frames that far apart are compared for motion, whatever the rate. Microseconds. */
const MOTION_STEP = 200_000

/** A larger difference may be another shot, which is no motion: such pairs are compared again. Grey levels. */
const MAYBE_CUT = 12
const SAME_SHOT = 0.6

/** No pixel of a miniature changes by more than this in a frozen stretch. Grey levels, for coding noise. */
const STILL = 3

/** Microseconds. */
const FROZEN = 2_000_000
const SLIDE = 1_500_000
const MIN_SLIDES = 3
/** Slides that are more similar than this are one. */
const SAME_SLIDE = 0.95

/** A frame is shown until the next one, but no longer than this when the next is missing. Microseconds. */
const MAX_SHOWN = 10_000_000

/** Measures while frames come in, in memory that does not grow with the video. */
export class FlowMeter {
  #previous: Miniature | null = null
  /** Shown time of all frames so far and sums over it. Microseconds. */
  #time = 0
  #grey = 0
  #black = 0
  #frozen = 0
  #slides = 0
  #slideCount = 0
  /** The first frame of the stretch in which nothing has changed. */
  #still: Miniature | null = null
  #lastSlide: Miniature | null = null
  #compared: Miniature | null = null
  #motion = { sum: 0, pairs: 0 }

  /** @param frame later than all before; others are left out */
  add(frame: Miniature): void {
    const previous = this.#previous
    if (previous && frame.microseconds <= previous.microseconds) return
    if (previous) this.#show(previous, frame.microseconds - previous.microseconds)
    this.#previous = frame
    this.#still ??= frame
    if (largestDifference(this.#still, frame) > STILL) {
      this.#endStill(frame.microseconds)
      this.#still = frame
    }
    this.#compare(frame)
  }

  /** @param durationSeconds of the video; the last frame is shown until then */
  finish(durationSeconds: number): FlowQuality {
    const last = this.#previous
    if (!last) {
      return {
        brightness: null,
        motion: null,
        blackShare: null,
        frozenShare: null,
        slideShow: null,
      }
    }
    const left = Math.max(0, durationSeconds * 1e6 - last.microseconds)
    // A picture alone is shown for no time that is known: a microsecond stands for it.
    this.#show(last, this.#time + left > 0 ? left : 1)
    this.#endStill(last.microseconds + Math.min(left, MAX_SHOWN))
    const share = (time: number) => Math.min(1, time / this.#time)
    return {
      brightness: this.#grey / this.#time / 255,
      motion: this.#motion.pairs > 0 ? this.#motion.sum / this.#motion.pairs / 255 : null,
      blackShare: share(this.#black),
      frozenShare: share(this.#frozen),
      slideShow: this.#slideCount >= MIN_SLIDES ? share(this.#slides) : 0,
    }
  }

  #show(frame: Miniature, microseconds: number): void {
    const shown = Math.min(microseconds, MAX_SHOWN)
    this.#time += shown
    this.#grey += shown * frame.mean
    if (isBlack(frame)) this.#black += shown
  }

  #endStill(until: number): void {
    const first = this.#still
    if (!first) return
    const length = until - first.microseconds
    if (length >= FROZEN) this.#frozen += length
    if (length < SLIDE || isBlack(first)) return
    this.#slides += length
    if (!this.#lastSlide || similarity(this.#lastSlide, first) < SAME_SLIDE) this.#slideCount += 1
    this.#lastSlide = first
  }

  #compare(frame: Miniature): void {
    const before = this.#compared
    if (before && frame.microseconds - before.microseconds < MOTION_STEP) return
    this.#compared = frame
    // Frames further apart, of a film with few of them, say nothing of how fast things move.
    if (!before || frame.microseconds - before.microseconds > 3 * MOTION_STEP) return
    const change = difference(before, frame)
    if (change > MAYBE_CUT && similarity(before, frame, true) < SAME_SHOT) return
    this.#motion.sum += change
    this.#motion.pairs += 1
  }
}

function isBlack({ pixels }: Miniature): boolean {
  let dark = 0
  for (const grey of pixels) if (grey <= BLACK.grey) dark += 1
  return dark >= BLACK.share * MINIATURE.width * MINIATURE.height
}
