import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { Page } from './cursor.ts'
import { checkedId, notFound } from './ids.ts'
import { newestFirst } from './newest-first.ts'
import type { DeliveriesTable, DeliveryAttempt, DeliveryState } from './schema.ts'

/** A message to one webhook, and how far it is. `recordEvent` writes them. */
export interface Delivery {
  id: string
  webhookId: string
  /** Null for a test message. */
  eventId: number | null
  type: string
  eventTime: Date
  data: Record<string, unknown>
  state: DeliveryState
  /** Tries since it was made or last asked for again. */
  tries: number
  /** When the next try is due; of no meaning once it has ended. */
  dueAt: Date
  /** The latest tries, oldest first. */
  attempts: DeliveryAttempt[]
  createdAt: Date
  finishedAt: Date | null
}

/** A delivery that somebody has been given to send, until the lease runs out. */
export interface Lease {
  deliveryId: string
  leaseId: string
}

/** Messages under way to one webhook at once: a slow receiver must not hold up the others. */
const UNDER_WAY = 4
/** From giving a message out until its job has begun. */
const QUEUE_SECONDS = 60
/** Attempts kept for the log. */
const MAX_ATTEMPTS = 40

/**
 * Gives out the messages that are due, each to one caller. A lease that runs out, because the job
 * that had it is gone, is given out again.
 */
export async function leaseDue(trx: Trx): Promise<Lease[]> {
  const { rows } = await sql<{ id: string; lease_id: string }>`
    update deliveries d
    set lease_id = gen_random_uuid(), leased_until = now() + make_interval(secs => ${QUEUE_SECONDS})
    where d.id in (
      select due.id from webhooks w cross join lateral (
        select p.id from deliveries p
        where p.webhook_id = w.id and p.state = 'pending' and p.due_at <= now()
          and (p.leased_until is null or p.leased_until < now())
        order by p.due_at, p.id
        limit greatest(0, ${UNDER_WAY} - (
          select count(*) from deliveries b
          where b.webhook_id = w.id and b.state = 'pending' and b.leased_until > now()))
        for update skip locked
      ) due
      where w.disabled_at is null and (w.paused_until is null or w.paused_until <= now()))
    returning d.id, d.lease_id`.execute(trx)
  return rows.map((row) => ({ deliveryId: row.id, leaseId: row.lease_id }))
}

/** Gives out the next message that is due to one webhook; null when there is none. */
export async function leaseNext(db: Db, webhookId: string): Promise<Lease | null> {
  const { rows } = await sql<{ id: string; lease_id: string }>`
    update deliveries d
    set lease_id = gen_random_uuid(), leased_until = now() + make_interval(secs => ${QUEUE_SECONDS})
    where d.id = (
      select p.id from deliveries p join webhooks w on w.id = p.webhook_id
      where p.webhook_id = ${webhookId} and p.state = 'pending' and p.due_at <= now()
        and (p.leased_until is null or p.leased_until < now())
        and w.disabled_at is null and (w.paused_until is null or w.paused_until <= now())
      order by p.due_at, p.id limit 1 for update of p skip locked)
    returning d.id, d.lease_id`.execute(db)
  const [row] = rows
  return row ? { deliveryId: row.id, leaseId: row.lease_id } : null
}

/** Whether anything is due at all: asked often, so it holds nothing. */
export async function isAnythingDue(db: Db): Promise<boolean> {
  const { rows } = await sql`
    select 1 from deliveries d join webhooks w on w.id = d.webhook_id
    where d.state = 'pending' and d.due_at <= now() and w.disabled_at is null
      and (d.leased_until is null or d.leased_until < now()) limit 1`.execute(db)
  return rows.length > 0
}

/** Whether a message is due or under way; not one that waits for its next try. */
export async function isAnythingUnderWay(db: Db): Promise<boolean> {
  const { rows } = await sql`
    select 1 from deliveries d join webhooks w on w.id = d.webhook_id
    where d.state = 'pending' and w.disabled_at is null
      and (d.due_at <= now() and (w.paused_until is null or w.paused_until <= now())
        or d.leased_until > now()) limit 1`.execute(db)
  return rows.length > 0
}

