import { toError } from '../errors.ts'
import { type AnyItem, type AnyResult, BATCH_SIZE, type ModelForJob } from './protocol.ts'

/** Lower numbers run first. */
export const PRIORITY = { interactive: 0, batch: 1 } as const

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** See `PRIORITY`; default `batch`. */
  priority?: number | undefined
  /** Items done so far; of a transcription the seconds of the recording that are done. */
  onProgress?: ((done: number) => void) | undefined
}

/** One item of a call that is out in a batch. */
export interface Part {
  call: Call
  index: number
}

/**
 * One request to the model host. Its items leave in batches, alone or with those of other calls,
 * and may come back in any order. A call that fails or is aborted sends nothing more; it settles
 * once the model process has let go of everything it had sent.
 */
export class Call {
  readonly what: ModelForJob
  readonly items: readonly AnyItem[]
  readonly priority: number
  /** Calls with the same text may share a batch. */
  readonly group: string
  readonly result: Promise<AnyResult[]>
  readonly #results: AnyResult[] = []
  readonly #waiting: number[]
  readonly #onProgress: ((done: number) => void) | undefined
  #out = 0
  #done = 0
  #failure: { reason: unknown } | null = null
  #resolve: (results: AnyResult[]) => void = () => undefined
  #reject: (reason: unknown) => void = () => undefined

  constructor(what: ModelForJob, items: readonly AnyItem[], options: CallOptions = {}) {
    this.what = what
    this.items = items
    this.priority = options.priority ?? PRIORITY.batch
    this.group = `${this.priority} ${what.job} ${what.model.key}`
    this.#waiting = items.map((_, index) => index)
    this.#onProgress = options.onProgress
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Items that have not been sent yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** True once it has failed or was aborted: what is still out counts for nothing. */
  get isOver(): boolean {
    return this.#failure !== null
  }

  /** The next items, in order; they are out until `landed` says otherwise. */
  take(limit: number): Part[] {
    const indexes = this.#waiting.splice(0, limit)
    this.#out += indexes.length
    return indexes.map((index) => ({ call: this, index }))
  }

  /** An item came back with its result. */
  answered(index: number, value: AnyResult): void {
    this.#results[index] = value
    this.#done += 1
  }

  /** This many items are back, whatever became of them. */
  landed(count: number): void {
    this.#out -= count
    // A listener that throws must not take the queue with it.
    if (!this.#failure && this.what.job !== 'transcribe') this.progress(this.#done)
    this.settle()
  }

  progress(done: number): void {
    if (this.#failure) return
    try {
      this.#onProgress?.(done)
    } catch (error) {
      this.fail(toError(error))
    }
  }

  /** Sends nothing more; the first reason counts. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#waiting.length = 0
    this.settle()
  }

  /** Settles the result when nothing is out and nothing waits. */
  settle(): void {
    if (this.#out > 0 || this.#waiting.length > 0) return
    if (this.#failure) this.#reject(this.#failure.reason)
    else this.#resolve(this.#results)
  }
}

/**
 * Takes the next batch out of the waiting calls: the most urgent first, calls of equal urgency in
 * turn, so that a long video does not hold up a short one. What the chosen call leaves free is
 * filled with items of others that need the same model, so that the last frames of one video and
 * the first of the next share a run. The chosen call goes to the end of `calls`, which is changed.
 *
 * @param mayGo whether a call's next items may leave now
 * @returns null when none may
 */
export function nextParts(calls: Call[], mayGo: (call: Call) => boolean): Part[] | null {
  let leader: Call | undefined
  for (const call of calls) {
    if (call.waiting === 0 || !mayGo(call)) continue
    if (!leader || call.priority < leader.priority) leader = call
  }
  if (!leader) return null
  const { group } = leader
  const size = leader.what.job === 'transcribe' ? 1 : BATCH_SIZE
  const parts = leader.take(size)
  calls.splice(calls.indexOf(leader), 1)
  for (const call of calls) {
    if (parts.length >= size) break
    if (call.group === group) parts.push(...call.take(size - parts.length))
  }
  calls.push(leader)
  for (let index = calls.length - 1; index >= 0; index--) {
    if (calls[index]!.waiting === 0) calls.splice(index, 1)
  }
  return parts
}
