import type { Delivery } from '../store/deliveries.ts'

/** Receivers may refuse more. [Standard Webhooks: payload size] */
const MAX_BODY_BYTES = 20_000
const MAX_TEXT = 500

/** The message's id: the same on every try, and without a dot, which separates what is signed. */
export function messageId({ id }: Pick<Delivery, 'id'>): string {
  return `msg_${id.replaceAll('-', '')}`
}

/**
 * What is sent, the same bytes on each try: `{type, timestamp, data}` below 20 kB. Of data that are
 * larger, texts are cut first, then only what has a place stays, with `truncated: true`.
 */
export function messageBody({
  type,
  eventTime,
  data,
}: Pick<Delivery, 'type' | 'eventTime' | 'data'>) {
  const timestamp = eventTime.toISOString()
  const body = (of: Record<string, unknown>) => JSON.stringify({ type, timestamp, data: of })
  const fits = (text: string) => Buffer.byteLength(text) < MAX_BODY_BYTES
  const whole = body(data)
  if (fits(whole)) return whole
  const kept: Record<string, unknown> = { truncated: true }
  for (const [key, value] of Object.entries(data)) {
    const short = typeof value === 'string' ? cut(value) : value
    if (fits(body({ ...kept, [key]: short }))) kept[key] = short
  }
  return body(kept)
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
