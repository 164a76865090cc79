/** Positions of a slider: whole steps from 0 to this. */
export const STEPS = 100

/**
 * Seconds at a position of the slider. Most clips are short, so the left half of the slider is for
 * the shortest quarter of the range. Whole seconds, outwards at both ends so that nothing falls out.
 */
export function secondsAt(position: number, min: number, max: number): number {
  if (position <= 0) return Math.floor(min)
  if (position >= STEPS) return Math.ceil(max)
  return Math.round(min + (max - min) * (position / STEPS) ** 2)
}

/** The position of a time in seconds; beyond an end it is the end. */
export function positionOf(seconds: number, min: number, max: number): number {
  if (max <= min) return seconds > min ? STEPS : 0
  const share = Math.min(1, Math.max(0, (seconds - min) / (max - min)))
  return Math.round(Math.sqrt(share) * STEPS)
}
