import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { PermanentError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type AnyResult, type FromModelProcess, unpackError, type Work } from './protocol.ts'

/** How long a model process without work is kept, in milliseconds. */
export const DEFAULT_IDLE_MS = 5 * 60_000
/** Units sent ahead: one runs, one is decoded, one is on its way while the runtime blocks. */
const UNITS_AHEAD = 3
/** A unit that was in flight in this many crashes is at fault itself. */
const MAX_ATTEMPTS = 2
/** Characters of a model process's own output kept for the log. */
const MAX_OUTPUT_CHARS = 4_000
/** Grace in milliseconds for a process to end by itself once its channel is closed. */
const STOP_MS = 2_000

/** Lower numbers run first. */
export const PRIORITY = { interactive: 0, batch: 1 } as const

/** One request on its way. */
interface Unit {
  id: number
  work: Work
  priority: number
  attempts: number
  signal: AbortSignal | undefined
  onProgress: ((seconds: number) => void) | undefined
  resolve(result: AnyResult): void
  reject(error: unknown): void
  stopListening(): void
}

export interface RunOptions {
  signal?: AbortSignal | undefined
  /** See `PRIORITY`; equal ones run in the order they came. */
  priority?: number | undefined
  /** Seconds of the recording that are transcribed; only for `transcribe`. */
  onProgress?: ((seconds: number) => void) | undefined
}

/**
 * One model process and the queue in front of it. The process starts with the first work, ends
 * after `idleMs` without any, never keeps this one alive, and is started again when it dies.
 */
export class Lane implements AsyncDisposable {
  readonly #threads: number
  readonly #logger: Logger
  readonly #idleMs: number
  readonly #waiting: Unit[] = []
  readonly #inFlight = new Map<number, Unit>()
  #child: ChildProcess | null = null
  #idle: NodeJS.Timeout | undefined
  #nextId = 1
  #closed = false

  constructor(threads: number, logger: Logger, idleMs: number) {
    this.#threads = threads
    this.#logger = logger
    this.#idleMs = idleMs
  }

