import type { Db, Trx } from '../config/database.ts'
import { recordEvent } from './events.ts'
import type { VideoFailure } from './schema.ts'
import { countTaken, lookAtTask, recountTask } from './task-counts.ts'
import { askForMore } from './task-refill.ts'
import { getTask, tasksOfVideo, updateTask } from './tasks.ts'
import { endRun, lockVideoIfThere, updateVideo } from './videos.ts'

/**
 * A video reached its end: writes it, counts it in its tasks, and ends tasks that waited for it. A
 * run that is still at it (the video was cancelled) can write nothing more. One that has ended so
 * already, because its job was killed after this and ran again, gets no second event, and one that
 * is completed does not fail any more.
 */
export async function finishVideo(
  trx: Trx,
  videoId: string,
  outcome: { failure: VideoFailure | null },
): Promise<void> {
  const status = outcome.failure ? 'failed' : 'completed'
  const before = await lockVideoIfThere(trx, videoId)
  if (!before) return
  await endRun(trx, videoId)
  if (before.status === status || before.status === 'completed') {
    for (const taskId of await tasksOfVideo(trx, videoId)) await settleTask(trx, taskId)
    return
  }
  await updateVideo(trx, videoId, {
    status,
    failure: outcome.failure,
    completedAt: outcome.failure ? null : new Date(),
  })
  const told = {
    video_id: videoId,
    status,
    ...(outcome.failure ? { code: outcome.failure.code } : {}),
  }
  await recordEvent(trx, 'video.updated', { videoId }, told)
  await recordEvent(trx, outcome.failure ? 'video.failed' : 'video.completed', { videoId }, told)
  for (const taskId of await tasksOfVideo(trx, videoId)) {
    // Before it is settled, which would end it.
    await askForMore(trx, taskId, outcome.failure ? 'lost' : 'arrived')
    await settleTask(trx, taskId)
  }
}

/**
 * Ends a task when its discovery is over (ended or broken off) and nothing else is left to do:
 * `failed` when it took no video at all, else `completed`, even if some videos failed. Else counts it
 * anew, a large one at most once a second. Running it again changes nothing.
 */
export async function settleTask(trx: Trx, taskId: string): Promise<void> {
  const { isOver, isCountDue } = await lookAtTask(trx, taskId)
  if (!isOver && !isCountDue) return
  await recountTask(trx, taskId)
  const task = await getTask(trx, taskId)
  if (!isOver) {
    await recordEvent(
      trx,
      'task.updated',
      { taskId },
      {
        task_id: taskId,
        status: task.status,
        videos_found: task.videosFound,
        videos_processed: task.videosProcessed,
        videos_failed: task.videosFailed,
      },
    )
    return
  }
  const failed = (await countTaken(trx, taskId)) === 0
  await updateTask(trx, taskId, {
    status: failed ? 'failed' : 'completed',
    finishedAt: new Date(),
    ...(failed && !task.errorCode
      ? {
          errorCode: 'no-candidate',
          errorMessage: 'No video was found that could be taken; the candidates say why.',
        }
      : {}),
  })
  await recordEvent(
    trx,
    failed ? 'task.failed' : 'task.completed',
    { taskId },
    {
      task_id: taskId,
      status: failed ? 'failed' : 'completed',
      videos_found: task.videosFound,
      videos_processed: task.videosProcessed,
      videos_failed: task.videosFailed,
    },
  )
}

/**
 * A task's discovery could not be begun or carried on. With no video taken the task is failed; else
 * it ends with its last video and keeps the reason. A retry goes on with the discovery.
 */
export async function failTask(db: Db, taskId: string, code: string, message: string) {
  await db.transaction().execute(async (trx) => {
    await recountTask(trx, taskId)
    const { status } = await getTask(trx, taskId)
    if (status !== 'pending' && status !== 'running') return
    await updateTask(trx, taskId, { errorCode: code, errorMessage: message })
    if ((await countTaken(trx, taskId)) > 0) return await settleTask(trx, taskId)
    await updateTask(trx, taskId, { status: 'failed', finishedAt: new Date() })
    await recordEvent(
      trx,
      'task.failed',
      { taskId },
      { task_id: taskId, status: 'failed', code, message },
    )
  })
}
