import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { StepState } from './schema.ts'

/** The last run of one step on one video: its checkpoint. */
export interface StepRun {
  step: string
  position: number
  version: number
  inputHash: string
  modelName: string | null
  device: string | null
  state: StepState
  reason: string | null
  message: string | null
  counts: Record<string, number>
  /** Wall time in seconds; null while it runs. */
  seconds: number | null
}

/** All runs of a video in pipeline order; empty before its first. */
export async function stepRunsOf(db: Db | Trx, videoId: string): Promise<StepRun[]> {
  const rows = await db
    .selectFrom('step_runs')
    .selectAll()
    .where('video_id', '=', videoId)
    .orderBy('position')
    .execute()
  return rows.map((row) => ({
    step: row.step,
    position: row.position,
    version: row.version,
    inputHash: row.input_hash,
    modelName: row.model_name,
    device: row.device,
    state: row.state,
    reason: row.reason,
    message: row.message,
    counts: row.counts,
    seconds: row.seconds,
  }))
}

/** Writes a run over the one before it. */
export async function saveStepRun(
  db: Db | Trx,
  videoId: string,
  run: StepRun & { startedAt: Date; finishedAt: Date | null },
): Promise<void> {
  const row = {
    position: run.position,
    version: run.version,
    input_hash: run.inputHash,
    model_name: run.modelName,
    device: run.device,
    state: run.state,
    reason: run.reason,
    message: run.message,
    counts: JSON.stringify(run.counts),
    seconds: run.seconds,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
  }
  await db
    .insertInto('step_runs')
    .values({ video_id: videoId, step: run.step, ...row })
    .onConflict((oc) => oc.columns(['video_id', 'step']).doUpdateSet(row))
    .execute()
}

/** What these steps wrote no longer holds: they are to run again, even after a crash. */
export async function markStepsPending(trx: Trx, videoId: string, steps: string[]): Promise<void> {
  if (steps.length === 0) return
  await trx
    .updateTable('step_runs')
    .set({ state: 'pending', reason: null, message: null })
    .where('video_id', '=', videoId)
    .where('step', 'in', steps)
    .execute()
}

/**
 * Seconds of work for each second of video, over the library's completed videos with this much of a
 * video or more in all; null while fewer were measured.
 */
export async function measuredRate(db: Db, leastVideoSeconds: number): Promise<number | null> {
  const { rows } = await sql<{ worked: number | null; lasted: number | null }>`
    select sum(s.seconds)::float8 as worked, sum(v.duration)::float8 as lasted
    from (select id, duration from videos where status = 'completed' and duration > 0
      order by completed_at desc nulls last limit 500) v
    join lateral (select sum(seconds) as seconds from step_runs where video_id = v.id) s
      on s.seconds is not null`.execute(db)
  const { worked, lasted } = rows[0]!
  return worked === null || lasted === null || lasted < leastVideoSeconds ? null : worked / lasted
}
