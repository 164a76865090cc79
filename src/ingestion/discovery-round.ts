import { ForgeindexError, TransientError } from '../errors.ts'
import {
  addCandidate,
  countSpare,
  countTakenEver,
  hasCandidate,
  spareCandidates,
} from '../store/candidates.ts'
import { spentOnTask } from '../store/source-runs.ts'
import { countGood } from '../store/task-counts.ts'
import { getTask, type Task, updateTask } from '../store/tasks.ts'
import { type CapReached, capOf, roomFor } from './caps.ts'
import type { Candidate, Platform, Source } from './discovery/source.ts'
import { tell } from './discovery/tell.ts'
import { clean, consider, type IngestionServices } from './take.ts'

/** Sources that name their videos beforehand: what is over the limit is said, not just left. */
const LISTED: ReadonlySet<string> = new Set(['folder', 'urls', 'upload'])
/** Sources that bring about as many as they are asked for: asked for more, they may have more. */
const BY_NUMBER: ReadonlySet<string> = new Set(['youtube', 'tiktok', 'instagram', 'any'])
/** Those that cost money when there is a token: what their run has brought is kept. */
const PAID: ReadonlySet<string> = new Set(['youtube', 'tiktok', 'instagram', 'any'])
/** A paid run is not waited for once there is enough; what it has brought comes at once. */
const READY_MS = 500
/** Kept in reserve at least, when a video was lost once. */
const FEWEST_SPARE = 5
/** Ranks of one variant; the next variant's come after them. */
const RANKS = 1_000_000
/** Most that a source is asked for in the end. */
const LARGEST_LIMIT = 20_000

/** `waiting`: a cap leaves no room until videos under way are here. */
export type Round = 'full' | 'exhausted' | 'waiting' | 'over' | CapReached

/** One round of a task's discovery: until it has enough, or there is no more. */
export class Discovery {
  readonly #services: IngestionServices
  readonly #task: Task
  readonly #source: Source
  readonly #signal: AbortSignal
  readonly #deadline: AbortSignal | null
  readonly #progressed: () => Promise<void>
  #good = 0
  #takenEver = 0
  /** How many to keep in reserve. */
  #reserve = 0
  #spare = 0

  constructor(
    services: IngestionServices,
    task: Task,
    source: Source,
    {
      signal,
      draining,
      progressed,
    }: { signal: AbortSignal; draining: AbortSignal; progressed?(): Promise<void> },
  ) {
    this.#services = services
    this.#task = task
    this.#source = source
    this.#progressed = progressed ?? (async () => {})
    const left = secondsLeft(task)
    this.#deadline = left === null ? null : AbortSignal.timeout(Math.ceil(left * 1000))
    // A source may wait for its service for minutes: a drain does not wait with it.
    this.#signal = AbortSignal.any([signal, draining, ...(this.#deadline ? [this.#deadline] : [])])
  }

  /** @throws whatever the source throws, unless the cap on time was what ended it */
  async round(): Promise<Round> {
    try {
      return await this.#round()
    } catch (thrown) {
      const reached = this.#deadline?.aborted ? capOf(this.#task) : null
      if (reached === null) throw thrown
      return reached
    }
  }

  async #round(): Promise<Round> {
    const { db } = this.#services.database
    const { id, maxVideos, variants } = this.#task
    this.#good = await this.#count()
    this.#takenEver = await countTakenEver(db, id)
    const { spare, replacements } = await countSpare(db, id)
    this.#spare = spare
    this.#reserve =
      this.#takenEver >= maxVideos && this.#good < maxVideos
        ? Math.max(FEWEST_SPARE, replacements)
        : 0
    const reached = capOf(this.#task)
    if (reached) return reached
    const fromSpare = await this.#takeSpare()
    if (fromSpare) return fromSpare
    let { variant, limit } = (await getTask(db, id)).position
    const queries = [null, ...variants]
    for (; variant < queries.length; variant++, limit = null) {
      const asked = await this.#askAll(variant, queries[variant] ?? null, limit)
      if (asked !== 'exhausted') return asked
      await updateTask(db, id, { position: { variant: variant + 1, limit: null } })
    }
    return 'exhausted'
  }

  /** What was found before and not needed then. Null when more has to be looked for. */
  async #takeSpare(): Promise<Round | null> {
    const { database } = this.#services
    while (this.#spare > 0) {
      const wanted = this.#task.maxVideos - this.#good
      if (wanted <= 0) return 'full'
      const some = await spareCandidates(database.db, this.#task.id, Math.min(wanted, 50))
      if (some.length === 0) return null
      for (const { detail, variant } of some) {
        this.#signal.throwIfAborted()
        // Written by #keepSpare.
        const ended = await this.#take(detail as Candidate, variant)
        if (ended) return ended
        this.#spare--
      }
    }
    return null
  }

  /** One query of one source, asked for more and more while that brings more. */
  async #askAll(index: number, variant: string | null, from: number | null): Promise<Round> {
    const { maxVideos, platform, id } = this.#task
    for (let limit = from ?? maxVideos; ; limit *= 2) {
      const tally = { yielded: 0, fresh: 0 }
      try {
        const outcome = await this.#ask({ index, variant, limit }, tally)
        if (outcome !== 'exhausted') return outcome
      } catch (thrown) {
        this.#signal.throwIfAborted()
        const isOptional = variant !== null && thrown instanceof ForgeindexError
        if (!isOptional || thrown instanceof TransientError) throw thrown
        const message = `The search for ${JSON.stringify(variant)} failed: ${thrown.message}`
        await this.#tell(thrown.code, message)
        return 'exhausted'
      }
      const mayHaveMore =
        this.#fills && BY_NUMBER.has(platform) && tally.yielded >= limit && tally.fresh > 0
      if (!mayHaveMore || limit * 2 > LARGEST_LIMIT) return 'exhausted'
      const position = { variant: index, limit: limit * 2 }
      await updateTask(this.#services.database.db, id, { position })
    }
  }

