import path from 'node:path'
import { toError } from './errors.ts'
import { endApifyRuns } from './ingestion/apify-runs.ts'
import { INCOMING_PREFIX } from './ingestion/discovery/upload.ts'
import type { Services } from './services.ts'
import { dropOldEvents } from './store/events.ts'
import { failExport, knownExportIds, stalledExportIds } from './store/exports.ts'
import { failTask, finishVideo, settleTask } from './store/finish.ts'
import { openTaskIds, stalledTaskIds, stalledVideoIds, waitingTaskIds } from './store/unattended.ts'
import { sweepForgotten } from './takedown.ts'

const EVERY_MS = 60_000
/** An upload that still streams in has no task yet, and a task that ended may be retried. */
const INCOMING_MS = 24 * 3600 * 1000
const EXPORT_MS = 3600 * 1000

/**
 * What has to be looked at now and then: events nobody will ask for again, and work whose job is
 * gone although it never ended, because it took the process down with it again and again.
 */
export function startHousekeeping(services: Services): void {
  const { logger, queue } = services
  const timer = setInterval(() => {
    if (queue.isStopping) return clearInterval(timer)
    keepHouse(services).catch((error: unknown) => {
      logger.warn({ err: toError(error) }, 'housekeeping')
    })
  }, EVERY_MS)
  timer.unref()
}

/** One round. Running it twice, or on two machines at once, does the same as once. */
export async function keepHouse(services: Services): Promise<void> {
  const { database, queue, logger } = services
  const { db } = database
  await dropOldEvents(db)
  const alive = await queue.liveWork()
  for (const videoId of await stalledVideoIds(db, alive.videoIds)) {
    logger.warn({ videoId }, 'gave up a video whose job is gone')
    await db.transaction().execute((trx) =>
      finishVideo(trx, videoId, {
        failure: {
          code: 'gave-up',
          step: 'processing',
          message:
            'The work on this video ended the program each time it was tried. Retry it after an update, or leave it out.',
          retryable: true,
        },
      }),
    )
  }
  // A task whose last video ended without being told: counted again, it ends.
  for (const taskId of await waitingTaskIds(db)) {
    await db.transaction().execute((trx) => settleTask(trx, taskId))
  }
  for (const taskId of await stalledTaskIds(db, alive.taskIds)) {
    logger.warn({ taskId }, 'gave up a task whose job is gone')
    await failTask(
      db,
      taskId,
      'gave-up',
      'Looking for videos ended the program each time it was tried. Retry the task after an update.',
    )
  }
  for (const exportId of await stalledExportIds(db, alive.exportIds)) {
    logger.warn({ exportId }, 'gave up an export whose job is gone')
    await failExport(
      db,
      exportId,
      'Making this archive ended the program each time it was tried. Start it again after an update.',
    )
  }
  await endApifyRuns(services, db, 'ended-tasks')
  await sweepIncoming(services)
  await sweepExports(services)
  await sweepForgotten(services)
}

/** Removes archives that no row names: their dataset was deleted while they were made. */
async function sweepExports({ storage, database }: Services): Promise<void> {
  const old = new Map<string, string>()
  for await (const { key, modifiedAt } of storage.list('exports/')) {
    if (Date.now() - modifiedAt.getTime() < EXPORT_MS) continue
    old.set(path.posix.basename(key, path.posix.extname(key)), key)
  }
  for (const id of await knownExportIds(database.db, [...old.keys()])) old.delete(id)
  for (const key of old.values()) await storage.delete(key)
}

/** Removes uploaded files whose task is over, or never came, once a retry is no longer likely. */
async function sweepIncoming({ storage, database }: Services): Promise<void> {
  const old = new Map<string, string[]>()
  for await (const { key, modifiedAt } of storage.list(INCOMING_PREFIX)) {
    if (Date.now() - modifiedAt.getTime() < INCOMING_MS) continue
    const taskId = key.split('/')[1] ?? ''
    old.set(taskId, [...(old.get(taskId) ?? []), key])
  }
  const open = await openTaskIds(database.db, [...old.keys()])
  for (const taskId of open) old.delete(taskId)
  for (const key of [...old.values()].flat()) await storage.delete(key)
}
