import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { PermanentError, TransientError } from '../errors.ts'
import { guardOf } from './guard.ts'
import { errorOfStatus, readJson, userAgent, withRetries } from './http.ts'
import { Gate, Pace } from './pace.ts'

const ATTEMPTS = 5
/** No limit is published: a pace that a reader could keep. */
const PER_MINUTE = 120
const MEDIA_CONNECTIONS = 2
/** The fewest that the scrape API takes. */
const PAGE_SIZE = 100
const MAX_PAGES = 1000

const scrapeAnswer = z.object({
  items: z.array(z.object({ identifier: z.string() })).optional(),
  cursor: z.string().nullish(),
  error: z.string().optional(),
})

/** Our side of the Internet Archive: one pace, one gate for media, one name. */
export interface ArchiveClient {
  readonly headers: Record<string, string>
  readonly mediaGate: Gate
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

/** The client of these settings; all callers in this process share its pace. */
export function archiveClient(settings: Settings): ArchiveClient {
  const known = clients.get(settings)
  if (known) return known
  const guard = guardOf(settings)
  const headers = { 'user-agent': userAgent(settings) }
  const pace = new Pace(PER_MINUTE)

  async function get(path: string, signal: AbortSignal): Promise<unknown> {
    const url = `${settings.archiveUrl}${path}`
    return await withRetries(
      async () => {
        await pace.turn(signal)
        const response = await guard.fetch(url, { signal, headers })
        // A wrong search is a 400 with the reason in its body.
        if (!response.ok && response.status !== 400) {
          await response.body?.cancel()
          throw errorOfStatus(response, url)
        }
        return await readJson(response)
      },
      { attempts: ATTEMPTS, signal },
    )
  }

  const client: ArchiveClient = {
    headers,
    mediaGate: new Gate(MEDIA_CONNECTIONS),
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
