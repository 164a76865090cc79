/** A unit that has run for less than this is never given up, in milliseconds. */
const LEAST_PATIENCE_MS = 60_000
/** Before anything was measured, loading included: a hard disk needs a minute for 600 MB. */
export const FIRST_PATIENCE_MS = 10 * 60_000
/** A unit is given up after so many times what it usually takes. */
const GIVE_UP_FACTOR = 30
/** A unit is worth a line in the log after so many times what it usually takes. */
const SLOW_FACTOR = 10
/** Below this nobody minds, in milliseconds. */
const SLOW_LEAST_MS = 1_000
/** Weight of the newest measurement in the moving average. */
const NEWEST = 0.2

/**
 * How long work of each kind takes on this machine, and from that how long it may take before the
 * process that does it counts as stuck.
 */
export class Pace {
  readonly #perItemMs = new Map<string, number>()
  readonly #fixedMs: number | null

  /** @param fixedMs patience in milliseconds, whatever was measured; null measures */
  constructor(fixedMs: number | null = null) {
    this.#fixedMs = fixedMs
  }

  /** Milliseconds that so many items of a kind may run without a sign of life. */
  patienceMs(kind: string, items: number): number {
    if (this.#fixedMs !== null) return this.#fixedMs
    const usual = this.#perItemMs.get(kind)
    if (usual === undefined) return FIRST_PATIENCE_MS
    return Math.max(LEAST_PATIENCE_MS, GIVE_UP_FACTOR * usual * items)
  }

  /**
   * Notes how long items took.
   *
   * @returns what they usually take in milliseconds when this was 10 times as long or more, else null
   */
  note(kind: string, items: number, runMs: number): number | null {
    if (items === 0) return null
    const perItem = runMs / items
    const usual = this.#perItemMs.get(kind)
    if (usual === undefined) {
      this.#perItemMs.set(kind, perItem)
      return null
    }
    this.#perItemMs.set(kind, usual + NEWEST * (perItem - usual))
    const isSlow = runMs > SLOW_LEAST_MS && perItem > SLOW_FACTOR * usual
    return isSlow ? usual * items : null
  }
}
