import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** What of a task is counted when it is looked at. */
export interface TaskProgress {
  /** Videos taken. */
  accepted: number
  /** How many of the task's videos have each step behind them (done or skipped). */
  stages: Record<string, number>
  /** Failed videos and rejected candidates by code. */
  failures: Record<string, number>
  /** Terminal videos plus the finished share of the others, in videos. */
  finishedShare: number
}

/** Progress of several tasks at once, by task id. `stepCount` is the number of pipeline steps. */
export async function progressOfTasks(
  db: Db,
  ids: string[],
  stepCount: number,
): Promise<Map<string, TaskProgress>> {
  const progress = new Map<string, TaskProgress>(
    ids.map((id) => [id, { accepted: 0, stages: {}, failures: {}, finishedShare: 0 }]),
  )
  if (ids.length === 0) return progress
  const videos = await sql<{ task_id: string; accepted: number; terminal: number }>`
    select c.task_id, count(*) as accepted,
      count(*) filter (where v.status in ('completed', 'failed')) as terminal
    from candidates c join videos v on v.id = c.video_id
    where c.task_id = any(${ids}) and c.state = 'accepted' group by c.task_id`.execute(db)
  for (const row of videos.rows) {
    const task = progress.get(row.task_id)!
    task.accepted = row.accepted
    task.finishedShare = row.terminal
  }
  const stages = await sql<{ task_id: string; step: string; count: number; open: number }>`
    select c.task_id, s.step, count(*) as count,
      count(*) filter (where v.status not in ('completed', 'failed')) as open
    from candidates c join videos v on v.id = c.video_id join step_runs s on s.video_id = v.id
    where c.task_id = any(${ids}) and c.state = 'accepted' and s.state in ('done', 'skipped')
    group by c.task_id, s.step, s.position order by s.position`.execute(db)
  for (const row of stages.rows) {
    const task = progress.get(row.task_id)!
    task.stages[row.step] = row.count
    task.finishedShare += row.open / (stepCount + 1)
  }
  const failures = await sql<{ task_id: string; code: string; count: number }>`
    select c.task_id, coalesce(v.failure ->> 'code', c.reason_code, 'unknown') as code, count(*) as count
    from candidates c left join videos v on v.id = c.video_id and v.status = 'failed'
    where c.task_id = any(${ids}) and
      ((c.state = 'accepted' and v.id is not null) or (c.state = 'rejected' and c.reason_code <> 'over-limit'))
    group by c.task_id, 2 order by 3 desc, 2`.execute(db)
  for (const row of failures.rows) progress.get(row.task_id)!.failures[row.code] = row.count
  return progress
}
