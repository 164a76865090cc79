import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/**
 * Ids of videos that are not terminal, that no job of `aliveIds` works on, and that nothing was
 * written about for ten minutes.
 */
export async function stalledVideoIds(db: Db, aliveIds: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('videos')
    .select('id')
    .where('status', 'not in', ['completed', 'failed'])
    .where('updated_at', '<', sql<Date>`now() - interval '10 minutes'`)
    .where(sql<boolean>`id <> all(${aliveIds}::uuid[])`)
    .execute()
  return rows.map((row) => row.id)
}

/** Ids of tasks that began ten minutes ago or more, still look for videos, and have no job of `aliveIds`. */
export async function stalledTaskIds(db: Db, aliveIds: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('ingestion_tasks')
    .select('id')
    .where('status', 'in', ['pending', 'running'])
    .where('discovery_done', '=', false)
    .where('created_at', '<', sql<Date>`now() - interval '10 minutes'`)
    .where(sql<boolean>`id <> all(${aliveIds}::uuid[])`)
    .execute()
  return rows.map((row) => row.id)
}

/** Ids of running tasks: settled now and then, one whose last change was not counted is. */
export async function waitingTaskIds(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('ingestion_tasks')
    .select('id')
    .where('status', '=', 'running')
    .execute()
  return rows.map((row) => row.id)
}

/** Those of these tasks that have not ended. Ids that no task has are fine. */
export async function openTaskIds(db: Db, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('ingestion_tasks')
    .select('id')
    .where('status', 'in', ['pending', 'running'])
    .where(sql<boolean>`id::text = any(${ids}::text[])`)
    .execute()
  return rows.map((row) => row.id)
}
