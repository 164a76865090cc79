import { toError } from '../errors.ts'
import type { Services } from '../services.ts'
import { beginRefill, tasksToRefill } from '../store/task-refill.ts'

/** Losses that come together are made good in one round. */
const EVERY_MS = 1000

type Parts = Pick<Services, 'database' | 'queue' | 'logger'>

/** Looks now and then for tasks that lost a video, and has the search for them go on. */
export function startRefilling(services: Parts): void {
  let isBusy = false
  const timer = setInterval(() => {
    if (services.queue.isStopping) return clearInterval(timer)
    if (isBusy) return
    isBusy = true
    refillTasks(services)
      .catch((error: unknown) => services.logger.warn({ err: toError(error) }, 'refilling'))
      .finally(() => {
        isBusy = false
      })
  }, EVERY_MS)
  timer.unref()
}

/** One look. On several machines at once, or killed between, each task is taken up once. */
export async function refillTasks({ database, queue }: Parts): Promise<void> {
  for (const taskId of await tasksToRefill(database.db)) {
    await database.db.transaction().execute(async (trx) => {
      if (await beginRefill(trx, taskId)) {
        await queue.enqueue('ingest', { taskId }, { transaction: trx })
      }
    })
  }
}
