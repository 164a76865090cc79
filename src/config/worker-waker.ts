/** One loop that looks for jobs of a kind. */
export interface QueueWorker {
  /** Empty until the loop is started. */
  id: string
  isBusy: boolean
}

/**
 * Time for the transaction that a job is enqueued in to commit, before a worker looks for it, and for a
 * delay to be over by the database's clock as well.
 */
const COMMIT_MS = 15

/** Lets idle workers of this process look for new jobs at once; polling finds what it misses. */
export class WorkerWaker {
  readonly #notify: (id: string) => void
  readonly #workers = new Map<string, QueueWorker[]>()
  /** Jobs by kind that were just enqueued and for which no worker was woken yet. */
  readonly #fresh = new Map<string, number>()

  constructor(notify: (id: string) => void) {
    this.#notify = notify
  }

  add(kind: string): QueueWorker {
    const worker = { id: '', isBusy: false }
    this.#workers.set(kind, [...(this.#workers.get(kind) ?? []), worker])
    return worker
  }

  /**
   * There is a job more of this kind, due in `delayMs`: as many idle workers look for work as there are
   * new jobs.
   */
  wake(kind: string, delayMs = 0): void {
    if (delayMs > 0) {
      setTimeout(() => this.wake(kind), delayMs).unref()
      return
    }
    const fresh = this.#fresh.get(kind) ?? 0
    this.#fresh.set(kind, fresh + 1)
    if (fresh > 0) return
    setTimeout(() => {
      const count = this.#fresh.get(kind) ?? 0
      this.#fresh.delete(kind)
      const idle = (this.#workers.get(kind) ?? []).filter(({ isBusy }) => !isBusy)
      for (const { id } of idle.slice(0, count)) this.#notify(id)
    }, COMMIT_MS).unref()
  }
}
