import { difference, isUniform, type Miniature, similarity } from './miniatures.ts'
import { GradualTransitions } from './shots-gradual.ts'
import { strengthOf, type Transition } from './transition.ts'

/** A frame that differs from the one before by less than this begins no shot. Grey levels, 0–255. */
const MIN_DIFFERENCE = 4

/**
 * A cut differs this many times more than the frames around it do on average. Of 10 hand-labelled
 * hard cuts the lowest has 2.4; the fastest motion on the same clips reaches 1.7.
 */
const TIMES_AROUND = 2

/** Frames on either side whose differences make the local level. */
const AROUND = 4

/** Least level, so that one changed block in a static picture is no cut. Grey levels. */
const LEAST_LEVEL = 1

/** Frames as similar as this show the same shot: the lowest seen without a cut is 0.81 (a pan). */
const SAME_SHOT = 0.77

/** Pictures that return within this time make a flash, no cut. Microseconds. */
const FLASH = 400_000
/** Frames that are as similar as this are the same picture come back. */
const RETURNED = 0.85

/** The least time between two transitions; of two closer ones the stronger stays. Microseconds. */
const MIN_SHOT = 200_000

/** Frames kept for looking back and ahead: `FLASH` at 60 frames a second, on both sides. */
const MAX_KEPT = 64

interface Frame extends Miniature {
  /** From the frame before; 0 for the first. */
  difference: number
}

/**
 * Finds transitions while frames come in, each judged by its neighbourhood, with a delay of a few
 * frames and in memory that does not grow but by the transitions found.
 *
 * A hard cut is a spike: a difference well above the local level, between pictures that stay unlike
 * each other under any small shift of the camera. Handheld motion raises the local level and shifts;
 * a flash comes back; a static picture has no spikes. Gradual ones: `shots-gradual.ts`.
 */
export class ShotDetector {
  /** Frames around the one to be judged, in order of time. */
  readonly #kept: Frame[] = []
  readonly #cuts: Transition[] = []
  readonly #gradual = new GradualTransitions()
  /** Index in `#kept` of the next frame to judge. */
  #next = 1

  /** @param frame later than all before; others are left out */
  add(frame: Miniature): void {
    const last = this.#kept.at(-1)
    if (last && frame.microseconds <= last.microseconds) return
    this.#kept.push({ ...frame, difference: last ? difference(last, frame) : 0 })
    this.#gradual.add(frame)
    while (this.#canJudge()) this.#judgeNext()
  }

  /** The transitions in order of time. */
  finish(): Transition[] {
    while (this.#next < this.#kept.length) this.#judgeNext()
    return apart(this.#gradual.finish(this.#cuts))
  }

  /** Whether enough frames after the next one are known. */
  #canJudge(): boolean {
    const frame = this.#kept[this.#next]
    const last = this.#kept.at(-1)
    if (!frame || !last) return false
    const ahead = this.#kept.length - 1 - this.#next
    if (ahead >= MAX_KEPT / 2) return true
    return ahead >= AROUND && last.microseconds - frame.microseconds > FLASH
  }

  #judgeNext(): void {
    const cut = this.#judge(this.#next)
    if (cut) this.#cuts.push(cut)
    this.#next += 1
    if (this.#next > MAX_KEPT) {
      const from = this.#next - MAX_KEPT / 2
      this.#kept.splice(0, from)
      this.#next -= from
    }
  }

  #judge(index: number): Transition | null {
    const frame = this.#kept[index]
    const before = this.#kept[index - 1]
    if (!frame || !before || frame.difference < MIN_DIFFERENCE) return null
    if (frame.difference < TIMES_AROUND * this.#levelAround(index)) return null
    if (similarity(before, frame) > SAME_SHOT) return null
    const alike = similarity(before, frame, true)
    if (alike > SAME_SHOT || this.#isFlash(index)) return null
    return { microseconds: frame.microseconds, kind: 'cut', strength: strengthOf(alike) }
  }

  /** The median difference of the frames before or after, whichever is higher. */
  #levelAround(index: number): number {
    const differences = this.#kept.map((frame) => frame.difference)
    const before = median(differences.slice(Math.max(1, index - AROUND), index))
    const after = median(differences.slice(index + 1, index + 1 + AROUND))
    return Math.max(LEAST_LEVEL, before, after)
  }

  /** Whether the picture before comes back soon, or the picture after was there a moment ago. */
  #isFlash(index: number): boolean {
    const frame = this.#kept[index]
    const before = this.#kept[index - 1]
    if (!frame || !before) return false
    for (let i = index + 1; i < this.#kept.length; i++) {
      const later = this.#kept[i]
      if (!later || later.microseconds - frame.microseconds > FLASH) break
      if (!isUniform(before) && similarity(before, later, true) > RETURNED) return true
    }
    for (let i = index - 2; i >= 0; i--) {
      const earlier = this.#kept[i]
      if (!earlier || frame.microseconds - earlier.microseconds > FLASH) break
      if (!isUniform(frame) && similarity(frame, earlier, true) > RETURNED) return true
    }
    return false
  }
}

/** The middle value; the lower of two. 0 for none. */
function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
}

/** Of transitions closer than the shortest shot, the strongest. */
function apart(transitions: Transition[]): Transition[] {
  const kept: Transition[] = []
  for (const transition of transitions.sort((a, b) => a.microseconds - b.microseconds)) {
    const previous = kept.at(-1)
    if (previous && transition.microseconds - previous.microseconds < MIN_SHOT) {
      if (transition.strength > previous.strength) kept[kept.length - 1] = transition
    } else kept.push(transition)
  }
  return kept
}
