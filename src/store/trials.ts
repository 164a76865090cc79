import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { StepRun } from './step-runs.ts'
import { refreshVideoLabels } from './video-labels.ts'

/** What a model does, and so what can be tried with another one: vectors, boxes, text. */
export const MODEL_JOBS = ['clip', 'detector', 'speech'] as const
export type TrialJob = (typeof MODEL_JOBS)[number]

/** Which model does a job, where the settings do not say. Names are those of the settings. */
export interface ModelChoice {
  job: TrialJob
  /** Promoted after a trial; null: the settings say. */
  active: string | null
  promotedAt: Date | null
  /** On trial; null: none. */
  trial: string | null
  trialStartedAt: Date | null
}

/** How far a trial is, in videos. */
export interface TrialProgress {
  /** Ended well, skipped ones (no sound, no pictures) included. */
  done: number
  failed: number
}

/** Tables that a job's step writes, parents first, and how to find a video's rows ($ids). */
const TABLES: Record<TrialJob, { name: string; ofVideos: string }[]> = {
  clip: [
    { name: 'keyframe_embeddings', ofVideos: 'video_id = any($ids)' },
    { name: 'keyframe_bits', ofVideos: 'video_id = any($ids)' },
    { name: 'video_embeddings', ofVideos: 'video_id = any($ids)' },
  ],
  detector: [
    {
      name: 'detections',
      ofVideos: 'keyframe_id in (select id from public.keyframes where video_id = any($ids))',
    },
  ],
  speech: [
    { name: 'transcripts', ofVideos: 'video_id = any($ids)' },
    {
      name: 'transcript_segments',
      ofVideos: 'transcript_id in (select id from trial.transcripts where video_id = any($ids))',
    },
  ],
}

/** Tables of a trial that have one of the same name in `public`; for the test that compares them. */
export const TRIAL_TABLES = [...Object.values(TABLES).flat(), { name: 'step_runs' }].map(
  ({ name }) => name,
)

/** Every job for which a model was ever promoted or tried. */
export async function modelChoices(db: Db | Trx): Promise<ModelChoice[]> {
  const rows = await db.selectFrom('model_choices').selectAll().orderBy('job').execute()
  return rows.map((row) => ({
    job: row.job,
    active: row.active,
    promotedAt: row.promoted_at,
    trial: row.trial,
    trialStartedAt: row.trial_started_at,
  }))
}

/** Puts a model on trial. False when another one is: only one at a time for each job. */
export async function beginTrial(trx: Trx, job: TrialJob, model: string): Promise<boolean> {
  const { rows } = await sql`
    insert into model_choices (job, trial, trial_started_at) values (${job}, ${model}, now())
    on conflict (job) do update set trial = excluded.trial,
      trial_started_at = case when model_choices.trial is null then now()
        else model_choices.trial_started_at end
    where model_choices.trial is null or model_choices.trial = excluded.trial
    returning job`.execute(trx)
  return rows.length > 0
}

/** The model on trial becomes the one that does the job; null when it is the settings' own again. */
export async function setActive(trx: Trx, job: TrialJob, model: string | null): Promise<void> {
  await trx
    .updateTable('model_choices')
    .set({ active: model, promoted_at: model === null ? null : sql<Date>`now()` })
    .where('job', '=', job)
    .execute()
}

/** Ends a trial and deletes what it made and nobody took over. */
export async function endTrial(trx: Trx, job: TrialJob, step: string): Promise<void> {
  for (const { name } of TABLES[job].toReversed()) {
    await sql`delete from ${sql.table(`trial.${name}`)}`.execute(trx)
  }
  await sql`delete from trial.step_runs where step = ${step}`.execute(trx)
  await trx
    .updateTable('model_choices')
    .set({ trial: null, trial_started_at: null })
    .where('job', '=', job)
    .execute()
}

