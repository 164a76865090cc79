import type { Response } from 'undici'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { type ForgeindexError, PermanentError, TransientError } from '../errors.ts'
import { guardOf } from './guard.ts'
import { errorOfStatus, readJson, retryAfterMs, userAgent, withRetries } from './http.ts'
import { limitsOf } from './limits.ts'

/** Wikimedia's robot policy for its media host: two connections, 25 Mbit/s over both. */
const MEDIA_CONNECTIONS = 2
export const MEDIA_BYTES_PER_SECOND = 25e6 / 8 / MEDIA_CONNECTIONS
/** mediawiki.org/wiki/Manual:Maxlag_parameter: wait at least this long. */
const MAXLAG_WAIT_MS = 5000
const ATTEMPTS = 4

/** Errors that pass by themselves (mediawiki.org/wiki/API:Errors_and_warnings). */
const PASSING = /^(?:maxlag|readonly|ratelimited|internal_api_error|cirrussearch-too-busy)/

const fault = z.object({ error: z.object({ code: z.string(), info: z.string().catch('') }) })

/** Our side of Wikimedia Commons: its pace for all requests, API and media alike, and our name. */
export interface CommonsClient {
  readonly headers: Record<string, string>
  /**
   * Calls the action API and returns its JSON. Waits and tries again when told to.
   *
   * @throws TransientError when it stays out of reach; PermanentError `unexpected-answer`
   */
  api(params: Record<string, string>, signal: AbortSignal): Promise<unknown>
}

const clients = new WeakMap<Settings, CommonsClient>()

/** The client of these settings; its pace is that of `limitsOf`. */
export function commonsClient(settings: Settings): CommonsClient {
  const known = clients.get(settings)
  if (known) return known
  const guard = guardOf(settings)
  const headers = { 'user-agent': userAgent(settings) }
  const client: CommonsClient = {
    headers,
    api(params, signal) {
      const query = new URLSearchParams({
        action: 'query',
        format: 'json',
        formatversion: '2',
        maxlag: '5',
        ...params,
      })
      const url = `${settings.commonsUrl}/w/api.php?${query}`
      const ask = async () => {
        const response = await guard.fetch(url, { signal, headers })
        if (!response.ok) {
          await response.body?.cancel()
          throw errorOfStatus(response, url)
        }
        const body = await readJson(response)
        const faulty = fault.safeParse(body).data
        if (faulty) throw errorOfFault(faulty.error, response)
        return body
      }
      return withRetries(() => limitsOf(settings).request('commons', { signal }, ask), {
        attempts: ATTEMPTS,
        signal,
      })
    },
  }
  clients.set(settings, client)
  return client
}

/** The API reports its errors in a 200. */
function errorOfFault(error: { code: string; info: string }, response: Response): ForgeindexError {
  const said = `Wikimedia Commons answered ${error.code}: ${error.info.slice(0, 300)}`
  if (!PASSING.test(error.code)) return new PermanentError('unexpected-answer', said)
  const asked = retryAfterMs(response.headers) ?? 0
  return new TransientError('rate-limited', said, {
    retryAfterMs: Math.max(asked, MAXLAG_WAIT_MS),
  })
}
