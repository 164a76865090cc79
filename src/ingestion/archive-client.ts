import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { PermanentError, TransientError } from '../errors.ts'
import { guardOf } from './guard.ts'
import { errorOfStatus, readJson, userAgent, withRetries } from './http.ts'
import { limitsOf } from './limits.ts'

const ATTEMPTS = 5
/** The fewest that the scrape API takes. */
const PAGE_SIZE = 100
const MAX_PAGES = 1000

const scrapeAnswer = z.object({
  items: z.array(z.object({ identifier: z.string() })).optional(),
  cursor: z.string().nullish(),
  error: z.string().optional(),
})

/** Our side of the Internet Archive: its pace and our name. */
export interface ArchiveClient {
  readonly headers: Record<string, string>
  /**
   * Identifiers of a search's items in the order of `sorts`, each once, page by page.
   *
   * @throws PermanentError `query-refused`, TransientError when it stays out of reach
   */
  scrape(query: string, sorts: string, signal: AbortSignal): AsyncIterable<string>
  /** What the archive holds under an identifier; `{}` for nothing. */
  metadata(identifier: string, signal: AbortSignal): Promise<unknown>
}

const clients = new WeakMap<Settings, ArchiveClient>()

/** The client of these settings; its pace is that of `limitsOf`. */
export function archiveClient(settings: Settings): ArchiveClient {
  const known = clients.get(settings)
  if (known) return known
  const guard = guardOf(settings)
  const headers = { 'user-agent': userAgent(settings) }

  async function get(path: string, signal: AbortSignal): Promise<unknown> {
    const url = `${settings.archiveUrl}${path}`
    const ask = async () => {
      const response = await guard.fetch(url, { signal, headers })
      // A wrong search is a 400 with the reason in its body.
      if (!response.ok && response.status !== 400) {
        await response.body?.cancel()
        throw errorOfStatus(response, url)
      }
      return await readJson(response)
    }
    return await withRetries(() => limitsOf(settings).request('archive', { signal }, ask), {
      attempts: ATTEMPTS,
      signal,
    })
  }

  const client: ArchiveClient = {
    headers,
    async *scrape(query, sorts, signal) {
      const seen = new Set<string>()
      let cursor: string | null = null
      for (let page = 0; page < MAX_PAGES; page++) {
        const params: URLSearchParams = new URLSearchParams({
          q: query,
          fields: 'identifier',
          sorts,
          count: String(PAGE_SIZE),
          ...(cursor ? { cursor } : {}),
        })
        const body = await get(`/services/search/v1/scrape?${params}`, signal)
        const answer = scrapeAnswer.safeParse(body)
        if (!answer.success) {
          throw new TransientError(
            'unexpected-answer',
            'The Internet Archive answered a search in a form that is not known here.',
          )
        }
        // Errors come with status 200 too.
        if (answer.data.error !== undefined) {
          const said = answer.data.error.slice(0, 300)
          const message = `The Internet Archive refuses the search: ${said}`
          throw new PermanentError('query-refused', message)
        }
        const before = seen.size
        for (const { identifier } of answer.data.items ?? []) {
          if (seen.has(identifier)) continue
          seen.add(identifier)
          yield identifier
        }
        const next: string | null = answer.data.cursor ?? null
        // The same page again: the cursor leads nowhere.
        if (next === null || next === cursor || seen.size === before) return
        cursor = next
      }
    },
    metadata: (identifier, signal) => get(`/metadata/${encodeURIComponent(identifier)}`, signal),
  }
  clients.set(settings, client)
  return client
}