/** Runs `write` so that what it writes into a trial's tables lies beside the library's own. */
export async function inTrial(trx: Trx, write: (trx: Trx) => Promise<void>): Promise<void> {
  await sql`set local search_path to trial, public`.execute(trx)
  await write(trx)
  await sql`set local search_path to default`.execute(trx)
}

/** The trial's run of a step on a video; null when there was none. */
export async function trialRunOf(
  db: Db | Trx,
  videoId: string,
  step: string,
): Promise<Pick<StepRun, 'state' | 'version' | 'inputHash'> | null> {
  const { rows } = await sql<Pick<StepRun, 'state' | 'version' | 'inputHash'>>`
    select state, version, input_hash as "inputHash" from trial.step_runs
    where video_id = ${videoId} and step = ${step}`.execute(db)
  return rows[0] ?? null
}

export async function trialProgress(db: Db, step: string): Promise<TrialProgress> {
  const { rows } = await sql<TrialProgress>`
    select count(*) filter (where t.state in ('done', 'skipped'))::int as done,
      count(*) filter (where t.state = 'failed')::int as failed
    from trial.step_runs t where t.step = ${step}`.execute(db)
  return rows[0]!
}

/** Completed videos for which the model on trial has no result yet, or failed. */
export async function videosWithoutTrial(db: Db, step: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select v.id from videos v where v.status = 'completed' and not exists (
      select from trial.step_runs t where t.video_id = v.id and t.step = ${step}
        and t.state in ('done', 'skipped'))
    order by v.created_at`.execute(db)
  return rows.map((row) => row.id)
}

/** Videos whose results of a trial wait to be taken over, up to `limit`. */
export async function videosToPromote(db: Db, step: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select video_id as id from trial.step_runs
    where step = ${step} and state in ('done', 'skipped') order by video_id limit ${limit}`.execute(
    db,
  )
  return rows.map((row) => row.id)
}

/**
 * Puts these videos' results of a trial in the place of the library's own, with the checkpoint that
 * says what made them.
 */
export async function takeOver(
  trx: Trx,
  job: TrialJob,
  step: string,
  videoIds: string[],
): Promise<void> {
  const where = (condition: string) => {
    const [before, after] = condition.split('$ids') as [string, string]
    return sql`${sql.raw(before)}${videoIds}::uuid[]${sql.raw(after)}`
  }
  for (const { name, ofVideos } of TABLES[job].toReversed()) {
    const condition = where(ofVideos.replace('trial.', 'public.'))
    await sql`delete from ${sql.table(`public.${name}`)} where ${condition}`.execute(trx)
  }
  for (const { name, ofVideos } of TABLES[job]) {
    await copyOver(trx, name, where(ofVideos))
  }
  for (const { name, ofVideos } of TABLES[job].toReversed()) {
    await sql`delete from ${sql.table(`trial.${name}`)} where ${where(ofVideos)}`.execute(trx)
  }
  const ofStep = sql`step = ${step} and video_id = any(${videoIds}::uuid[])`
  await sql`delete from public.step_runs where ${ofStep}`.execute(trx)
  await copyOver(trx, 'step_runs', ofStep)
  await sql`delete from trial.step_runs where ${ofStep}`.execute(trx)
  if (job !== 'detector') return
  for (const id of videoIds) await refreshVideoLabels(trx, id)
}

/** Copies rows by their columns' names; numbers of their own and what is derived are made anew. */
async function copyOver(trx: Trx, table: string, where: ReturnType<typeof sql>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select column_name as name from information_schema.columns
    where table_schema = 'public' and table_name = ${table}
      and is_identity = 'NO' and is_generated = 'NEVER'`.execute(trx)
  const columns = sql.join(rows.map(({ name }) => sql.ref(name)))
  await sql`insert into ${sql.table(`public.${table}`)} (${columns})
    select ${columns} from ${sql.table(`trial.${table}`)} where ${where}`.execute(trx)
}
