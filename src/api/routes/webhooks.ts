import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ConflictError } from '../../errors.ts'
import { TERMINAL_EVENT_TYPES } from '../../events.ts'
import { webhookGuardOf } from '../../notify/deliver.ts'
import { messageId } from '../../notify/message.ts'
import { checkSecret, newSecret } from '../../notify/signature.ts'
import type { Services } from '../../services.ts'
import {
  addTestDelivery,
  type Delivery as DeliveryRow,
  getDelivery,
  listDeliveries,
  resendDelivery,
} from '../../store/deliveries.ts'
import { getTask } from '../../store/tasks.ts'
import {
  createWebhook,
  deleteWebhook,
  enableWebhook,
  getWebhook,
  listWebhooks,
  rotateSecret,
  type Webhook as WebhookRow,
} from '../../store/webhooks.ts'
import { idParams, iso, isoOrNull, page, pageQuery, problems } from '../schemas/common.ts'
import {
  type Delivery,
  deliveriesQuery,
  delivery,
  type Webhook,
  webhook,
  webhookBody,
  webhookWithSecret,
} from '../schemas/webhooks.ts'

/** For this long after a rotation the secret before signs too: receivers change over meanwhile. */
const GRACE_SECONDS = 24 * 3600

/** Who is told over HTTP what happens, and what came of telling them. */
export const webhookRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database

  app.post(
    '/api/webhooks',
    {
      schema: {
        tags: ['webhooks'],
        description:
          'Sends events to an address, signed after Standard Webhooks. The answer alone shows the secret.',
        body: webhookBody,
        response: { 201: webhookWithSecret, ...problems },
      },
    },
    async ({ body }, reply) => {
      const url = body.url.trim()
      await webhookGuardOf(services.settings).check(url)
      const secret = body.secret === undefined ? newSecret() : checkSecret(body.secret)
      if (body.task_id !== undefined) await getTask(db, body.task_id)
      const made = await createWebhook(db, {
        url,
        description: body.description ?? null,
        eventTypes: [...new Set(body.event_types ?? TERMINAL_EVENT_TYPES)],
        taskId: body.task_id ?? null,
        secret,
      })
      return reply.code(201).send({ ...webhookJson(made), secret })
    },
  )

  app.get(
    '/api/webhooks',
    {
      schema: {
        tags: ['webhooks'],
        querystring: pageQuery,
        response: { 200: page(webhook), ...problems },
      },
    },
    async ({ query }) => {
      const list = await listWebhooks(db, { limit: query.limit, cursor: query.cursor ?? null })
      return { items: list.items.map(webhookJson), next_cursor: list.nextCursor }
    },
  )

  app.get(
    '/api/webhooks/:id',
    { schema: { tags: ['webhooks'], params: idParams, response: { 200: webhook, ...problems } } },
    async ({ params }) => webhookJson(await getWebhook(db, params.id)),
  )

  app.delete(
    '/api/webhooks/:id',
    {
      schema: {
        tags: ['webhooks'],
        description: 'Removes it with its messages, sent or not.',
        params: idParams,
        response: { 204: z.null(), ...problems },
      },
    },
    async ({ params }, reply) => {
      await deleteWebhook(db, params.id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/webhooks/:id/rotate',
    {
      schema: {
        tags: ['webhooks'],
        description: 'A new secret; the one before signs beside it for a day.',
        params: idParams,
        response: { 200: webhookWithSecret, ...problems },
      },
    },
    async ({ params }) => {
      const secret = newSecret()
      const rotated = await rotateSecret(db, params.id, secret, GRACE_SECONDS)
      return { ...webhookJson(rotated), secret }
    },
  )

  app.post(
    '/api/webhooks/:id/enable',
    {
      schema: {
        tags: ['webhooks'],
        description: 'Sends again to one that was switched off, what happens from now on.',
        params: idParams,
        response: { 200: webhook, ...problems },
      },
    },
    async ({ params }) => webhookJson(await enableWebhook(db, params.id)),
  )

  app.post(
    '/api/webhooks/:id/test',
    {
      schema: {
        tags: ['webhooks'],
        description: 'Sends a message of the type webhook.test, whatever it listens to.',
        params: idParams,
        response: { 202: delivery, ...problems },
      },
    },
    async ({ params }, reply) => {
      const { id } = mustBeEnabled(await getWebhook(db, params.id))
      const made = await addTestDelivery(db, id, {
        webhook_id: id,
        message: 'Forgeindex reaches you.',
      })
      return reply.code(202).send(deliveryJson(made))
    },
  )

  app.get(
    '/api/webhooks/:id/deliveries',
    {
      schema: {
        tags: ['webhooks'],
        description: 'Its messages of the last 30 days, newest first, with each try.',
        params: idParams,
        querystring: deliveriesQuery,
        response: { 200: page(delivery), ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getWebhook(db, params.id)
      const list = await listDeliveries(db, id, {
        limit: query.limit,
        cursor: query.cursor ?? null,
        state: query.state ?? null,
      })
      return { items: list.items.map(deliveryJson), next_cursor: list.nextCursor }
    },
  )

  app.post(
    '/api/deliveries/:id/resend',
    {
      schema: {
        tags: ['webhooks'],
        description: 'Sends a message again now, under the same webhook-id.',
        params: idParams,
        response: { 202: delivery, ...problems },
      },
    },
    async ({ params }, reply) => {
      const again = await db.transaction().execute(async (trx) => {
        const { id, webhookId } = await getDelivery(trx, params.id)
        mustBeEnabled(await getWebhook(trx, webhookId))
        return await resendDelivery(trx, id)
      })
      return reply.code(202).send(deliveryJson(again))
    },
  )
}

function mustBeEnabled(row: WebhookRow): WebhookRow {
  if (row.disabledAt === null) return row
  throw new ConflictError(
    'webhook-disabled',
    `This webhook is switched off: ${row.disabledReason ?? ''} Enable it first.`,
  )
}

function webhookJson(row: WebhookRow): Webhook {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    event_types: row.eventTypes,
    task_id: row.taskId,
    enabled: row.disabledAt === null,
    disabled_at: isoOrNull(row.disabledAt),
    disabled_reason: row.disabledReason,
    paused_until: isoOrNull(row.pausedUntil),
    old_secret_until: isoOrNull(row.oldSecretUntil),
    delivered_at: isoOrNull(row.deliveredAt),
    created_at: iso(row.createdAt),
  }
}

function deliveryJson(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    webhook_id: row.webhookId,
    message_id: messageId(row),
    event_id: row.eventId,
    type: row.type,
    state: row.state,
    tries: row.tries,
    next_try_at: row.state === 'pending' ? iso(row.dueAt) : null,
    created_at: iso(row.createdAt),
    finished_at: isoOrNull(row.finishedAt),
    attempts: row.attempts,
    data: row.data,
  }
}
