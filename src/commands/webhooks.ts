import type { Delivery, Webhook } from '../api/schemas/webhooks.ts'
import { openLibrary } from './library.ts'
import { allOf } from './lists.ts'
import { printJson, printLine, printTable } from './report.ts'

interface Options {
  json?: boolean
}

const at = (id: string) => `/api/webhooks/${encodeURIComponent(id)}`

/** `forgeindex webhook add URL`: the only command that shows the secret. */
export async function webhookAdd(
  url: string,
  options: Options & { event?: string[]; task?: string; description?: string },
): Promise<number> {
  await using library = await openLibrary()
  const made = await library.request<Webhook & { secret: string }>('POST', '/api/webhooks', {
    url,
    ...(options.event ? { event_types: options.event } : {}),
    ...(options.task ? { task_id: options.task } : {}),
    ...(options.description ? { description: options.description } : {}),
  })
  if (options.json) printJson(made)
  else {
    printLine(`Webhook ${made.id}: ${made.event_types.join(', ')}.`)
    printLine(`Its secret, shown this once: ${made.secret}`)
  }
  return 0
}

/** `forgeindex webhook [list]` */
export async function webhookList(options: Options): Promise<number> {
  await using library = await openLibrary()
  const items = await allOf<Webhook>(library, '/api/webhooks', Number.POSITIVE_INFINITY)
  if (options.json) printJson({ items })
  else {
    printTable(
      ['id', 'enabled', 'last taken', 'events', 'url'],
      items.map((hook) => [
        hook.id,
        hook.enabled ? 'yes' : 'no',
        hook.delivered_at ?? 'never',
        hook.event_types.join(','),
        hook.url,
      ]),
    )
  }
  return 0
}

/** `forgeindex webhook remove ID` */
export async function webhookRemove(id: string, options: Options): Promise<number> {
  await using library = await openLibrary()
  await library.request('DELETE', at(id))
  if (options.json) printJson({ id, removed: true })
  else printLine(`Webhook ${id} is removed.`)
  return 0
}

/** `forgeindex webhook test ID`: the message goes out while a server or a worker runs. */
export async function webhookTest(id: string, options: Options): Promise<number> {
  await using library = await openLibrary()
  const made = await library.request<Delivery>('POST', `${at(id)}/test`)
  if (options.json) printJson(made)
  else {
    printLine(`Message ${made.message_id} waits to be sent.`)
    printLine(
      library.server || library.settings.databaseUrl
        ? `forgeindex webhook deliveries ${id}`
        : 'It goes out when a server runs: forgeindex serve',
    )
  }
  return 0
}

/** `forgeindex webhook deliveries ID` */
export async function webhookDeliveries(
  id: string,
  options: Options & { limit?: number },
): Promise<number> {
  await using library = await openLibrary()
  const items = await allOf<Delivery>(library, `${at(id)}/deliveries`, options.limit ?? 50)
  if (options.json) printJson({ items })
  else {
    printTable(
      ['id', 'type', 'state', 'tries', 'next try', 'last answer'],
      items.map((item) => {
        const last = item.attempts.at(-1)
        return [
          item.id,
          item.type,
          item.state,
          String(item.tries),
          item.next_try_at ?? '',
          last ? (last.error ?? String(last.status)) : '',
        ]
      }),
    )
  }
  return 0
}

/** `forgeindex webhook resend DELIVERY-ID`: under the same id, while a server or a worker runs. */
export async function webhookResend(id: string, options: Options): Promise<number> {
  await using library = await openLibrary()
  const path = `/api/deliveries/${encodeURIComponent(id)}/resend`
  const sent = await library.request<Delivery>('POST', path)
  if (options.json) printJson(sent)
  else printLine(`Message ${sent.message_id} waits to be sent again.`)
  return 0
}
