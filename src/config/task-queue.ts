// Longer than most: pg-boss is wrapped in one place, so that nothing else knows of it.
import { setMaxListeners } from 'node:events'
import { fromKysely, PgBoss } from 'pg-boss'
import { toError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Database, Trx } from './database.ts'
import { WorkerWaker } from './worker-waker.ts'

/** Every kind of background work, with what its job carries. */
export interface JobKinds {
  /** Discover candidates of a task and accept them. */
  ingest: { taskId: string }
  /** Download one video into storage. */
  fetch: { videoId: string }
  /** Run the steps on one stored video; with `only` this step and those that read it. */
  video: { videoId: string; only?: string }
  /** Run the model on trial for a job on one video. */
  trial: { videoId: string; job: 'clip' | 'detector' | 'speech' }
  /** Make a dataset's archive. */
  export: { exportId: string }
  /** Send one message to a webhook, under the lease that was given out with the job. */
  deliver: { deliveryId: string; leaseId: string }
}
export type JobKind = keyof JobKinds

export interface EnqueueOptions {
  /** Enqueue inside this transaction: the job exists exactly if its rows do. */
  transaction?: Trx
  /** Not before this many seconds from now. */
  delaySeconds?: number
  /** Tries already made, for back-off. */
  attempt?: number
}

export interface JobContext {
  /** Aborted when the job was cancelled, taken over by another worker, or the process stops at once. */
  signal: AbortSignal
  /** Aborted when the process drains: stop at the next checkpoint, the job goes on elsewhere later. */
  draining: AbortSignal
  /** Tries that ended in a fault before this one; crashes do not count. */
  attempt: number
  /** Says that the work got further than ever: crashes before that no longer count. Not in a transaction. */
  progressed(): Promise<void>
}

export type JobHandler<K extends JobKind> = (
  data: JobKinds[K],
  context: JobContext,
) => Promise<void>

const KINDS: JobKind[] = ['ingest', 'fetch', 'video', 'trial', 'export', 'deliver']
/**
 * Crashes in a row, without getting any further between, that one job survives before it counts as
 * failed. More than the 50 of the kill tests, each of which may come right after a start.
 */
const CRASH_LIMIT = 60
/** pg-boss's minimum; a dead worker's jobs come back after this (10 s measured). */
const HEARTBEAT_SECONDS = 10
/**
 * Seconds between two looks of an idle worker, for jobs of other processes: those of this one wake it. On
 * the embedded database each look is a query in the serving process: every 2 s they took 2 % of a core.
 */
const POLL_SECONDS = { embedded: 10, server: 0.5 }
/** Seconds between two looks for jobs whose worker died: on the embedded database that is this process. */
const SUPERVISE_SECONDS = { embedded: 60, server: 2 }
/** A job that failed is looked for again after this time: what was wrong may last. */
const FAULT_MS = 2_000
const NO_JOB = '00000000-0000-0000-0000-000000000000'

/**
 * Durable background work on pg-boss: jobs are rows of the library's own database, so they are
 * enqueued in the same transaction as what they are about, and survive any crash.
 *
 * A handler that throws `Requeue` gives its job back; any other throw counts as a try and the job
 * comes back at once, up to the crash limit. Handlers decide themselves about failures they know.
 */
export class TaskQueue implements AsyncDisposable {
  readonly #boss: PgBoss
  readonly #database: Database
  readonly #logger: Logger
  readonly #draining = new AbortController()
  readonly #stopping = new AbortController()
  readonly #running = new Map<AbortController, unknown>()
  readonly #waker: WorkerWaker

  private constructor(boss: PgBoss, database: Database, logger: Logger) {
    this.#boss = boss
    this.#waker = new WorkerWaker((id) => boss.notifyWorker(id))
    this.#database = database
    this.#logger = logger
  }

