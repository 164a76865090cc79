import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskQueue } from '../config/task-queue.ts'
import { toError } from '../errors.ts'
import {
  dropOldDeliveries,
  isAnythingDue,
  isAnythingUnderWay,
  type Lease,
  leaseDue,
  leaseNext,
} from '../store/deliveries.ts'
import { deliver, type NotifyServices } from './deliver.ts'

/** How often it is looked for messages that are due. */
const LOOK_MS = 500
/** A job whose receiver takes its message goes on with the next for so long: a job each is slow. */
const JOB_MS = 20_000
const SWEEP_MS = 3600 * 1000
/** Messages sent at once by one worker. */
const CONCURRENCY = 8

/**
 * Takes up the sending of webhooks. Messages are rows that were written with their events
 * (`recordEvent`); those that are due become jobs, which survive a kill like all others.
 */
export async function startNotifying(
  services: NotifyServices & { queue: TaskQueue },
): Promise<void> {
  const { queue, logger, database } = services
  await queue.work('deliver', CONCURRENCY, async (first, { signal, draining }) => {
    const end = Date.now() + JOB_MS
    let lease: Lease | null = first
    while (lease) {
      const tookIt: string | null = await deliver(services, lease, { signal })
      const goesOn = tookIt !== null && Date.now() < end && !draining.aborted
      lease = goesOn ? await leaseNext(database.db, tookIt) : null
    }
  })
  let isLooking = false
  let sweptAt = 0
  const timer = setInterval(() => {
    if (queue.isStopping) return clearInterval(timer)
    if (isLooking) return
    isLooking = true
    void (async () => {
      try {
        await dispatchDue(services)
        if (Date.now() - sweptAt < SWEEP_MS) return
        sweptAt = Date.now()
        await dropOldDeliveries(database.db)
      } catch (error) {
        if (!queue.isStopping) logger.warn({ err: toError(error) }, 'webhooks wait')
      } finally {
        isLooking = false
      }
    })()
  }, LOOK_MS)
  timer.unref()
}

/**
 * Waits until what is due has been tried once, at most `timeoutMs`: a command that ends with its work
 * tells its end before it goes. What is not taken goes out at the next start.
 */
export async function untilNotified(
  { database, queue }: Pick<NotifyServices, 'database'> & { queue: TaskQueue },
  timeoutMs: number,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!queue.isStopping && Date.now() < end && (await isAnythingUnderWay(database.db))) {
    await sleep(100)
  }
}

/** Makes a job of each message that is due, in the transaction that gives it out. */
export async function dispatchDue({
  database,
  queue,
}: Pick<NotifyServices, 'database'> & { queue: TaskQueue }): Promise<number> {
  const { db } = database
  if (!(await isAnythingDue(db))) return 0
  return await db.transaction().execute(async (trx) => {
    const leases = await leaseDue(trx)
    for (const lease of leases) await queue.enqueue('deliver', { ...lease }, { transaction: trx })
    return leases.length
  })
}
