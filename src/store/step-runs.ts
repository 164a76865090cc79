import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { Profile } from '../config/settings.ts'
import type { StepRunsTable, StepState } from './schema.ts'

/** The last run of one step on one video: its checkpoint. */
export interface StepRun {
  step: string
  position: number
  version: number
  inputHash: string
  modelName: string | null
  device: string | null
  /** How much work was done, as `FORGEINDEX_PROFILE` said; null for runs older than that setting. */
  profile?: Profile | null | undefined
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
  return rows.map(toStepRun)
}

function toStepRun(row: Selectable<StepRunsTable>): StepRun {
  return {
    step: row.step,
    position: row.position,
    version: row.version,
    inputHash: row.input_hash,
    modelName: row.model_name,
    device: row.device,
    profile: row.profile,
    state: row.state,
    reason: row.reason,
    message: row.message,
    counts: row.counts,
    seconds: row.seconds,
  }
}

/** The runs of several videos, by video; one without a run is not in it. */
export async function stepRunsOfAll(db: Db, videoIds: string[]): Promise<Map<string, StepRun[]>> {
  const found = new Map<string, StepRun[]>()
  if (videoIds.length === 0) return found
  const rows = await db
    .selectFrom('step_runs')
    .selectAll()
    .where('video_id', 'in', videoIds)
    .orderBy('position')
    .execute()
  for (const row of rows) {
    const runs = found.get(row.video_id) ?? []
    found.set(row.video_id, [...runs, toStepRun(row)])
  }
  return found
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
    profile: run.profile ?? null,
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

/**
 * Seconds that each step takes for a second of video, over the last 500 runs that ended well; a step
 * that never did is not in it.
 */
export async function meanStepRates(db: Db): Promise<Map<string, number>> {
  const { rows } = await sql<{ step: string; rate: number }>`
    select step, sum(seconds) / sum(duration) as rate
    from (select distinct step from step_runs) names
    cross join lateral (
      select s.seconds, v.duration from step_runs s join videos v on v.id = s.video_id
      where s.step = names.step and s.state = 'done' and s.seconds is not null and v.duration > 0
      order by s.finished_at desc nulls last limit 500) last
    group by step`.execute(db)
  return new Map(rows.map(({ step, rate }) => [step, rate]))
}
