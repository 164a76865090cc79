import type { Database } from '../config/database.ts'
import type { Settings } from '../config/settings.ts'
import { ForgeindexError, toError } from '../errors.ts'
import { createGuard, type Guard, hostAndPort } from '../ingestion/guard.ts'
import { retryAfterMs, userAgent } from '../ingestion/http.ts'
import type { Logger } from '../log.ts'
import { beginDelivery, endAttempt, type Lease } from '../store/deliveries.ts'
import type { DeliveryAttempt } from '../store/schema.ts'
import {
  disableWebhook,
  getWebhook,
  lockWebhook,
  noteDelivered,
  pauseWebhook,
  secretsOf,
  type Webhook,
} from '../store/webhooks.ts'
import { messageBody, messageId } from './message.ts'
import { pauseSeconds, secondsUntilNextTry } from './schedule.ts'
import { signedHeaders } from './signature.ts'

/** What sending needs of the running program. */
export interface NotifyServices {
  settings: Settings
  database: Database
  logger: Logger
}

/** [Standard Webhooks: 15 to 30 s] */
const TIMEOUT_MS = 20_000
/** The lease outlives the slowest try. */
const LEASE_SECONDS = 45
const GONE = 410

interface Answer {
  /** Null when there was none. */
  status: number | null
  error: string | null
  retryAfterSeconds: number | null
}

const guards = new WeakMap<Settings, Guard>()

/** The address guard of webhooks: what the operator lets be notified may not be ingested from. */
export function webhookGuardOf(settings: Settings): Guard {
  const known = guards.get(settings)
  if (known) return known
  const allow = settings.webhookHosts.map((entry) => hostAndPort(new URL(`http://${entry}`)))
  const guard = createGuard({ allow })
  guards.set(settings, guard)
  return guard
}

/**
 * Sends one message once and writes what came of it: delivered at any 2xx; disabled for good at 410;
 * else again later, until the tries are used up. Killed before it is written, the job that comes
 * back sends the message again under the same id. Returns the webhook that took it, else null.
 */
export async function deliver(
  services: NotifyServices,
  lease: Lease,
  { signal, timeoutMs = TIMEOUT_MS }: { signal: AbortSignal; timeoutMs?: number },
): Promise<string | null> {
  const { database, logger } = services
  const { db } = database
  const delivery = await beginDelivery(db, lease, LEASE_SECONDS)
  if (!delivery) return null
  const webhook = await getWebhook(db, delivery.webhookId)
  const sentAt = new Date()
  const body = messageBody(delivery)
  const headers = signedHeaders(await secretsOf(db, webhook.id), {
    id: messageId(delivery),
    body,
    sentAt,
  })
  const began = performance.now()
  const answer = await send(services.settings, webhook.url, { body, headers, signal, timeoutMs })
  const attempt: DeliveryAttempt = {
    at: sentAt.toISOString(),
    status: answer.status,
    error: answer.error,
    ms: Math.round(performance.now() - began),
  }
  const tries = delivery.tries + 1
  const wait = secondsUntilNextTry(tries, answer.retryAfterSeconds)
  const about = { webhook: webhook.id, delivery: delivery.id, type: delivery.type, tries }
  await db.transaction().execute(async (trx) => {
    if (!(await lockWebhook(trx, webhook.id))) return
    if (answer.error === null) {
      if (await endAttempt(trx, lease, attempt, { state: 'delivered' })) {
        await noteDelivered(trx, webhook.id)
      }
      return
    }
    const isLast = wait === null || answer.status === GONE
    const outcome = isLast ? ({ state: 'failed' } as const) : { againInSeconds: wait }
    if (!(await endAttempt(trx, lease, attempt, outcome))) return
    if (answer.status === GONE) {
      await disableWebhook(trx, webhook.id, 'The receiver answered 410: it wants no more.')
    } else if (wait === null && !tookAnythingSince(webhook, delivery.createdAt)) {
      await disableWebhook(trx, webhook.id, 'The receiver took nothing for three days.')
    } else {
      const pause = pauseSeconds(answer.status, answer.retryAfterSeconds, wait ?? 0)
      if (pause) await pauseWebhook(trx, webhook.id, pause)
    }
  })
  if (answer.error === null) {
    logger.debug(about, 'webhook delivered')
    return webhook.id
  }
  // The address may hold a secret of the receiver's, so it stays out.
  logger.warn({ ...about, status: answer.status, again: wait }, 'webhook not delivered')
  return null
}

function tookAnythingSince({ deliveredAt }: Webhook, date: Date): boolean {
  return deliveredAt !== null && deliveredAt > date
}

/** One request. Every fault of the other side is an answer; only a stop of ours is thrown. */
async function send(
  settings: Settings,
  url: string,
  {
    body,
    headers,
    signal,
    timeoutMs,
  }: { body: string; headers: Record<string, string>; signal: AbortSignal; timeoutMs: number },
): Promise<Answer> {
  const tooSlow = AbortSignal.timeout(timeoutMs)
  try {
    const response = await webhookGuardOf(settings).fetch(url, {
      method: 'POST',
      body,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'user-agent': userAgent(settings),
      },
      signal: AbortSignal.any([signal, tooSlow]),
    })
    await response.body?.cancel()
    const { status } = response
    const waitMs = retryAfterMs(response.headers)
    return {
      status,
      error: response.ok ? null : faultOf(status),
      retryAfterSeconds: waitMs === undefined ? null : waitMs / 1000,
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toError(thrown)
    const said = error instanceof ForgeindexError ? error.message : 'The receiver did not answer.'
    const slow = `The receiver did not answer within ${timeoutMs / 1000} s.`
    return { status: null, error: tooSlow.aborted ? slow : said, retryAfterSeconds: null }
  }
}

function faultOf(status: number): string {
  return status >= 300 && status < 400
    ? `The receiver redirects (status ${status}), which is not followed: give its final address.`
    : `The receiver answered ${status}; only 2xx counts as taken.`
}