/** Begins a try: the delivery, held for `seconds` more. Null when it has ended or is another's now. */
export async function beginDelivery(
  db: Db,
  { deliveryId, leaseId }: Lease,
  seconds: number,
): Promise<Delivery | null> {
  const row = await db
    .updateTable('deliveries')
    .set({ leased_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .where('id', '=', deliveryId)
    .where('lease_id', '=', leaseId)
    .where('state', '=', 'pending')
    .returningAll()
    .executeTakeFirst()
  return row ? toDelivery(row) : null
}

/**
 * Writes a try and what follows: delivered, failed for good, or again in `againInSeconds`. False
 * when the lease is another's now; then nothing is written.
 */
export async function endAttempt(
  trx: Trx,
  { deliveryId, leaseId }: Lease,
  attempt: DeliveryAttempt,
  outcome: { state: 'delivered' | 'failed' } | { againInSeconds: number },
): Promise<boolean> {
  const isOver = 'state' in outcome
  const row = await trx
    .updateTable('deliveries')
    .set({
      tries: sql`tries + 1`,
      attempts: sql`(case when jsonb_array_length(attempts) >= ${MAX_ATTEMPTS}
        then attempts - 0 else attempts end) || ${JSON.stringify([attempt])}::jsonb`,
      lease_id: null,
      leased_until: null,
      ...(isOver
        ? { state: outcome.state, finished_at: sql<Date>`now()` }
        : { due_at: sql<Date>`now() + make_interval(secs => ${outcome.againInSeconds})` }),
    })
    .where('id', '=', deliveryId)
    .where('lease_id', '=', leaseId)
    .where('state', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** A message that no event stands behind. */
export async function addTestDelivery(
  db: Db,
  webhookId: string,
  data: Record<string, unknown>,
): Promise<Delivery> {
  const row = await db
    .insertInto('deliveries')
    .values({ webhook_id: webhookId, type: 'webhook.test', data: JSON.stringify(data) })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toDelivery(row)
}

/** Sends it again from its first try on; one that waits is due now, one under way stays so. */
export async function resendDelivery(trx: Trx, id: string): Promise<Delivery> {
  const row = await trx
    .updateTable('deliveries')
    .set({
      state: 'pending',
      tries: 0,
      due_at: sql<Date>`now()`,
      finished_at: null,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toDelivery(row)
}

/** @throws NotFoundError `delivery-not-found` */
export async function getDelivery(db: Db | Trx, id: string): Promise<Delivery> {
  const row = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('id', '=', checkedId('delivery', id))
    .executeTakeFirst()
  if (!row) throw notFound('delivery', id)
  return toDelivery(row)
}

/** A webhook's messages, newest first. @throws InvalidInputError `invalid-cursor` */
export async function listDeliveries(
  db: Db,
  webhookId: string,
  options: { limit: number; cursor: string | null; state: DeliveryState | null },
): Promise<Page<Delivery>> {
  let query = db.selectFrom('deliveries').selectAll().where('webhook_id', '=', webhookId)
  if (options.state) query = query.where('state', '=', options.state)
  return await newestFirst(query, options, toDelivery)
}

/** Drops messages that ended a month ago or more. */
export async function dropOldDeliveries(db: Db): Promise<void> {
  await db
    .deleteFrom('deliveries')
    .where('state', '<>', 'pending')
    .where('finished_at', '<', sql<Date>`now() - interval '30 days'`)
    .execute()
}

function toDelivery(row: Selectable<DeliveriesTable>): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventId: row.event_id,
    type: row.type,
    eventTime: row.event_time,
    data: row.data,
    state: row.state,
    tries: row.tries,
    dueAt: row.due_at,
    attempts: row.attempts,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}
