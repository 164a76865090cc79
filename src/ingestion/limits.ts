import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../config/database.ts'
import type { RatePlatform } from '../config/platform-rates.ts'
import type { Settings } from '../config/settings.ts'
import { PermanentError, TransientError } from '../errors.ts'
import type { Logger } from '../log.ts'
import {
  type Bucket,
  type CoolDown,
  coolDown,
  coolDownOf,
  dropLeases,
  forgiveStrikes,
  renewLeases,
  type Turn,
  takeLease,
  takeTurn,
} from '../store/rate-limits.ts'
import { Gate, memoryBuckets } from './pace.ts'

/** A worker that died lets go of what it held after this. */
const LEASE_MS = 20_000
const RENEW_MS = 5000
const POLL_MS = 250
/** A wait that is longer is not sat out by a download: its worker does something else meanwhile. */
const DOWNLOAD_PATIENCE_MS = 5000
const DISCOVERY_PATIENCE_MS = 120_000
const FIRST_COOL_DOWN_MS = 60_000
/** Refusals in a row after which downloads fail instead of waiting: half an hour after a bot check. */
const HOPELESS_STRIKES = 6
/**
 * A place that has just answered well is not looked up for so long: small downloads would spend more on
 * that than on their bytes. Another worker's cool-down is seen so much later at most.
 */
const CALM_MS = 1000
/** What another worker is at is looked at again after this. */
const BUSY_MS = 5000

/** Failures after which a platform is left alone for a while. */
const COOLS: ReadonlySet<string> = new Set(['bot-check', 'rate-limited'])

/** It is not our turn: nothing went wrong, and nothing was asked of the platform. */
export class NotYet extends TransientError {
  declare readonly retryAfterMs: number
}

export interface TurnOptions {
  signal: AbortSignal
  /** In tokens; a look at a page costs less than a download. 1 unless told otherwise. */
  cost?: number
  /** How long to wait here before giving up. */
  patienceMs?: number
}

