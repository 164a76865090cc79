import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { ConflictError } from '../errors.ts'
import type { EventType } from '../events.ts'
import type { Page } from './cursor.ts'
import { checkedId, notFound } from './ids.ts'
import { newestFirst } from './newest-first.ts'
import type { WebhooksTable } from './schema.ts'

/** A receiver of messages. Its secrets are not among what is read: see `secretsOf`. */
export interface Webhook {
  id: string
  url: string
  description: string | null
  eventTypes: EventType[]
  /** Only what is about this task and its videos; null for all. */
  taskId: string | null
  /** The secret before the last rotation signs too until then; null without one. */
  oldSecretUntil: Date | null
  /** The receiver asked for patience until then. */
  pausedUntil: Date | null
  disabledAt: Date | null
  disabledReason: string | null
  /** When it last took a message. */
  deliveredAt: Date | null
  createdAt: Date
}

export interface NewWebhook {
  url: string
  description: string | null
  eventTypes: EventType[]
  taskId: string | null
  secret: string
}

/** Each event is held against every webhook: more of them are a mistake. */
const MAX_WEBHOOKS = 100
const COLUMNS = [
  ...(['id', 'url', 'description', 'event_types', 'task_id', 'old_secret_until'] as const),
  ...(['paused_until', 'disabled_at', 'disabled_reason', 'delivered_at', 'created_at'] as const),
] as const

/** @throws ConflictError `too-many-webhooks` */
export async function createWebhook(db: Db, webhook: NewWebhook): Promise<Webhook> {
  const { count } = await db
    .selectFrom('webhooks')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count >= MAX_WEBHOOKS) {
    throw new ConflictError(
      'too-many-webhooks',
      `There are ${count} webhooks already, and at most ${MAX_WEBHOOKS} may be. Remove one first.`,
    )
  }
  const row = await db
    .insertInto('webhooks')
    .values({
      url: webhook.url,
      description: webhook.description,
      event_types: webhook.eventTypes,
      task_id: webhook.taskId,
      secret: webhook.secret,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
  return toWebhook(row)
}

/** @throws NotFoundError `webhook-not-found` */
export async function getWebhook(db: Db | Trx, id: string): Promise<Webhook> {
  const row = await db
    .selectFrom('webhooks')
    .select(COLUMNS)
    .where('id', '=', checkedId('webhook', id))
    .executeTakeFirst()
  if (!row) throw notFound('webhook', id)
  return toWebhook(row)
}

/** Webhooks, newest first. @throws InvalidInputError `invalid-cursor` */
export async function listWebhooks(
  db: Db,
  options: { limit: number; cursor: string | null },
): Promise<Page<Webhook>> {
  const query = db.selectFrom('webhooks').select(COLUMNS)
  return await newestFirst(query, options, toWebhook)
}

/** Removes it with its messages. @throws NotFoundError `webhook-not-found` */
export async function deleteWebhook(db: Db, id: string): Promise<void> {
  const row = await db
    .deleteFrom('webhooks')
    .where('id', '=', checkedId('webhook', id))
    .returning('id')
    .executeTakeFirst()
  if (!row) throw notFound('webhook', id)
}

/**
 * Holds a webhook to the end of the transaction; false when it is gone. To be taken before its
 * deliveries are written, as a deletion takes them: in the other order the two would deadlock.
 */
export async function lockWebhook(trx: Trx, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('webhooks')
    .select('id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

/** The secrets that sign now: the current one first, then the one before while its time lasts. */
export async function secretsOf(db: Db, id: string): Promise<string[]> {
  const row = await db
    .selectFrom('webhooks')
    .select('secret')
    .select(sql<string | null>`case when old_secret_until > now() then old_secret end`.as('old'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.old ? [row.secret, row.old] : [row.secret]
}

/**
 * Signs with a new secret from now on, and for `graceSeconds` with the one before as well.
 * @throws NotFoundError `webhook-not-found`
 */
export async function rotateSecret(
  db: Db,
  id: string,
  secret: string,
  graceSeconds: number,
): Promise<Webhook> {
  const row = await db
    .updateTable('webhooks')
    .set({
      secret,
      old_secret: sql`webhooks.secret`,
      old_secret_until: sql<Date>`now() + make_interval(secs => ${graceSeconds})`,
    })
    .where('id', '=', checkedId('webhook', id))
    .returning(COLUMNS)
    .executeTakeFirst()
  if (!row) throw notFound('webhook', id)
  return toWebhook(row)
}

/** Sends to it no more; what waits for it counts as failed. Does nothing when that is so already. */
export async function disableWebhook(trx: Trx, id: string, reason: string): Promise<void> {
  await trx
    .updateTable('webhooks')
    .set({ disabled_at: sql<Date>`now()`, disabled_reason: reason })
    .where('id', '=', id)
    .where('disabled_at', 'is', null)
    .execute()
  await trx
    .updateTable('deliveries')
    .set({ state: 'failed', finished_at: sql<Date>`now()`, lease_id: null, leased_until: null })
    .where('webhook_id', '=', id)
    .where('state', '=', 'pending')
    .execute()
}

/** Sends to it again: what happens from now on. @throws NotFoundError `webhook-not-found` */
export async function enableWebhook(db: Db, id: string): Promise<Webhook> {
  const row = await db
    .updateTable('webhooks')
    .set({ disabled_at: null, disabled_reason: null, paused_until: null })
    .where('id', '=', checkedId('webhook', id))
    .returning(COLUMNS)
    .executeTakeFirst()
  if (!row) throw notFound('webhook', id)
  return toWebhook(row)
}

/** Sends nothing to it for this long. */
export async function pauseWebhook(trx: Trx, id: string, seconds: number): Promise<void> {
  await trx
    .updateTable('webhooks')
    .set({ paused_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .where('id', '=', id)
    .execute()
}

/** It took a message: it is well. */
export async function noteDelivered(trx: Trx, id: string): Promise<void> {
  await trx
    .updateTable('webhooks')
    .set({ delivered_at: sql<Date>`now()`, paused_until: null })
    .where('id', '=', id)
    .execute()
}

function toWebhook(row: Omit<Selectable<WebhooksTable>, 'secret' | 'old_secret'>): Webhook {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types as EventType[],
    taskId: row.task_id,
    oldSecretUntil: row.old_secret_until,
    pausedUntil: row.paused_until,
    disabledAt: row.disabled_at,
    disabledReason: row.disabled_reason,
    deliveredAt: row.delivered_at,
    createdAt: row.created_at,
  }
}
