import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'

/**
 * A task lost a video that it had taken: another one is to take its place. Nothing for a task whose
 * list is what it is, that has ended, or that cannot get more. `arrived`: only a task with a cap on bytes
 * waits for that, to know what room is left.
 */
export async function askForMore(
  trx: Trx,
  id: string,
  why: 'lost' | 'arrived' = 'lost',
): Promise<void> {
  await sql`
    update ingestion_tasks set refill_due = true
    where id = ${id} and status = 'running' and not sources_ended and error_code is null
      and query is not null and urls = '[]' and path is null
      and (${why} = 'lost' or max_bytes is not null)`.execute(trx)
}

/** Running tasks that wait for more videos and that nobody looks for now. */
export async function tasksToRefill(db: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ingestion_tasks
    where refill_due and discovery_done and status = 'running' and error_code is null`.execute(db)
  return rows.map(({ id }) => id)
}

/** Takes up a task's discovery again. False when somebody else has, or the task is over. */
export async function beginRefill(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql`
    update ingestion_tasks set refill_due = false, discovery_done = false
    where id = ${id} and refill_due and discovery_done and status = 'running'
    returning id`.execute(trx)
  return rows.length > 0
}

/**
 * Ends a round of discovery. False when a video was lost meanwhile and more can be had: another round
 * is due.
 */
export async function endRound(
  trx: Trx,
  id: string,
  outcome: { sourcesEnded: boolean },
): Promise<boolean> {
  const { rows } = await sql<{ discovery_done: boolean }>`
    update ingestion_tasks set
      sources_ended = ${outcome.sourcesEnded}, refill_due = false,
      discovery_done = ${outcome.sourcesEnded} or not refill_due
    where id = ${id} returning discovery_done`.execute(trx)
  return rows[0]?.discovery_done ?? true
}
