// Longer than most: the queue, its one process and what becomes of its work are one state.
import { availableParallelism, loadavg } from 'node:os'
import type { Logger } from '../log.ts'
import { Call, type CallOptions, nextParts, type Part, PRIORITY } from './call.ts'
import { afterCrash, type Batch, withoutOver } from './crash-policy.ts'
import { MemoryLimit } from './memory-limit.ts'
import { ModelProcess, type ProcessEnd } from './model-process.ts'
import { FIRST_PATIENCE_MS, Pace } from './pace.ts'
import {
  type AnyItem,
  type AnyResult,
  type FromModelProcess,
  type ModelForJob,
  type ModelProcessOptions,
  unpackError,
  type Work,
} from './protocol.ts'

/** Units of one model sent ahead: one runs, one is decoded, one is on its way. */
const UNITS_AHEAD = 3
/** What a person waits for is sent even when these many units are ahead: it overtakes them there. */
const URGENT_UNITS_AHEAD = 6
/** How often stuck work is looked for, in milliseconds. */
const WATCH_MS = 1_000

export interface LaneOptions extends ModelProcessOptions {
  /** Milliseconds without work after which the process ends. */
  idleMs: number
  /** The same for a process that nobody has waited for yet; default `idleMs`. */
  unaskedIdleMs?: number
  /** Resident bytes above which the process is replaced. */
  memoryBytes: number
  /** Milliseconds that a unit may run without a sign of life; null: measured. */
  patienceMs: number | null
}

/**
 * One model process and the queue in front of it. The process starts with the first work, ends
 * after `idleMs` without any, never keeps this one alive, and is started again when it dies, is
 * stuck or has outgrown its memory limit.
 */
export class Lane implements AsyncDisposable {
  readonly #options: LaneOptions
  readonly #logger: Logger
  readonly #pace: Pace
  readonly #memory: MemoryLimit
  readonly #devices = new Map<string, string>()
  /** Calls with items that wait, in turn. */
  readonly #calls: Call[] = []
  /** Batches that were out when a process died: before everything else, one at a time. */
  #retries: Batch[] = []
  readonly #out = new Map<number, Batch>()
  #process: ModelProcess | null = null
  #stopping: Promise<void> | null = null
  /** Whether the process has been heard of. */
  #isUp = false
  #stuck: string | null = null
  /** Whether a person has waited for this process. */
  #isAsked = false
  #idle: NodeJS.Timeout | undefined
  #watch: NodeJS.Timeout | undefined
  #watchedAt = 0
  #nextId = 1
  #closed = false

  constructor(options: LaneOptions, logger: Logger) {
    this.#options = options
    this.#memory = new MemoryLimit(options.memoryBytes, logger)
    this.#logger = logger
    this.#pace = new Pace(options.patienceMs)
  }

  /** Process id of the model process, or null when none runs. */
  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  /** Where a model's sessions were opened when it last ran; null before it has. */
  deviceOf(modelKey: string): string | null {
    return this.#devices.get(modelKey) ?? null
  }