/** What this program may ask of a platform and when, over all workers of the library. */
export interface Limits {
  /**
   * Resolves when one request may be made.
   *
   * @throws NotYet `cooling-down` or `not-our-turn` when it takes longer than the patience
   */
  turn(platform: RatePlatform, options: TurnOptions): Promise<void>
  /**
   * Runs a download as one of the few that a platform gets at once. Refused by it, everybody waits,
   * and this download with them; after some refusals in a row without a success it fails.
   *
   * @throws NotYet `cooling-down` or `not-our-turn`
   */
  download<T>(place: Place, signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Runs `work` while no other worker does what has this name. @throws NotYet `not-our-turn` */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>
  /** One request in its turn; the platform cools down when it refuses us. @throws NotYet */
  request<T>(platform: RatePlatform, options: TurnOptions, ask: () => Promise<T>): Promise<T>
}

/** A platform, or `host:NAME` for a site of its own, which has cool-downs only. */
export type Place = RatePlatform | `host:${string}`

/** The host of an address as a place. */
export function placeOfHost(url: string): Place {
  return `host:${new URL(url).host.slice(0, 253)}`
}

/** Where turns, leases and cool-downs are kept. */
interface Backing {
  take(platform: string, bucket: Bucket, cost: number): Promise<Turn>
  cooling(place: string): Promise<CoolDown | null>
  cool(
    place: string,
    code: string,
    wait: { leastMs: number; askedMs: number },
  ): Promise<{ until: Date; strikes: number }>
  forgive(place: string): Promise<void>
  lease(name: string, slots: number, holder: string): Promise<boolean>
  renew(holders: string[]): Promise<void>
  release(holder: string): Promise<void>
}

const shared = new WeakMap<Settings, Limits>()

/** The limits of these settings: over all workers when `shareLimits` was called, else this process's. */
export function limitsOf(settings: Settings): Limits {
  const known = shared.get(settings)
  if (known) return known
  const limits = createLimits(settings, null, memoryBuckets())
  shared.set(settings, limits)
  return limits
}

/** From now on `limitsOf(settings)` counts in the library's database, together with all workers. */
export function shareLimits(settings: Settings, db: Db, logger: Logger): void {
  shared.set(settings, createLimits(settings, logger, inDatabase(db)))
}

function inDatabase(db: Db): Backing {
  return {
    take: (platform, bucket, cost) => takeTurn(db, platform, bucket, cost),
    cooling: (place) => coolDownOf(db, place),
    cool: (place, code, wait) => coolDown(db, place, code, wait),
    forgive: (place) => forgiveStrikes(db, place),
    lease: (name, slots, holder) => takeLease(db, name, slots, holder, LEASE_MS),
    renew: (holders) => renewLeases(db, holders, LEASE_MS),
    release: (holder) => dropLeases(db, holder),
  }
}

/** One set of limits on this backing. Exported for tests; `limitsOf` is what the program uses. */
export function createLimits(settings: Settings, logger: Logger | null, backing: Backing): Limits {
  // One at a time asks for each platform: the others of this process wait behind it, in order.
  const lines = new Map<string, Gate>()
  const lineOf = (name: string) => {
    const line = lines.get(name) ?? new Gate(1)
    lines.set(name, line)
    return line
  }

  async function untilGranted(
    line: string,
    options: { signal: AbortSignal; patienceMs: number; what: string },
    ask: () => Promise<Turn>,
  ): Promise<void> {
    const end = performance.now() + options.patienceMs
    await lineOf(line).hold(options.signal, async () => {
      for (;;) {
        const turn = await ask()
        if (turn.granted) return
        // At least a moment: an estimate of nothing means that another worker was faster.
        const waitMs = Math.max(5, Math.ceil(turn.waitMs))
        if (performance.now() + waitMs > end) throw notYet(options.what, turn, waitMs)
        await sleep(waitMs, undefined, { signal: options.signal })
      }
    })
  }

  async function turn(platform: RatePlatform, options: TurnOptions): Promise<void> {
    const { perMinute, burst } = settings.rates[platform]
    const bucket = { burst, perSecond: perMinute / 60 }
    const patienceMs = options.patienceMs ?? DISCOVERY_PATIENCE_MS
    await untilGranted(
      `turn ${platform}`,
      { signal: options.signal, patienceMs, what: platform },
      () => backing.take(platform, bucket, options.cost ?? 1),
    )
  }

  /** Until when a place counts as calm, and how often it has refused us here. */
  const calm = new Map<Place, number>()
  const refusals = new Map<Place, number>()
  const isCalm = (place: Place) => performance.now() < (calm.get(place) ?? 0)

  async function requireWarm(place: Place): Promise<void> {
    if (isCalm(place)) return
    const cooling = await backing.cooling(place)
    if (!cooling) return
    if (cooling.strikes >= HOPELESS_STRIKES) throw hopeless(place, cooling)
    const waitMs = Math.max(1000, cooling.until.getTime() - Date.now())
    throw notYet(place, { granted: false, waitMs, coolingCode: cooling.code }, waitMs)
  }

  async function watched<T>(place: Place, work: () => Promise<T>): Promise<T> {
    const before = refusals.get(place)
    try {
      const result = await work()
      if (isCalm(place)) return result
      await backing.forgive(place)
      // One that was refused meanwhile cools down, whatever this answer was.
      if (refusals.get(place) === before) calm.set(place, performance.now() + CALM_MS)
      return result
    } catch (thrown) {
      if (isRefusal(thrown)) {
        refusals.set(place, (refusals.get(place) ?? 0) + 1)
        calm.delete(place)
        const askedMs = (thrown instanceof TransientError && thrown.retryAfterMs) || 0
        const leastMs = askedMs || FIRST_COOL_DOWN_MS
        const { code, message } = thrown
        const { until, strikes } = await backing.cool(place, code, { leastMs, askedMs })
        logger?.warn({ platform: place, code, until, strikes, message }, 'platform cools down')
      }
      throw thrown
    }
  }

  async function leased<T>(holder: string, work: () => Promise<T>): Promise<T> {
    // A missed renewal is made up by the next one; the database may be away for a while.
    const timer = setInterval(() => void backing.renew([holder]).catch(() => {}), RENEW_MS)
    try {
      return await work()
    } finally {
      clearInterval(timer)
      await backing.release(holder).catch(() => {})
    }
  }

  async function download<T>(
    place: Place,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    await requireWarm(place)
    const refusable = async () => {
      try {
        return await watched(place, work)
      } catch (thrown) {
        if (isRefusal(thrown)) await requireWarm(place)
        throw thrown
      }
    }
    if (place.startsWith('host:')) return await refusable()
    const platform = place as RatePlatform
    const { connections } = settings.rates[platform]
    const holder = randomUUID()
    const wanted = { signal, patienceMs: DOWNLOAD_PATIENCE_MS, what: platform }
    await untilGranted(`download ${platform}`, wanted, async () =>
      (await backing.lease(platform, connections, holder))
        ? { granted: true }
        : { granted: false, waitMs: POLL_MS, coolingCode: null },
    )
    return await leased(holder, refusable)
  }

  async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const holder = randomUUID()
    if (await backing.lease(name, 1, holder)) return await leased(holder, work)
    throw new NotYet('not-our-turn', `Another worker is at ${name}.`, { retryAfterMs: BUSY_MS })
  }

  return {
    turn,
    download,
    alone,
    async request(platform, options, ask) {
      await turn(platform, options)
      return await watched(platform, ask)
    },
  }
}

function isRefusal(thrown: unknown): thrown is TransientError | PermanentError {
  if (thrown instanceof NotYet) return false
  const isOurs = thrown instanceof TransientError || thrown instanceof PermanentError
  return isOurs && COOLS.has(thrown.code)
}

function hopeless(place: Place, { code, until, strikes }: CoolDown): PermanentError {
  return new PermanentError(
    code,
    `${place} has refused us ${strikes} times in a row (${code}) and is not asked before ` +
      `${until.toISOString()}. Retry then, from another network, or with cookies of an account.`,
  )
}

function notYet(what: string, turn: Turn & { granted: false }, waitMs: number): NotYet {
  const seconds = Math.ceil(waitMs / 1000)
  return turn.coolingCode
    ? new NotYet(
        'cooling-down',
        `${what} is left alone for ${seconds} s: it answered ${turn.coolingCode}.`,
        { retryAfterMs: waitMs },
      )
    : new NotYet(
        'not-our-turn',
        `${what} is asked as often as is right; the next turn is in ${seconds} s.`,
        {
          retryAfterMs: waitMs,
        },
      )
}
