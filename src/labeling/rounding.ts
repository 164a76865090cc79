/** Seconds to the microsecond; a start a hair before 0 is 0, and so is -0. */
export function time(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1e6) / 1e6)
}

/** A share, to four places. */
export function score(value: number): number {
  return Math.round(value * 1e4) / 1e4
}
