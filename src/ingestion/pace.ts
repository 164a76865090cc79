import { setTimeout as sleep } from 'node:timers/promises'

/** At most `count` starts in any window of `windowMs`, in the order in which they were asked for. */
export class Pace {
  readonly count: number
  readonly windowMs: number
  /** Start times of the last `count` turns, given out or booked ahead, oldest first. */
  readonly #turns: number[] = []

  constructor(count: number, windowMs = 60_000) {
    this.count = count
    this.windowMs = windowMs
  }

  /** Resolves when this caller may start. A caller that gives up frees its place. */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const now = Date.now()
    const before = this.#turns.at(-this.count)
    const start = before === undefined ? now : Math.max(now, before + this.windowMs)
    this.#turns.push(start)
    if (this.#turns.length > this.count * 2) this.#turns.splice(0, this.#turns.length - this.count)
    if (start === now) return
    try {
      await sleep(start - now, undefined, { signal })
    } catch (thrown) {
      const place = this.#turns.lastIndexOf(start)
      if (place !== -1) this.#turns.splice(place, 1)
      throw thrown
    }
  }
}

/** At most `size` holders at once, first come, first served. */
export class Gate {
  readonly #size: number
  #held = 0
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.#size = size
  }

  /** Runs `work` as one of the holders. A caller that aborts while waiting leaves the queue. */
  async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#held--
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#held < this.#size) {
      this.#held++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason)
      }
      this.#waiting.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