  /** Process id of the model process, or null when none runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /**
   * Runs one unit of work. Aborting drops it when it still waits; when it runs, the promise
   * rejects once the process has let go of it.
   *
   * @throws PermanentError `model-crashed` when the process died of it twice
   */
  run(work: Work, options: RunOptions = {}): Promise<AnyResult> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('The model host is closed.')
      signal?.throwIfAborted()
      const unit: Unit = {
        id: this.#nextId++,
        work,
        priority: options.priority ?? PRIORITY.batch,
        attempts: 0,
        signal,
        onProgress: options.onProgress,
        resolve,
        reject,
        stopListening: () => signal?.removeEventListener('abort', cancel),
      }
      const cancel = () => this.#cancel(unit)
      signal?.addEventListener('abort', cancel, { once: true })
      this.#enqueue(unit)
      this.#pump()
    })
  }

  /** Stops the process and rejects what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    const left = [...this.#inFlight.values(), ...this.#waiting]
    this.#inFlight.clear()
    this.#waiting.length = 0
    for (const unit of left) settle(unit, () => unit.reject(new Error('The model host is closed.')))
    await this.#stop()
  }

  /** Behind those of the same or a lower number; a unit tried before goes in front of its equals. */
  #enqueue(unit: Unit): void {
    const goesBefore = (other: Unit) =>
      unit.attempts > 0 ? other.priority >= unit.priority : other.priority > unit.priority
    const index = this.#waiting.findIndex(goesBefore)
    this.#waiting.splice(index === -1 ? this.#waiting.length : index, 0, unit)
  }

  #cancel(unit: Unit): void {
    const index = this.#waiting.indexOf(unit)
    if (index === -1) {
      this.#child?.send({ type: 'cancel', id: unit.id })
      return
    }
    this.#waiting.splice(index, 1)
    settle(unit, () => unit.reject(unit.signal?.reason))
  }

  #pump(): void {
    clearTimeout(this.#idle)
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1)
      this.#inFlight.set(next.id, next)
      this.#start().send({ type: 'run', id: next.id, work: next.work })
    }
    const child = this.#child
    if (!child) return
    if (this.#inFlight.size > 0) {
      child.ref()
      child.channel?.ref()
    } else {
      // A promise alone does not keep a process alive, so only work in flight may.
      child.unref()
      child.channel?.unref()
      this.#idle = setTimeout(() => void this.#stop(), this.#idleMs).unref()
    }
  }

  /** The next unit that may be sent: transcription has a place of its own beside the batches. */
  #next(): Unit | undefined {
    const flying = [...this.#inFlight.values()]
    // After a crash the units that were in flight go one by one, to find the one at fault.
    const retried = flying.some((unit) => unit.attempts > 0)
    if (retried || (this.#waiting[0]?.attempts && flying.length > 0)) return undefined
    if (this.#waiting[0]?.attempts) return this.#waiting[0]
    const transcribing = flying.filter((unit) => unit.work.job === 'transcribe').length
    const batches = flying.length - transcribing
    return this.#waiting.find((unit) =>
      unit.work.job === 'transcribe' ? transcribing === 0 : batches < UNITS_AHEAD,
    )
  }

  #start(): ChildProcess {
    if (this.#child) return this.#child
    const child = forkModelProcess(this.#threads)
    this.#child = child
    let output = ''
    const keep = (chunk: string) => {
      output = (output + chunk).slice(-MAX_OUTPUT_CHARS)
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', keep)
      // Read as it comes, but never a reason to stay alive.
      if (stream && 'unref' in stream) (stream as unknown as { unref(): void }).unref()
    }
    child.on('message', (message) => this.#hear(message as FromModelProcess))
    // A failed send or spawn ends in 'exit' or 'close' as well; without a listener it would throw.
    child.on('error', (error) => keep(`${error.message}\n`))
    child.once('close', (code, signal) => this.#crashed(child, { code, signal, output }))
    this.#logger.debug({ pid: child.pid }, 'model process started')
    return child
  }

  #hear(message: FromModelProcess): void {
    const unit = this.#inFlight.get(message.id)
    if (!unit) return
    if (message.type === 'progress') {
      unit.onProgress?.(message.seconds)
      return
    }
    this.#inFlight.delete(message.id)
    settle(unit, () => {
      if (message.type === 'done') unit.resolve(message.result)
      else unit.reject(unit.signal?.aborted ? unit.signal.reason : unpackError(message.error))
    })
    this.#pump()
  }

  #crashed(
    child: ChildProcess,
    end: { code: number | null; signal: string | null; output: string },
  ): void {
    if (this.#child !== child) return
    this.#child = null
    const units = [...this.#inFlight.values()]
    this.#inFlight.clear()
    const how = end.signal ? `signal ${end.signal}` : `exit code ${end.code}`
    if (units.length > 0) {
      this.#logger.warn({ output: end.output, units: units.length }, `model process ended: ${how}`)
    }
    for (const unit of units.reverse()) {
      unit.attempts++
      if (unit.signal?.aborted) settle(unit, () => unit.reject(unit.signal?.reason))
      else if (unit.attempts < MAX_ATTEMPTS) this.#enqueue(unit)
      else settle(unit, () => unit.reject(crash(unit, how, end.output)))
    }
    if (this.#waiting.length > 0) this.#pump()
  }

  /** Ends the process and waits until it is gone. */
  async #stop(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.connected) child.disconnect()
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await gone
    clearTimeout(kill)
  }
}

function settle(unit: Unit, outcome: () => void): void {
  unit.stopListening()
  outcome()
}

function crash(unit: Unit, how: string, output: string): PermanentError {
  const last = output.trim().split('\n').at(-1)
  return new PermanentError(
    'model-crashed',
    `The model process died twice while it ran ${unit.work.job} with ${unit.work.model.manifest.name} (${how}${last ? `: ${last}` : ''}). It may lack memory, or the model file may be damaged.`,
  )
}

/** The entry is TypeScript when this file is (tests, `npm run dev`), JavaScript once built. */
function forkModelProcess(threads: number): ChildProcess {
  const extension = path.extname(import.meta.filename)
  const packageRoot = path.resolve(import.meta.dirname, '../..')
  return fork(path.join(import.meta.dirname, `host-process${extension}`), [String(threads)], {
    // `tsx` is found from the working folder, which the user chooses for us otherwise.
    cwd: packageRoot,
    execArgv: extension === '.ts' ? ['--import', 'tsx'] : [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}