  static async open(database: Database, logger: Logger): Promise<TaskQueue> {
    const embedded = database.form === 'embedded'
    const boss = new PgBoss({
      // The library's own pool: on the embedded database a second one would write into open transactions.
      db: { executeSql: (text, values) => database.pool.query(text, values as unknown[]) },
      backend: embedded ? 'pglite' : 'postgres',
      schedule: false,
      superviseIntervalSeconds: SUPERVISE_SECONDS[database.form],
      monitorIntervalSeconds: SUPERVISE_SECONDS[database.form],
      reindex: false,
      monitorVacuum: false,
    })
    boss.on('error', (error) => logger.warn({ err: error }, 'task queue'))
    await boss.start()
    const queue = new TaskQueue(boss, database, logger)
    for (const kind of KINDS) {
      await boss.createQueue(kind, {
        retryLimit: CRASH_LIMIT,
        retryDelay: 0,
        heartbeatSeconds: HEARTBEAT_SECONDS,
        // A video may take hours; a stuck one is seen by its heartbeat, not by this.
        expireInSeconds: 23 * 3600,
        deleteAfterSeconds: 24 * 3600,
        // A laptop's library may rest for months: its work waits for it.
        retentionSeconds: 10 * 365 * 24 * 3600,
      })
    }
    if (embedded) await queue.#reviveOrphans()
    // send() reads the queue's definition once outside the caller's transaction: on the embedded
    // database that would wait for the very connection its caller holds. Any look-up keeps it.
    for (const kind of KINDS) await boss.findJobs(kind, { id: NO_JOB })
    return queue
  }