  /**
   * Runs items through a model. Aborting drops those that wait; when some are out, the promise
   * rejects once the process has let go of them.
   *
   * @returns one result per item, in their order
   * @throws PermanentError `model-crashed` when the process died of these items
   */
  async run(
    what: ModelForJob,
    items: readonly AnyItem[],
    options: CallOptions = {},
  ): Promise<AnyResult[]> {
    const { signal } = options
    if (this.#closed) throw new Error('The model host is closed.')
    signal?.throwIfAborted()
    if (items.length === 0) return []
    const call = new Call(what, items, options)
    if (call.priority === PRIORITY.interactive) this.#isAsked = true
    const cancel = () => this.#end(call, signal?.reason)
    signal?.addEventListener('abort', cancel, { once: true })
    this.#calls.push(call)
    this.#pump()
    try {
      return await call.result
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** Has a model loaded before work for it comes. What goes wrong shows when that work runs. */
  load(what: ModelForJob): void {
    if (this.#closed || this.#stopping !== null) return
    this.#start().send({ type: 'load', what })
    this.#pump()
  }

  /** Stops the process and rejects what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    clearInterval(this.#watch)
    const batches = [...this.#out.values(), ...this.#retries]
    const calls = new Set([...this.#calls, ...batches.flatMap(({ parts }) => parts.map(callOf))])
    for (const call of calls) call.fail(new Error('The model host is closed.'))
    this.#calls.length = 0
    this.#retries = []
    this.#out.clear()
    for (const batch of batches) landed(batch.parts)
    await this.#stopping
    await this.#process?.stop()
    this.#process = null
  }

  /** Nobody wants the rest of a call: its items leave the queue and the process's own. */
  #end(call: Call, reason: unknown): void {
    call.fail(reason)
    const index = this.#calls.indexOf(call)
    if (index !== -1) this.#calls.splice(index, 1)
    for (const batch of this.#out.values()) {
      const items = batch.parts.flatMap((part, at) => (part.call === call ? [at] : []))
      if (items.length > 0) this.#process?.send({ type: 'cancel', id: batch.id, items })
    }
    const dropped = this.#retries.flatMap(({ parts }) => parts.filter((part) => part.call === call))
    this.#retries = this.#retries.flatMap((batch) => withoutOver(batch) ?? [])
    landed(dropped)
  }

  #pump(): void {
    if (this.#closed || this.#stopping !== null) return
    clearTimeout(this.#idle)
    // Its successor starts once the memory is given back.
    if (this.#isFull && this.#out.size === 0) return void this.#stop()
    for (let batch = this.#next(); batch; batch = this.#next()) {
      this.#out.set(batch.id, batch)
      const { id, what, parts } = batch
      const items = parts.map(({ call, index }) => call.items[index]!)
      // Items and model come from calls of one group: they fit each other.
      const work = { ...what, items } as Work
      this.#start().send({ type: 'run', id, priority: parts[0]!.call.priority, work })
    }
    if (this.#out.size > 0) {
      this.#process?.keepAlive(true)
      this.#startWatch()
    } else {
      clearInterval(this.#watch)
      this.#watch = undefined
      if (!this.#process) return
      this.#process.keepAlive(false)
      const { idleMs, unaskedIdleMs = idleMs } = this.#options
      const idle = this.#isAsked ? idleMs : unaskedIdleMs
      this.#idle = setTimeout(() => void this.#stop(), idle).unref()
    }
  }

  /** The next batch that may be sent. Models run side by side, so each has places of its own. */
  #next(): Batch | null {
    const out = [...this.#out.values()]
    const [retry] = this.#retries
    // After a crash what was out goes one by one, to find what is at fault.
    if (retry) return out.length === 0 ? (this.#retries.shift() ?? null) : null
    if (out.some((batch) => batch.deaths + batch.kills > 0)) return null
    const transcribing = out.some(({ what }) => what.job === 'transcribe')
    if (this.#isFull && !transcribing) return null
    const parts = nextParts(this.#calls, ({ what, priority }) => {
      if (what.job === 'transcribe') return !transcribing && !this.#isFull
      const units = out.filter((batch) => isSameModel(batch.what, what)).length
      return units < (priority === PRIORITY.interactive ? URGENT_UNITS_AHEAD : UNITS_AHEAD)
    })
    return parts && this.#batchOf(parts)
  }

  /** Whether the process is to be replaced before it gets more. */
  get #isFull(): boolean {
    return this.#process !== null && this.#memory.isExceeded
  }

  #batchOf(parts: Part[]): Batch {
    const { what, group } = parts[0]!.call
    return { id: this.#nextId++, what, group, parts, deaths: 0, kills: 0, silentMs: 0, runs: false }
  }

  #start(): ModelProcess {
    if (this.#process) return this.#process
    this.#isUp = false
    this.#memory.begin()
    const started = new ModelProcess(this.#options, {
      message: (message) => this.#hear(message),
      end: (end) => this.#crashed(end),
    })
    this.#process = started
    this.#logger.debug({ pid: started.pid }, 'model process started')
    return started
  }

  #hear(message: FromModelProcess): void {
    if (message.type === 'note') return void this.#logger[message.level](message.message)
    this.#isUp = true
    for (const batch of this.#out.values()) {
      // What has not begun waits for the others: their news are its news.
      if (!batch.runs || batch.id === message.id) batch.silentMs = 0
    }
    const batch = this.#out.get(message.id)
    if (!batch) return
    if (message.type === 'started') {
      batch.runs = true
    } else if (message.type === 'progress') {
      for (const { call } of batch.parts) call.progress(message.seconds)
    } else if (message.type === 'done') {
      this.#out.delete(message.id)
      this.#judge(batch, message)
      for (const [at, { call, index }] of batch.parts.entries()) {
        const outcome = message.outcomes[at]
        if (call.isOver || !outcome) continue
        if ('value' in outcome) call.answered(index, outcome.value)
        else this.#end(call, unpackError(outcome.error))
      }
      landed(batch.parts)
      this.#pump()
    }
  }

  /** Device, speed and memory of a process that has just done a unit. */
  #judge(batch: Batch, facts: { device: string; runMs: number; residentBytes: number }): void {
    const model = batch.what.model.manifest.name
    this.#devices.set(batch.what.model.key, facts.device)
    if (batch.what.job !== 'transcribe') {
      const usualMs = this.#pace.note(batch.group, batch.parts.length, facts.runMs)
      if (usualMs !== null) {
        this.#logger.warn(
          { model, runMs: Math.round(facts.runMs), usualMs: Math.round(usualMs) },
          'a model took more than 10 times as long as usual: the machine may be overloaded',
        )
      }
    }
    this.#memory.check(facts.residentBytes, model)
  }

  /** Adds up how long running work is silent; a machine that slept or stood still does not count. */
  #startWatch(): void {
    if (this.#watch) return
    this.#watchedAt = performance.now()
    this.#watch = setInterval(() => {
      const now = performance.now()
      const passedMs = Math.min(now - this.#watchedAt, 2 * WATCH_MS)
      this.#watchedAt = now
      for (const batch of this.#out.values()) {
        batch.silentMs += passedMs
        const patienceMs = this.#isUp
          ? this.#pace.patienceMs(batch.group, batch.parts.length)
          : FIRST_PATIENCE_MS
        // Where three processes want each core, everything takes three times as long.
        const crowd = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())
        if (batch.silentMs < patienceMs * crowd || this.#stuck) continue
        this.#stuck = `no answer for ${Math.round(batch.silentMs / 1000)} s`
        this.#process?.kill()
      }
    }, WATCH_MS).unref()
  }

  #crashed(end: ProcessEnd): void {
    this.#process = null
    const batches = [...this.#out.values()]
    this.#out.clear()
    const how = this.#stuck ?? (end.signal ? `signal ${end.signal}` : `exit code ${end.code}`)
    // Nothing of ours sends this signal but for a stuck process: an operator or the system did.
    const wasKilled = !this.#stuck && end.signal === 'SIGKILL'
    this.#stuck = null
    if (batches.length > 0) {
      this.#logger.warn(
        { output: end.output, units: batches.length },
        `model process ended: ${how}; its work is tried again`,
      )
    }
    for (const batch of batches) {
      const { again, failed } = afterCrash(batch, { how, wasKilled, output: end.output })
      this.#retries.push(...again.map((parts) => ({ ...parts, id: this.#nextId++ })))
      for (const { call, error } of failed) this.#end(call, error)
      landed(batch.parts.filter((part) => !again.some(({ parts }) => parts.includes(part))))
    }
    this.#pump()
  }

  async #stop(): Promise<void> {
    this.#isAsked = false
    const stopped = this.#process
    this.#process = null
    if (!stopped) return
    this.#stopping = stopped.stop()
    await this.#stopping
    this.#stopping = null
    // Work that came while it ended has waited for this.
    this.#pump()
  }
}

/** Tells the calls that these items are back. */
function landed(parts: readonly Part[]): void {
  const counts = new Map<Call, number>()
  for (const { call } of parts) counts.set(call, (counts.get(call) ?? 0) + 1)
  for (const [call, count] of counts) call.landed(count)
}

const callOf = ({ call }: Part) => call

function isSameModel(a: ModelForJob, b: ModelForJob): boolean {
  return a.job === b.job && a.model.key === b.model.key
}
