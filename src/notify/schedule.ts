const MINUTE = 60
const HOUR = 60 * MINUTE

/** Seconds before each try. [Standard Webhooks 1.0.0: retry schedule] */
const DELAYS = [
  0,
  5,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]
const JITTER = 0.2
/** A receiver that asks for more patience than this is tried again all the same. */
const LONGEST_WAIT = 24 * HOUR
/** How long a receiver that is overloaded, and does not say for how long, is left alone at most. */
const LONGEST_PAUSE = MINUTE
/** What an overloaded receiver, or the proxy before it, answers. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Seconds until the next try after `tries` that failed, with up to a fifth more so that many do not
 * come at once; at least what the receiver asked for. Null when it was the last.
 */
export function secondsUntilNextTry(
  tries: number,
  retryAfterSeconds: number | null,
  random: () => number = Math.random,
): number | null {
  const delay = DELAYS[tries]
  if (delay === undefined) return null
  const wait = delay * (1 + random() * JITTER)
  return Math.max(wait, Math.min(retryAfterSeconds ?? 0, LONGEST_WAIT))
}

/** Seconds for which nothing at all is sent to a receiver that answered so; null: no pause. */
export function pauseSeconds(
  status: number | null,
  retryAfterSeconds: number | null,
  untilNextTry: number,
): number | null {
  if (status === null || !OVERLOADED.has(status)) return null
  return retryAfterSeconds === null
    ? Math.min(untilNextTry, LONGEST_PAUSE)
    : Math.min(retryAfterSeconds, LONGEST_WAIT)
}
