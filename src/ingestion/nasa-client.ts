import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { TransientError } from '../errors.ts'
import { guardOf, hostAndPort } from './guard.ts'
import { errorOfStatus, readJson, userAgent, withRetries } from './http.ts'
import { limitsOf } from './limits.ts'

const ATTEMPTS = 5
const PAGE_SIZE = 100
/** A search gives its first 10,000 results. */
const MAX_PAGES = 100

const text = z.string().nullish().catch(null)

const nasaItem = z.object({
  href: text,
  data: z
    .array(
      z.object({
        nasa_id: z.string(),
        title: text,
        description: text,
        media_type: text,
        center: text,
        date_created: text,
        photographer: text,
        secondary_creator: text,
      }),
    )
    .min(1),
  links: z
    .array(z.object({ href: text, rel: text }))
    .nullish()
    .catch(null),
})
/** One result of a search [images.nasa.gov API documentation]. */
export type NasaItem = z.infer<typeof nasaItem>

const searchAnswer = z.object({
  collection: z.object({ items: z.array(nasaItem.nullable().catch(null)) }),
})
const assetAnswer = z.union([
  z.array(z.string()),
  z
    .object({ collection: z.object({ items: z.array(z.object({ href: z.string() })) }) })
    .transform(({ collection }) => collection.items.map(({ href }) => href)),
])

/** Our side of NASA's image and video library: its pace and our name. */
export interface NasaClient {
  readonly headers: Record<string, string>
  /** A search's results in its order, page by page; the same one may come twice. */
  search(params: Record<string, string>, signal: AbortSignal): AsyncIterable<NasaItem>
  /**
   * Addresses of the files of one item, as they can be fetched.
   *
   * @throws PermanentError `video-gone` when there are none
   */
  files(item: NasaItem, signal: AbortSignal): Promise<string[]>
}

const clients = new WeakMap<Settings, NasaClient>()

/** The client of these settings; its pace is that of `limitsOf`. */
export function nasaClient(settings: Settings): NasaClient {
  const known = clients.get(settings)
  if (known) return known
  const guard = guardOf(settings)
  const headers = { 'user-agent': userAgent(settings) }

  async function get<T>(url: string, shape: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const ask = async () => {
      const response = await guard.fetch(url, { signal, headers })
      if (!response.ok) {
        await response.body?.cancel()
        throw errorOfStatus(response, url)
      }
      const parsed = shape.safeParse(await readJson(response))
      if (parsed.success) return parsed.data
      throw new TransientError(
        'unexpected-answer',
        "NASA's library answered in a form that is not known here.",
      )
    }
    return await withRetries(() => limitsOf(settings).request('nasa', { signal }, ask), {
      attempts: ATTEMPTS,
      signal,
    })
  }

  const client: NasaClient = {
    headers,
    async *search(params, signal) {
      const seen = new Set<string>()
      for (let page = 1; page <= MAX_PAGES; page++) {
        const query = new URLSearchParams({
          media_type: 'video',
          ...params,
          page: String(page),
          page_size: String(PAGE_SIZE),
        })
        const answer = await get(`${settings.nasaUrl}/search?${query}`, searchAnswer, signal)
        const items = answer.collection.items.filter((item) => item !== null)
        const before = seen.size
        for (const item of items) seen.add(item.data[0]!.nasa_id)
        yield* items
        // A page without anything new is the last one, or the same one for ever.
        if (answer.collection.items.length < PAGE_SIZE || seen.size === before) return
      }
    },
    async files(item, signal) {
      const id = item.data[0]!.nasa_id
      const list = item.href ? fetchable(item.href, settings.nasaUrl) : null
      const address = list ?? `${settings.nasaUrl}/asset/${encodeURIComponent(id)}`
      const files = await get(address, assetAnswer, signal)
      return files.flatMap((file) => fetchable(file, settings.nasaUrl) ?? [])
    },
  }
  clients.set(settings, client)
  return client
}

/**
 * An address as NASA writes it (`http://…/A b, c~orig.mp4`) as one that can be fetched: https but for
 * the operator's own endpoint, the path encoded. Null for what is no web address.
 */
export function fetchable(address: string, nasaUrl: string): string | null {
  // The parser encodes spaces; a percent sign that begins no code is the name's own.
  const whole = address
    .trim()
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replaceAll('#', '%23')
  if (!URL.canParse(whole)) return null
  const url = new URL(whole)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  if (hostAndPort(url) !== hostAndPort(new URL(nasaUrl))) url.protocol = 'https:'
  return url.href
}
