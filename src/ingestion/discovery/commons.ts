import { z } from 'zod'
import type { Settings } from '../../config/settings.ts'
import { InvalidInputError, PermanentError } from '../../errors.ts'
import { commonsClient } from '../commons-client.ts'
import { commonsFileOf } from '../urls.ts'
import { type CommonsPage, commonsCandidate, commonsPage, mergePages } from './commons-page.ts'
import type { Candidate, DiscoveryRequest, Source } from './source.ts'

/** Longest search text of Wikimedia's search (CirrusSearch), our `filetype:video ` included. */
const MAX_SEARCH_CHARACTERS = 300
/** Most pages that come with properties in one answer for callers without extra rights. */
const PAGE_SIZE = 50
/** Search offsets end near here. */
const MAX_RESULTS = 10_000
/** Titles have up to 240 bytes, and the whole address about 8,000. */
const TITLES_PER_REQUEST = 10
/** One of the widths that Wikimedia's thumbnail servers keep ready. */
const THUMBNAIL_WIDTH = '500'

const answer = z.object({
  batchcomplete: z.boolean().optional(),
  continue: z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).optional(),
  query: z.object({ pages: z.array(commonsPage).optional() }).optional(),
})

/**
 * Wikimedia Commons by its action API: search for videos, or pages named by URL. Takes only pages
 * that name a free licence, and keeps the author and the licence's evidence.
 */
export function commonsSource(settings: Settings): Source {
  const client = commonsClient(settings)

  async function* pagesOf(
    params: Record<string, string>,
    signal: AbortSignal,
  ): AsyncIterable<CommonsPage> {
    const wanted: Record<string, string> = {
      prop: 'videoinfo',
      viprop: 'url|size|mime|mediatype|timestamp|user|sha1|extmetadata|derivatives',
      viurlwidth: THUMBNAIL_WIDTH,
      viextmetadatalanguage: 'en',
      ...params,
    }
    let goOn: Record<string, string> = {}
    let parts = new Map<string, CommonsPage>()
    for (;;) {
      const part = understood(await client.api({ ...wanted, ...goOn }, signal))
      for (const page of part.query?.pages ?? []) {
        const key = String(page.pageid ?? page.title)
        const known = parts.get(key)
        parts.set(key, known ? mergePages(known, page) : page)
      }
      if (part.batchcomplete) {
        yield* [...parts.values()].sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
        parts = new Map()
      }
      if (!part.continue) return
      goOn = part.continue
    }
  }

  async function* search(query: string, limit: number, signal: AbortSignal) {
    const words = `filetype:video ${query}`
    if (words.length > MAX_SEARCH_CHARACTERS) {
      throw new InvalidInputError(
        'query-too-long',
        `Wikimedia Commons takes searches of at most ${MAX_SEARCH_CHARACTERS - 15} characters; this one has ${query.length}.`,
      )
    }
    yield* pagesOf(
      {
        generator: 'search',
        gsrsearch: words,
        gsrnamespace: '6',
        gsrlimit: String(Math.min(PAGE_SIZE, Math.max(10, limit * 2))),
      },
      signal,
    )
  }

  async function* byUrl(urls: string[], signal: AbortSignal) {
    const titles = new Set<string>()
    for (const url of urls) {
      const title = commonsFileOf(url, settings.commonsUrl)
      if (title === null) {
        throw new InvalidInputError(
          'not-a-commons-file',
          `${url} is not a file of Wikimedia Commons. Expected an address like ${settings.commonsUrl}/wiki/File:Name.webm`,
        )
      }
      titles.add(title)
    }
    const all = [...titles]
    for (let from = 0; from < all.length; from += TITLES_PER_REQUEST) {
      const some = all.slice(from, from + TITLES_PER_REQUEST)
      yield* pagesOf({ titles: some.join('|'), redirects: '1' }, signal)
    }
  }

  return {
    platform: 'commons',
    async *discover(request: DiscoveryRequest, { signal }): AsyncIterable<Candidate> {
      const seen = new Set<string>()
      const pages =
        request.urls.length > 0
          ? byUrl(request.urls, signal)
          : search(request.query ?? '', request.limit, signal)
      for await (const page of pages) {
        signal.throwIfAborted()
        const candidate = commonsCandidate(page, {
          commonsUrl: settings.commonsUrl,
          rank: seen.size,
          retrievedAt: new Date().toISOString(),
        })
        if (seen.has(candidate.sourceId)) continue
        seen.add(candidate.sourceId)
        yield candidate
        if (seen.size >= MAX_RESULTS) return
      }
    },
  }
}

function understood(body: unknown): z.infer<typeof answer> {
  const parsed = answer.safeParse(body)
  if (parsed.success) return parsed.data
  throw new PermanentError(
    'unexpected-answer',
    `Wikimedia Commons answered in a form that is not known here: ${z.prettifyError(parsed.error)}`,
  )
}
