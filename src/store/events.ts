import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { EventType, LibraryEvent } from '../events.ts'

/**
 * Writes one event, and with it a message for each webhook that wants it; in the transaction of what
 * it tells, so that none is without the other.
 */
export async function recordEvent(
  db: Db | Trx,
  type: EventType,
  about: { taskId?: string; videoId?: string },
  data: Record<string, unknown>,
): Promise<void> {
  await sql`
    with event as (
      insert into events (type, task_id, video_id, data)
      values (${type}, ${about.taskId ?? null}::uuid, ${about.videoId ?? null}::uuid,
        ${JSON.stringify(data)}::jsonb)
      returning *)
    insert into deliveries (webhook_id, event_id, type, event_time, data)
    select w.id, e.id, e.type, e.created_at, e.data
    from event e join webhooks w on w.disabled_at is null and e.type = any(w.event_types)
      and (w.task_id is null or w.task_id = e.task_id or exists (
        select 1 from candidates c where c.task_id = w.task_id and c.video_id = e.video_id))`.execute(
    db,
  )
}

/**
 * Events newer than `after`, oldest first, at most `limit`. With `taskId` only those of that task
 * and of its videos. Numbers are given before the commit: an event waits for every transaction that
 * is older than its own, so that a reader who goes on from the last number misses none.
 */
export async function eventsAfter(
  db: Db,
  after: number,
  options: { taskId?: string; limit: number },
): Promise<LibraryEvent[]> {
  let query = db
    .selectFrom('events')
    .selectAll()
    .where('id', '>', after)
    // By age, since transaction numbers wrap. [postgresql.org/docs: functions-info, pg_snapshot]
    .where(sql<boolean>`(age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)
      or created_at < now() - interval '10 seconds')`)
  const { taskId } = options
  if (taskId) {
    query = query.where((eb) =>
      eb.or([
        eb('task_id', '=', taskId),
        eb(
          'video_id',
          'in',
          eb
            .selectFrom('candidates')
            .select('video_id')
            .where('task_id', '=', taskId)
            .$castTo<{ video_id: string }>(),
        ),
      ]),
    )
  }
  const rows = await query.orderBy('id').limit(options.limit).execute()
  return rows.map((row) => ({
    id: row.id,
    type: row.type as EventType,
    time: row.created_at,
    taskId: row.task_id,
    videoId: row.video_id,
    data: row.data,
  }))
}

/** The newest event's id; 0 when there is none. */
export async function lastEventId(db: Db): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

/** The oldest event that is kept; null when there is none. */
export async function oldestEventId(db: Db): Promise<number | null> {
  const row = await db
    .selectFrom('events')
    .select((eb) => eb.fn.min('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? null
}

/** Drops events older than a day: a listener that was away longer starts anew. */
export async function dropOldEvents(db: Db): Promise<void> {
  await db
    .deleteFrom('events')
    .where('created_at', '<', sql<Date>`now() - interval '1 day'`)
    .execute()
}
