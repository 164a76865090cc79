import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { notFound } from './ids.ts'

/** Counts a task's candidates and videos anew and writes the numbers into its row. */
export async function recountTask(trx: Trx, id: string): Promise<void> {
  // Held before counting: an update that waits for another's commit would count what it saw before.
  await trx
    .selectFrom('ingestion_tasks')
    .select('id')
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
  await sql`
    update ingestion_tasks t set
      videos_found = c.found, videos_processed = c.processed,
      videos_failed = c.failed, videos_duplicate = c.duplicate, counted_at = clock_timestamp()
    from (
      select
        count(*) filter (where c.state <> 'found') as found,
        count(*) filter (where c.state = 'accepted' and v.status = 'completed') as processed,
        count(*) filter (where c.state = 'accepted' and v.status = 'failed') as failed,
        count(*) filter (where c.reason_code = 'same-content' or (c.state = 'accepted' and exists
          (select 1 from duplicate_pairs p where p.video_id_b = v.id and p.is_duplicate))) as duplicate
      from candidates c left join videos v on v.id = c.video_id
      where c.task_id = ${id}
    ) c
    where t.id = ${id}`.execute(trx)
}

/** Counting this many candidates is cheap: smaller tasks are counted at each change. */
const LARGE_TASK = 500

/**
 * Holds a task's row and tells what has to be done about it: whether all of it is over, and whether
 * its counts are due. Neither grows with the task: 10,000 videos would each count 10,000.
 */
export async function lookAtTask(
  trx: Trx,
  id: string,
): Promise<{ isOver: boolean; isCountDue: boolean }> {
  // Held before looking: of two that end at once, the second sees the first one's end.
  const { rows } = await sql<{ could_end: boolean; is_due: boolean }>`
    select status = 'running' and (error_code is not null or (discovery_done and not refill_due))
        as could_end,
      videos_found < ${LARGE_TASK} or counted_at is null
        or counted_at < clock_timestamp() - interval '1 second' as is_due
    from ingestion_tasks where id = ${id} for no key update`.execute(trx)
  const task = rows[0]
  if (!task) throw notFound('task', id)
  const isOver = task.could_end && !(await hasOpenVideo(trx, id))
  return { isOver, isCountDue: task.is_due }
}

/** From the last candidate on: videos are worked on in the order in which they were found. */
async function hasOpenVideo(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from candidates c join videos v on v.id = c.video_id
    where c.task_id = ${id} and c.state = 'accepted' and v.status not in ('completed', 'failed')
    order by c.id desc limit 1`.execute(trx)
  return rows.length > 0
}

/** Videos that a task has or works on: those that failed or were turned down are not among them. */
export async function countGood(db: Db | Trx, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from candidates c join videos v on v.id = c.video_id
    where c.task_id = ${id} and c.state = 'accepted' and v.status <> 'failed'`.execute(db)
  return rows[0]?.count ?? 0
}

/** What a task's videos weigh, in bytes: stored ones as they are, the others as their source says. */
export async function bytesOfTask(
  db: Db | Trx,
  id: string,
): Promise<{ stored: number; expected: number; storedCount: number; unknown: number }> {
  const { rows } = await sql<{
    stored: number
    expected: number
    stored_count: number
    unknown: number
  }>`
    select
      coalesce(sum(v.bytes) filter (where v.storage_key is not null), 0)::float8 as stored,
      coalesce(sum(c.bytes) filter (where v.storage_key is null), 0)::float8 as expected,
      count(*) filter (where v.storage_key is not null) as stored_count,
      count(*) filter (where v.storage_key is null and c.bytes is null) as unknown
    from candidates c join videos v on v.id = c.video_id
    where c.task_id = ${id} and c.state = 'accepted'
      and (v.status <> 'failed' or v.storage_key is not null)`.execute(db)
  const row = rows[0]!
  return {
    stored: row.stored,
    expected: row.expected,
    storedCount: row.stored_count,
    unknown: row.unknown,
  }
}

/** Videos that a task took and that are still there. */
export async function countTaken(db: Db | Trx, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from candidates
    where task_id = ${id} and state = 'accepted' and video_id is not null`.execute(db)
  return rows[0]?.count ?? 0
}