  async #ask(
    { index, variant, limit }: { index: number; variant: string | null; limit: number },
    tally: { yielded: number; fresh: number },
  ): Promise<Round> {
    const { db } = this.#services.database
    const { id, platform, query, urls, path, maxUsd, maxVideos } = this.#task
    const request = {
      platform: platform as Platform,
      query: variant ?? query,
      urls,
      ...(path ? { path } : {}),
      limit,
    }
    const most = this.#services.settings.apify.maxUsd
    // Lets go of a source that waits for its service when there is enough.
    const leaving = new AbortController()
    const options = {
      signal: AbortSignal.any([this.#signal, leaving.signal]),
      task: { id, db },
      isKnown: (candidate: Pick<Candidate, 'platform' | 'sourceId'>) =>
        hasCandidate(db, id, candidate),
      // What is left, so that sources which start at the same moment can share it.
      maxUsd: Math.max(0, Math.min(maxUsd ?? most, most) - (await spentOnTask(db, id))),
    }
    const candidates = this.#source.discover(request, options)[Symbol.asyncIterator]()
    let isLeaving = false
    let end: Round = 'full'
    try {
      for (;;) {
        const next = isLeaving ? await soon(candidates.next()) : await candidates.next()
        // What else there is comes later: it is not waited for.
        if (next === null) {
          leaving.abort()
          return end
        }
        if (next.done) return isLeaving ? end : 'exhausted'
        this.#signal.throwIfAborted()
        const candidate = clean({ ...next.value, rank: index * RANKS + next.value.rank })
        tally.yielded++
        if (await hasCandidate(db, id, candidate)) continue
        tally.fresh++
        const isFull = !isLeaving && (await this.#isFull())
        if (isFull && !LISTED.has(platform)) isLeaving = true
        if (!isLeaving) {
          const ended = await this.#take(candidate, variant, isFull)
          if (ended === null) continue
          if (ended !== 'waiting') return ended
          end = ended
          isLeaving = true
        }
        if (this.#spare >= this.#spareWanted(end, maxVideos)) return end
        await this.#keepSpare(candidate, variant)
      }
    } finally {
      await soon(Promise.resolve(candidates.return?.()).catch(() => undefined))
    }
  }

  /** Takes one candidate. Null to go on, else why the round ends. */
  async #take(candidate: Candidate, variant: string | null, isFull = false): Promise<Round | null> {
    const reached = capOf(this.#task)
    if (reached) return reached
    const room = await roomFor(this.#services.database.db, this.#task, candidate)
    if (room !== 'room') return room
    const replacement = this.#takenEver >= this.#task.maxVideos && !isFull
    const circumstances = { isFull, variant, replacement }
    const outcome = await consider(this.#services, this.#task, candidate, circumstances)
    if (outcome === 'over') return 'over'
    await this.#progressed()
    if (outcome === 'taken' || outcome === 'lost') this.#takenEver++
    if (outcome === 'taken' || (outcome === 'lost' && !this.#fills)) this.#good++
    return null
  }

  /** Whether there are enough; counted anew before that is believed, since some may be lost by now. */
  async #isFull(): Promise<boolean> {
    const { maxVideos } = this.#task
    if (this.#good >= maxVideos) this.#good = await this.#count()
    return this.#good >= maxVideos
  }

  /** Of a search only what is good counts, of a list whatever was taken. */
  async #count(): Promise<number> {
    const { db } = this.#services.database
    return await (this.#fills ? countGood : countTakenEver)(db, this.#task.id)
  }

  /** Only a search has other videos to offer; a list is what it is. */
  get #fills(): boolean {
    const { query, urls, path } = this.#task
    return query !== null && urls.length === 0 && path === null
  }

  #spareWanted(end: Round, maxVideos: number): number {
    if (!this.#fills) return 0
    if (end === 'waiting') return FEWEST_SPARE
    const isPaid = PAID.has(this.#task.platform) && this.#services.settings.apify.token !== null
    return isPaid ? Math.max(this.#reserve, Math.ceil(maxVideos / 2) + 10) : this.#reserve
  }

  async #keepSpare(candidate: Candidate, variant: string | null): Promise<void> {
    if (candidate.reject) {
      await consider(this.#services, this.#task, candidate, {
        isFull: false,
        variant,
        replacement: false,
      })
      return
    }
    const { platform, sourceId, url, title, rank } = candidate
    await addCandidate(this.#services.database.db, this.#task.id, {
      ...{ platform, sourceId, url, title, rank, variant },
      ...{ state: 'found', reasonCode: null, reason: null, videoId: null },
      bytes: candidate.bytes ?? null,
      detail: candidate,
    })
    this.#spare++
  }

  async #tell(code: string, message: string): Promise<void> {
    const task = { id: this.#task.id, db: this.#services.database.db }
    await tell(this.#services.logger, { task }, { code, message })
  }
}

/** Seconds that a task may still look for videos; null without a cap. */
function secondsLeft({ maxSeconds, startedAt }: Task): number | null {
  if (maxSeconds === null) return null
  const began = startedAt?.getTime() ?? Date.now()
  return Math.max(0, maxSeconds - (Date.now() - began) / 1000)
}

/** Null when it is not there soon. */
async function soon<T>(promise: Promise<T>): Promise<T | null> {
  // Whoever waits hears of a failure; later nobody does.
  promise.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), READY_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