  /** Adds one job. */
  async enqueue<K extends JobKind>(kind: K, data: JobKinds[K], options: EnqueueOptions = {}) {
    await this.#boss.send(
      kind,
      { ...data, attempt: options.attempt ?? 0 },
      {
        ...(options.transaction ? { db: fromKysely(options.transaction) } : {}),
        ...(options.delaySeconds ? { startAfter: options.delaySeconds } : {}),
      },
    )
    this.#waker.wake(kind, (options.delaySeconds ?? 0) * 1000)
  }

  /** Works jobs of one kind, `concurrency` at a time, until the queue is closed. */
  async work<K extends JobKind>(kind: K, concurrency: number, handler: JobHandler<K>) {
    // One by one, so that as many are woken as there are jobs.
    for (let index = 0; index < concurrency; index++) {
      const worker = this.#waker.add(kind)
      worker.id = await this.#boss.work<JobKinds[K] & { attempt?: number }>(
        kind,
        {
          batchSize: 1,
          pollingIntervalSeconds: POLL_SECONDS[this.#database.form],
          heartbeatRefreshSeconds: 3,
        },
        async ([job]) => {
          if (!job) return
          worker.isBusy = true
          try {
            await this.#run(kind, job, handler)
            // Where there was a job there may be more: look at once.
            this.#boss.notifyWorker(worker.id)
          } catch (error) {
            this.#waker.wake(kind, FAULT_MS)
            throw error
          } finally {
            worker.isBusy = false
          }
        },
      )
    }
  }

  async #run<K extends JobKind>(
    kind: K,
    job: { id: string; data: JobKinds[K] & { attempt?: number }; signal: AbortSignal },
    handler: JobHandler<K>,
  ): Promise<void> {
    const local = new AbortController()
    this.#running.set(local, job.data)
    const signal = AbortSignal.any([job.signal, local.signal, this.#stopping.signal])
    // Everything that a job waits for listens to it, and much of that at once.
    setMaxListeners(0, signal)
    try {
      if (this.#draining.signal.aborted) throw new Requeue()
      await handler(job.data, {
        signal,
        draining: this.#draining.signal,
        attempt: job.data.attempt ?? 0,
        progressed: this.#forgivenOnce(kind, job.id),
      })
    } catch (error) {
      if (error instanceof Requeue) {
        const { delaySeconds } = error
        const attempt = job.data.attempt ?? 0
        await this.enqueue(kind, job.data, { attempt, delaySeconds })
        return
      }
      this.#logger.error({ err: toError(error), kind, data: job.data }, 'job failed')
      throw error
    } finally {
      this.#running.delete(local)
    }
  }

  /** Once for each run is enough: it makes the crashes before it forgotten. */
  #forgivenOnce(kind: JobKind, id: string): () => Promise<void> {
    let isForgiven = false
    return async () => {
      if (isForgiven) return
      isForgiven = true
      await this.#database.pool.query(
        // Not the count itself: pg-boss settles a job only under the count that it was fetched with.
        `update pgboss.job set retry_limit = retry_count + $3
         where name = $1 and id = $2 and retry_count > 0`,
        [kind, id, CRASH_LIMIT],
      )
    }
  }

  /** Takes jobs that carry `data` out of the queue and aborts those that run in this process. */
  async cancel<K extends JobKind>(
    kind: K,
    data: Partial<JobKinds[K]>,
    transaction?: Trx,
  ): Promise<void> {
    const options = transaction ? { db: fromKysely(transaction) } : {}
    const jobs = await this.#boss.findJobs(kind, { data, ...options })
    const live = jobs.filter((job) => ['created', 'retry', 'active'].includes(job.state))
    if (live.length > 0) {
      await this.#boss.cancel(
        kind,
        live.map((job) => job.id),
        options,
      )
    }
    for (const [controller, running] of this.#running) {
      if (contains(running, data)) controller.abort()
    }
  }

  /** True from the first request to stop on. */
  get isStopping(): boolean {
    return this.#draining.signal.aborted
  }

  /** What the jobs that wait or run are about. */
  async liveWork(): Promise<{ videoIds: string[]; taskIds: string[]; exportIds: string[] }> {
    const { rows } = await this.#database.pool.query<{
      video: string | null
      task: string | null
      export: string | null
    }>(
      `select data ->> 'videoId' as video, data ->> 'taskId' as task,
         data ->> 'exportId' as export from pgboss.job
       where state in ('created', 'retry', 'active') and name = any($1)`,
      [KINDS],
    )
    return {
      videoIds: rows.flatMap((row) => row.video ?? []),
      taskIds: rows.flatMap((row) => row.task ?? []),
      exportIds: rows.flatMap((row) => row.export ?? []),
    }
  }

  /** Stops taking jobs and lets running ones reach their next checkpoint. */
  async drain(timeoutMs = 600_000): Promise<void> {
    this.#draining.abort()
    await this.#boss.stop({ graceful: true, timeout: timeoutMs, close: false })
  }

  /** Stops at once: running jobs are aborted and come back at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining.abort()
    this.#stopping.abort()
    await this.#boss.stop({ graceful: true, timeout: 15_000, close: false })
  }

  /**
   * An embedded library has one process: what is still marked running belongs to one that was
   * killed, and need not wait for its heartbeat.
   */
  async #reviveOrphans(): Promise<void> {
    const { rowCount } = await this.#database.pool.query(
      `update pgboss.job set state = 'retry', start_after = now()
       where state = 'active' and name = any($1) and retry_count < retry_limit`,
      [KINDS],
    )
    if (rowCount) this.#logger.info({ jobs: rowCount }, 'unfinished work found, going on with it')
  }
}

/**
 * Thrown by a handler that stops at a checkpoint: the job goes back into the queue as it was, for as
 * soon as somebody has time or for later.
 */
export class Requeue extends Error {
  /** Not before this many seconds from now; 0 for at once. */
  readonly delaySeconds: number

  constructor(delaySeconds = 0) {
    super('put back into the queue')
    this.delaySeconds = Math.ceil(delaySeconds)
  }
}

function contains(data: unknown, part: object): boolean {
  return Object.entries(part).every(
    ([key, value]) => (data as Record<string, unknown> | null)?.[key] === value,
  )
}
