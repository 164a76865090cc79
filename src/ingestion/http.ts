import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'undici'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { ForgeindexError, PermanentError, TransientError } from '../errors.ts'
import { withoutCredentials } from '../log.ts'

/** A longer wait than this is not sat out here: the job that asked is put off instead. */
const MAX_WAIT_MS = 120_000
const MAX_JSON_BYTES = 32 * 1024 ** 2

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')))

/**
 * How we name ourselves: `Forgeindex/0.1.0 (contact)`. Open archives ask for the operator's
 * contact, not the tool's (https://meta.wikimedia.org/wiki/User-Agent_policy).
 */
export function userAgent(settings: Pick<Settings, 'contact'>): string {
  // Header values are Latin-1 without line breaks; a contact may hold anything.
  const contact = settings.contact?.replace(/[^\x20-\x7e]/g, '').replace(/[()]/g, '')
  return contact ? `Forgeindex/${version} (${contact})` : `Forgeindex/${version}`
}

/** The wait that a `Retry-After` header asks for, in ms, or undefined without a readable one. */
export function retryAfterMs(headers: { get(name: string): string | null }): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const waitMs = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}

/** The error that a status code other than 2xx stands for. */
export function errorOfStatus(response: Response, url: string): ForgeindexError {
  const { status } = response
  const where = withoutCredentials(url).slice(0, 300)
  if (status === 404 || status === 410) {
    return new PermanentError(
      'video-gone',
      `Nothing is there any more (status ${status}): ${where}`,
    )
  }
  if (status === 429 || status === 408 || status >= 500) {
    const wait = retryAfterMs(response.headers)
    return new TransientError(
      status === 429 ? 'rate-limited' : 'server-fault',
      `The server cannot answer now (status ${status}): ${where}`,
      wait === undefined ? {} : { retryAfterMs: wait },
    )
  }
  return new PermanentError(
    status === 401 || status === 403 ? 'access-denied' : 'unexpected-answer',
    `The server does not give this out (status ${status}): ${where}`,
  )
}

/** The JSON body of an answer, at most 32 MiB of it. */
export async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > MAX_JSON_BYTES) {
        throw new PermanentError(
          'unexpected-answer',
          `${new URL(response.url).host} answered with more than ${MAX_JSON_BYTES} bytes of JSON.`,
        )
      }
      chunks.push(chunk)
    }
  } catch (thrown) {
    if (thrown instanceof ForgeindexError) throw thrown
    throw new TransientError('network', `${new URL(response.url).host} broke off its answer.`, {
      cause: thrown,
    })
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw new TransientError(
      'unexpected-answer',
      `${new URL(response.url).host} answered with something that is not JSON.`,
      { cause },
    )
  }
}

/**
 * Runs `attempt` again after a TransientError: after the wait the other side asked for, else after
 * 1, 2, 4 … seconds with up to a quarter of jitter. Gives up after `attempts` in all, or when the
 * wait asked for is longer than two minutes.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: { attempts: number; signal: AbortSignal; firstWaitMs?: number },
): Promise<T> {
  const firstWaitMs = options.firstWaitMs ?? 1000
  for (let tried = 1; ; tried++) {
    try {
      return await attempt()
    } catch (thrown) {
      options.signal.throwIfAborted()
      if (!(thrown instanceof TransientError) || tried >= options.attempts) throw thrown
      const waitMs = thrown.retryAfterMs ?? firstWaitMs * 2 ** (tried - 1) * (1 + Math.random() / 4)
      if (waitMs > MAX_WAIT_MS) throw thrown
      await sleep(waitMs, undefined, { signal: options.signal })
    }
  }
}
