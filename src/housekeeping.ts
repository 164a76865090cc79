import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { toError } from './errors.ts'
import type { Services } from './services.ts'
import { dropOldEvents } from './store/events.ts'
import { failTask, finishVideo, settleTask } from './store/finish.ts'
import {
  openTaskPaths,
  stalledTaskIds,
  stalledVideoIds,
  waitingTaskIds,
} from './store/unattended.ts'

const EVERY_MS = 60_000
/** An upload that still streams in has no task yet. */
const UPLOAD_MS = 6 * 3600 * 1000

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
export async function keepHouse({ settings, database, queue, logger }: Services): Promise<void> {
  const { db } = database
  await dropOldEvents(db)
  await sweepUploads(path.join(settings.dataDir, 'incoming'), await openTaskPaths(db))
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
}

/** Removes uploads whose task is over, taken or not, and those that were cut off for hours. */
async function sweepUploads(incoming: string, openPaths: string[]): Promise<void> {
  if (!existsSync(incoming)) return
  for (const name of await readdir(incoming)) {
    const folder = path.join(incoming, name)
    if (openPaths.includes(folder)) continue
    if (Date.now() - (await stat(folder)).mtimeMs < UPLOAD_MS) continue
    await rm(folder, { recursive: true, force: true })
  }
}
