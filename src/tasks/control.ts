import { ConflictError } from '../errors.ts'
import type { StepName } from '../pipeline/step.ts'
import type { Services } from '../services.ts'
import { recordEvent } from '../store/events.ts'
import { finishVideo } from '../store/finish.ts'
import { countTaken, recountTask } from '../store/task-counts.ts'
import {
  endTask,
  failedVideosOfTask,
  getTask,
  openVideoIdsOfTask,
  tasksOfVideo,
  updateTask,
} from '../store/tasks.ts'
import { lockVideo, lockVideoIfThere, updateVideo } from '../store/videos.ts'

type Parts = Pick<Services, 'database' | 'queue'>

/**
 * Stops a task. Videos that no other open task wants and that are not finished end as failed with
 * the code `cancelled`, to be taken up again by a retry.
 *
 * @throws ConflictError `task-over` when it has ended already
 */
export async function cancelTask({ database, queue }: Parts, taskId: string): Promise<void> {
  const { db } = database
  const task = await getTask(db, taskId)
  if (task.status !== 'pending' && task.status !== 'running') {
    throw new ConflictError('task-over', `The task is ${task.status}; there is nothing to cancel.`)
  }
  // First, so that nothing below completes it meanwhile.
  const ended = await db.transaction().execute(async (trx) => {
    if (!(await endTask(trx, task.id, 'cancelled'))) return false
    const told = { task_id: task.id, status: 'cancelled' }
    await recordEvent(trx, 'task.cancelled', { taskId: task.id }, told)
    return true
  })
  if (!ended) return
  await queue.cancel('ingest', { taskId: task.id })
  for (const videoId of await openVideoIdsOfTask(db, task.id)) {
    if (await isWantedElsewhere(db, videoId, task.id)) continue
    await queue.cancel('fetch', { videoId })
    await queue.cancel('video', { videoId })
    await db.transaction().execute(async (trx) => {
      // It may have ended by itself, or turned out to be another one's copy, in the meantime.
      const video = await lockVideoIfThere(trx, videoId)
      if (!video || video.status === 'completed' || video.status === 'failed') return
      await finishVideo(trx, videoId, {
        failure: {
          code: 'cancelled',
          step: video.status,
          message: 'The task was cancelled; retry it to go on.',
          retryable: true,
        },
      })
    })
  }
  await db.transaction().execute(async (trx) => {
    await recountTask(trx, task.id)
    await recordEvent(
      trx,
      'task.updated',
      { taskId: task.id },
      { task_id: task.id, status: 'cancelled' },
    )
  })
}

/**
 * Takes a task up again: its discovery if that did not end, and its videos that failed for a reason
 * that may pass: with `codes`, those that failed so, whether it may pass or not. What is done stays done.
 *
 * @throws ConflictError `task-running` while it runs, `nothing-to-retry`
 */
export async function retryTask(
  { database, queue }: Parts,
  taskId: string,
  codes: string[] | null = null,
): Promise<void> {
  const { db } = database
  const task = await getTask(db, taskId)
  if (task.status === 'pending' || task.status === 'running') {
    throw new ConflictError('task-running', 'The task still runs; wait for its end or cancel it.')
  }
  const taken = await countTaken(db, task.id)
  const again = (await failedVideosOfTask(db, task.id)).filter(({ failure }) =>
    codes ? codes.includes(failure?.code ?? 'unknown') : failure?.retryable,
  )
  if (again.length === 0 && (codes || (task.discoveryDone && taken > 0))) {
    throw new ConflictError(
      'nothing-to-retry',
      codes
        ? `No video of this task failed with ${codes.join(' or ')}.`
        : 'No video of this task failed for a reason that another try could change.',
    )
  }
  await db.transaction().execute(async (trx) => {
    await updateTask(trx, task.id, {
      status: 'running',
      errorCode: null,
      errorMessage: null,
      finishedAt: null,
      // Nothing was found: the sources are asked anew, from the start.
      ...(taken === 0
        ? { discoveryDone: false, sourcesEnded: false, position: { variant: 0, limit: null } }
        : {}),
    })
    for (const video of again) {
      await updateVideo(trx, video.id, { status: 'pending', failure: null })
      await queue.enqueue('fetch', { videoId: video.id }, { transaction: trx })
    }
    if (!task.discoveryDone || taken === 0) {
      await queue.enqueue('ingest', { taskId: task.id }, { transaction: trx })
    }
    await recordEvent(
      trx,
      'task.updated',
      { taskId: task.id },
      { task_id: task.id, status: 'running' },
    )
  })
}

async function isWantedElsewhere(db: Parts['database']['db'], videoId: string, taskId: string) {
  for (const other of await tasksOfVideo(db, videoId)) {
    if (other === taskId) continue
    const { status } = await getTask(db, other)
    if (status === 'pending' || status === 'running') return true
  }
  return false
}

/**
 * Runs a video's stale steps again: those whose model, threshold or taxonomy changed, and those
 * that failed. A video that was never fetched is fetched first.
 *
 * @param only this step and its readers alone; others stay as they are, even if stale
 */
export async function reprocessVideo(
  { database, queue }: Parts,
  videoId: string,
  only?: StepName,
): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    const video = await lockVideo(trx, videoId)
    // It is being worked on already.
    if (video.status !== 'completed' && video.status !== 'failed') return
    await updateVideo(trx, video.id, { status: 'pending', failure: null })
    await queue.enqueue(
      video.storageKey ? 'video' : 'fetch',
      { videoId: video.id, ...(only && video.storageKey ? { only } : {}) },
      { transaction: trx },
    )
    await recordEvent(
      trx,
      'video.updated',
      { videoId: video.id },
      { video_id: video.id, status: 'pending' },
    )
  })
}
