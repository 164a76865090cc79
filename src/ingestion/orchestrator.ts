import { Requeue } from '../config/task-queue.ts'
import { InvalidInputError } from '../errors.ts'
import { settleTask } from '../store/finish.ts'
import { endRound } from '../store/task-refill.ts'
import { beginTask, getTask } from '../store/tasks.ts'
import { endApifyRuns } from './apify-runs.ts'
import type { Platform } from './discovery/source.ts'
import { tell } from './discovery/tell.ts'
import { Discovery } from './discovery-round.ts'
import type { IngestionServices } from './take.ts'

export interface RoundOptions {
  signal: AbortSignal
  draining: AbortSignal
  /** Called when a candidate is written down that was not before. */
  progressed?(): Promise<void>
  /** Applies the task's rules to videos that it took and that are there already. */
  judge?(taskId: string): Promise<void>
}

/**
 * Discovers a task's candidates and takes them until `maxVideos` good ones are there or on their way:
 * each gets its video row and its fetch job in one transaction. A task with words goes on when videos
 * are lost later (`askForMore`), from its reserve, then from its sources; what it has already is left
 * as it is, so that a run that was killed goes on where it stopped.
 *
 * @throws whatever the source throws; Requeue when the process drains
 */
export async function runIngestion(
  services: IngestionServices,
  taskId: string,
  options: RoundOptions,
): Promise<void> {
  const { db } = services.database
  if (!(await beginTask(db, taskId))) {
    // Also of a task that is not there.
    await getTask(db, taskId)
    return
  }
  const task = await getTask(db, taskId)
  const source = services.sources[task.platform as Platform]
  if (!source) {
    throw new InvalidInputError('unknown-platform', `There is no source for ${task.platform}.`)
  }
  try {
    for (;;) {
      const outcome = await new Discovery(services, task, source, options).round()
      await options.judge?.(task.id)
      if (outcome === 'over') break
      if (typeof outcome === 'object') {
        await tell(services.logger, { task: { id: taskId, db } }, outcome)
      }
      const sourcesEnded = outcome === 'exhausted' || typeof outcome === 'object'
      const isDone = await db.transaction().execute(async (trx) => {
        const done = await endRound(trx, taskId, { sourcesEnded })
        if (done) await settleTask(trx, taskId)
        return done
      })
      if (isDone) break
    }
  } catch (thrown) {
    // Cancelled: what runs elsewhere for the task costs on. After a stop the next run goes on with it.
    if (options.signal.aborted) await endApifyRuns(services, db, 'ended-tasks')
    else if (options.draining.aborted) throw new Requeue()
    throw thrown
  }
  await endApifyRuns(services, db, { taskId })
}
