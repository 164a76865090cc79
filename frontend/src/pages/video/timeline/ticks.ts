import { formatTime } from '../../../lib/format.ts'
import type { View } from './view.ts'

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]
/** Labels closer than this run into each other. */
const MIN_LABEL_PX = 72

export interface Tick {
  time: number
  /** Null for the small ticks between the named ones. */
  label: string | null
}

/** Seconds between named ticks: the smallest round step whose labels have room. */
export function tickStep(span: number, width: number): number {
  const perPixel = span / Math.max(1, width)
  return STEPS.find((step) => step / perPixel >= MIN_LABEL_PX) ?? STEPS.at(-1) ?? 3600
}

/** Ticks in view, five to each named one. */
export function ticksOf(view: View, width: number): Tick[] {
  const step = tickStep(view.to - view.from, width)
  const small = step / 5
  const ticks: Tick[] = []
  for (let n = Math.ceil(view.from / small - 1e-6); n * small <= view.to + 1e-6; n++) {
    const isNamed = n % 5 === 0
    const time = n * small
    // Half a tenth up: 0.3 is a little less than three tenths in binary.
    ticks.push({
      time,
      label: isNamed ? formatTime(step < 1 ? time + 0.01 : time, step < 1 ? 1 : 0) : null,
    })
  }
  return ticks
}
