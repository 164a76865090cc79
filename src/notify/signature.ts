import { createHmac, randomBytes } from 'node:crypto'
import { InvalidInputError } from '../errors.ts'

/**
 * Signatures after Standard Webhooks 1.0.0: an HMAC-SHA256 over `id.timestamp.body`, in base64, as
 * `v1,…`. A secret is `whsec_` and the base64 of 24 to 64 bytes.
 * [github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md]
 */
const PREFIX = 'whsec_'
const NEW_SECRET_BYTES = 32
const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

export function newSecret(): string {
  return PREFIX + randomBytes(NEW_SECRET_BYTES).toString('base64')
}

/** @throws InvalidInputError `invalid-secret`; the message does not repeat it */
export function checkSecret(secret: string): string {
  const bytes = keyOf(secret)
  if (!bytes || bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES) {
    const expected = `${PREFIX} and the base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes`
    const got = bytes ? `${bytes.length} bytes` : 'something else'
    throw new InvalidInputError('invalid-secret', `secret: expected ${expected}, got ${got}.`, {
      faults: [{ path: 'secret', expected, got }],
    })
  }
  return secret
}

/**
 * The three headers of one try. Each secret gives a signature, so that a receiver that knows either
 * of two takes the message while they change.
 */
export function signedHeaders(
  secrets: string[],
  message: { id: string; body: string; sentAt: Date },
): Record<string, string> {
  const timestamp = String(Math.floor(message.sentAt.getTime() / 1000))
  const signatures = secrets.map((secret) => {
    const key = keyOf(secret) ?? Buffer.alloc(0)
    const content = `${message.id}.${timestamp}.${message.body}`
    return `v1,${createHmac('sha256', key).update(content).digest('base64')}`
  })
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}

function keyOf(secret: string): Buffer | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : null
  // Buffer.from passes over what is no base64: the way back tells.
  if (!text || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes : null
}
