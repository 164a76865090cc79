import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import type { SourceRunsTable } from './schema.ts'

/** A run at a paid service on behalf of a task. */
export interface SourceRun {
  id: number
  taskId: string
  actor: string
  input: object
  /** Null while its start is not confirmed. */
  runId: string | null
  datasetId: string | null
  /** `starting`, or the service's own word. */
  state: string
  startedAt: Date
  finishedAt: Date | null
}

export interface SourceRunKey {
  platform: string
  actor: string
  inputHash: string
}

/** The task's runs for one question, newest first. */
export async function sourceRunsFor(
  db: Db,
  taskId: string,
  key: SourceRunKey,
): Promise<SourceRun[]> {
  const rows = await db
    .selectFrom('source_runs')
    .selectAll()
    .where('task_id', '=', taskId)
    .where('platform', '=', key.platform)
    .where('actor', '=', key.actor)
    .where('input_hash', '=', key.inputHash)
    .orderBy('id', 'desc')
    .execute()
  return rows.map(toSourceRun)
}

/** Writes down that a run is about to be started. Returns its row's id. */
export async function beginSourceRun(
  db: Db,
  taskId: string,
  run: SourceRunKey & { input: object; maxUsd: number },
): Promise<number> {
  const row = await db
    .insertInto('source_runs')
    .values({
      task_id: taskId,
      platform: run.platform,
      actor: run.actor,
      input_hash: run.inputHash,
      input: JSON.stringify(run.input),
      max_usd: run.maxUsd,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** What the service says about a run now. */
export async function updateSourceRun(
  db: Db,
  id: number,
  run: { runId: string; datasetId: string; state: string; isOver: boolean; costUsd: number | null },
): Promise<void> {
  await db
    .updateTable('source_runs')
    .set({
      run_id: run.runId,
      dataset_id: run.datasetId,
      state: run.state,
      ...(run.costUsd === null ? {} : { cost_usd: run.costUsd }),
      finished_at: run.isOver ? sql<Date>`coalesce(finished_at, now())` : null,
    })
    .where('id', '=', id)
    .execute()
}

/** Ends the row of a run that never began (`refused`) or that the service no longer has (`gone`). */
export async function closeSourceRun(db: Db, id: number, state: 'refused' | 'gone'): Promise<void> {
  await db
    .updateTable('source_runs')
    .set({ state, finished_at: new Date(), ...(state === 'refused' ? { cost_usd: 0 } : {}) })
    .where('id', '=', id)
    .execute()
}

/** Dollars that a task has spent, and may yet spend on runs that are not over. */
export async function spentOnTask(db: Db, taskId: string): Promise<number> {
  const { rows } = await sql<{ spent: number }>`
    select coalesce(sum(
      case when finished_at is null then max_usd else coalesce(cost_usd, max_usd) end), 0) as spent
    from source_runs where task_id = ${taskId}`.execute(db)
  return rows[0]?.spent ?? 0
}

/** Runs of a task that are not over, or of all tasks that are. */
export async function openSourceRuns(
  db: Db,
  of: { taskId: string } | 'ended-tasks',
): Promise<SourceRun[]> {
  let query = db
    .selectFrom('source_runs as r')
    .innerJoin('ingestion_tasks as t', 't.id', 'r.task_id')
    .selectAll('r')
    .where('r.finished_at', 'is', null)
  query =
    of === 'ended-tasks'
      ? query.where('t.status', 'not in', ['pending', 'running'])
      : query.where('r.task_id', '=', of.taskId)
  return (await query.orderBy('r.id').execute()).map(toSourceRun)
}

/** Ids of the newest runs of an actor that some task has. */
export async function knownRunIds(db: Db, actor: string): Promise<string[]> {
  const rows = await db
    .selectFrom('source_runs')
    .select('run_id')
    .where('actor', '=', actor)
    .where('run_id', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1000)
    .execute()
  return rows.flatMap((row) => row.run_id ?? [])
}

function toSourceRun(row: Selectable<SourceRunsTable>): SourceRun {
  return {
    id: row.id,
    taskId: row.task_id,
    actor: row.actor,
    input: row.input,
    runId: row.run_id,
    datasetId: row.dataset_id,
    state: row.state,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}
