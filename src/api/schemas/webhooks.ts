import { z } from 'zod'
import { EVENT_TYPES } from '../../events.ts'
import { DELIVERY_STATES } from '../../store/schema.ts'
import { isoDate, pageFields, plainText } from './common.ts'

export const webhookBody = z.strictObject({
  url: z
    .string()
    .min(1)
    .max(2000)
    .describe('Where to send; public, or in FORGEINDEX_WEBHOOK_HOSTS'),
  event_types: z
    .array(z.enum(EVENT_TYPES))
    .min(1)
    .optional()
    .describe('Default: those that tell of an end'),
  task_id: z.string().max(100).optional().describe('Only what is about this task and its videos'),
  description: plainText.max(500).optional(),
  secret: z.string().max(200).optional().describe('whsec_ and the base64 of 24 to 64 bytes'),
})

/** A receiver of messages, without its secret. */
export const webhook = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string().nullable(),
    event_types: z.array(z.enum(EVENT_TYPES)),
    task_id: z.string().nullable(),
    enabled: z.boolean(),
    disabled_at: isoDate.nullable(),
    disabled_reason: z.string().nullable(),
    paused_until: isoDate.nullable().describe('The receiver asked for patience until then'),
    old_secret_until: isoDate.nullable().describe('The secret before signs too until then'),
    delivered_at: isoDate.nullable().describe('When it last took a message'),
    created_at: isoDate,
  })
  .meta({ id: 'Webhook' })
export type Webhook = z.infer<typeof webhook>

/** The same with its secret: as it is made and as the secret is renewed, and never again. */
export const webhookWithSecret = webhook
  .extend({ secret: z.string().describe('Shown this once') })
  .meta({ id: 'WebhookWithSecret' })

export const delivery = z
  .object({
    id: z.string(),
    webhook_id: z.string(),
    message_id: z.string().describe('The header webhook-id, the same on every try'),
    event_id: z.number().int().nullable().describe('Null for a test message'),
    type: z.string(),
    state: z.enum(DELIVERY_STATES),
    tries: z.number().int().describe('Since it was made or last asked for again'),
    next_try_at: isoDate.nullable().describe('Null once it has ended'),
    created_at: isoDate,
    finished_at: isoDate.nullable(),
    attempts: z.array(
      z.object({
        at: isoDate,
        status: z.number().int().nullable().describe('Null when no answer came'),
        error: z.string().nullable(),
        ms: z.number().int(),
      }),
    ),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Delivery' })
export type Delivery = z.infer<typeof delivery>

export const deliveriesQuery = z.strictObject({
  ...pageFields,
  state: z.enum(DELIVERY_STATES).optional(),
})
