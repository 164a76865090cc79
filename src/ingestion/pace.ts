import type { Bucket, CoolDown, Turn } from '../store/rate-limits.ts'

/** Turns, leases and cool-downs of one process, for a program that has no library open. */
export function memoryBuckets() {
  const buckets = new Map<string, { tokens: number; at: number }>()
  const cooling = new Map<string, CoolDown>()
  const leases = new Map<string, string>()

  function coolingNow(place: string): CoolDown | null {
    const known = cooling.get(place)
    return known && known.until.getTime() > Date.now() ? known : null
  }

  return {
    async take(platform: string, { burst, perSecond }: Bucket, cost: number): Promise<Turn> {
      const cold = coolingNow(platform)
      if (cold) {
        const waitMs = cold.until.getTime() - Date.now()
        return { granted: false, waitMs, coolingCode: cold.code }
      }
      const now = performance.now()
      const { tokens, at } = buckets.get(platform) ?? { tokens: burst, at: now }
      const filled = Math.min(burst, tokens + ((now - at) / 1000) * perSecond)
      const granted = filled >= cost
      buckets.set(platform, { tokens: granted ? filled - cost : filled, at: now })
      if (granted) return { granted: true }
      return { granted: false, waitMs: ((cost - filled) / perSecond) * 1000, coolingCode: null }
    },
    async cooling(place: string): Promise<CoolDown | null> {
      return coolingNow(place)
    },
    async cool(place: string, code: string, wait: { leastMs: number; askedMs: number }) {
      const strikes = (cooling.get(place)?.strikes ?? 0) + (coolingNow(place) ? 0 : 1)
      const ms = Math.min(3_600_000, Math.max(wait.leastMs * 2 ** (strikes - 1), wait.askedMs))
      const until = new Date(Date.now() + ms)
      cooling.set(place, { platform: place, until, code, strikes })
      return { until, strikes }
    },
    async forgive(place: string): Promise<void> {
      if (!coolingNow(place)) cooling.delete(place)
    },
    async lease(name: string, slots: number, holder: string): Promise<boolean> {
      const held = [...leases.values()].filter((each) => each === name).length
      if (held >= slots) return false
      leases.set(holder, name)
      return true
    },
    async renew(): Promise<void> {},
    async release(holder: string): Promise<void> {
      leases.delete(holder)
    },
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
