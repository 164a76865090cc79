import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import type { CandidateState, VideoStatus } from './schema.ts'
import { notesOfTasks, type TaskNote } from './task-notes.ts'

/** What of a task is counted when it is looked at. */
export interface TaskProgress {
  /** Videos taken, those that failed included. */
  accepted: number
  completed: number
  /** Videos taken that are not terminal. */
  inWork: number
  /** Failed videos alone, by code. */
  failed: Record<string, number>
  /** Candidates not taken, by code; `removed` where the video was taken away later. */
  rejected: Record<string, number>
  /** Videos taken in the place of one that was lost. */
  replaced: number
  /** Candidates found and not needed so far. */
  spare: number
  /** How many of the task's videos have each step behind them (done or skipped). */
  stages: Record<string, number>
  /** Failed videos and rejected candidates by code. */
  failures: Record<string, number>
  /** Terminal videos plus the finished share of the others, in videos. */
  finishedShare: number
  /** What its owner should know of how it was done. */
  notes: TaskNote[]
}

/**
 * Progress of several tasks at once, by task id. `steps` are the pipeline's steps in order. A completed
 * video has all of them behind it; only of the others are the runs read.
 */
export async function progressOfTasks(
  db: Db,
  ids: string[],
  steps: readonly string[],
): Promise<Map<string, TaskProgress>> {
  const notes = await notesOfTasks(db, ids)
  const progress = new Map<string, TaskProgress>(
    ids.map((id) => [
      id,
      {
        ...{ accepted: 0, completed: 0, inWork: 0, replaced: 0, spare: 0, finishedShare: 0 },
        ...{ stages: {}, failures: {}, failed: {}, rejected: {}, notes: notes.get(id)! },
      },
    ]),
  )
  if (ids.length === 0) return progress
  const kinds = await sql<{
    task_id: string
    state: CandidateState
    status: VideoStatus | null
    code: string
    count: number
    replaced: number
  }>`
    select c.task_id, c.state, v.status,
      coalesce(case when v.status = 'failed' then v.failure ->> 'code' end, c.reason_code, 'unknown')
        as code,
      count(*) as count, count(*) filter (where c.replacement) as replaced
    from candidates c left join videos v on v.id = c.video_id
    where c.task_id = any(${ids})
    group by 1, 2, 3, 4 order by count desc, code`.execute(db)
  const runs = await sql<{ task_id: string; step: string; count: number; open: number }>`
    select c.task_id, s.step, count(*) as count, count(*) filter (where v.status <> 'failed') as open
    from candidates c join videos v on v.id = c.video_id join step_runs s on s.video_id = v.id
    where c.task_id = any(${ids}) and c.state = 'accepted' and v.status <> 'completed'
      and s.state in ('done', 'skipped')
    group by c.task_id, s.step`.execute(db)

  const done = new Map(ids.map((id) => [id, new Map<string, number>()]))
  const add = (taskId: string, step: string, count: number) => {
    const counts = done.get(taskId)!
    counts.set(step, (counts.get(step) ?? 0) + count)
  }
  for (const { task_id: id, state, status, code, count, replaced } of kinds.rows) {
    const task = progress.get(id)!
    task.replaced += replaced
    if (state === 'found') task.spare += count
    if (state === 'rejected') raise(task.rejected, code, count)
    if (state === 'accepted' && status === null) raise(task.rejected, 'removed', count)
    const isTaken = state === 'accepted' && status !== null
    if (isTaken) task.accepted += count
    if (isTaken && status === 'completed') task.completed += count
    else if (isTaken && status === 'failed') raise(task.failed, code, count)
    else if (isTaken) task.inWork += count
    if (isTaken && (status === 'completed' || status === 'failed')) task.finishedShare += count
    if (isTaken && status === 'completed') for (const step of steps) add(id, step, count)
    const isLeftOut = state === 'rejected' && code !== 'over-limit'
    if (isLeftOut || (isTaken && status === 'failed')) raise(task.failures, code, count)
  }
  for (const { task_id: id, step, count, open } of runs.rows) {
    add(id, step, count)
    progress.get(id)!.finishedShare += open / (steps.length + 1)
  }
  for (const [id, counts] of done) {
    const inOrder = steps.filter((step) => counts.has(step))
    progress.get(id)!.stages = Object.fromEntries(inOrder.map((step) => [step, counts.get(step)!]))
  }
  return progress
}

function raise(counts: Record<string, number>, code: string, by: number): void {
  counts[code] = (counts[code] ?? 0) + by
}
