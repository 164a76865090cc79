import { z } from 'zod'
import type { Settings } from '../../config/settings.ts'
import { InvalidInputError, PermanentError } from '../../errors.ts'
import { archiveClient } from '../archive-client.ts'
import { archiveItemOf } from '../urls.ts'
import { type ArchiveItem, archiveCandidates, archiveItem } from './archive-item.ts'
import { bareCandidate, type Candidate, type DiscoveryRequest, type Source } from './source.ts'

/** Items that a search looks into at most. */
const MAX_ITEMS = 10_000

/**
 * The Internet Archive: a search among movies that name a licence, most downloaded first, or items
 * named by URL. The licence is its uploader's claim and kept as such.
 */
export function archiveSource(settings: Settings): Source {
  const client = archiveClient(settings)

  async function* named(request: DiscoveryRequest, signal: AbortSignal) {
    if (request.urls.length === 0) {
      const found = client.scrape(searchFor(request.query ?? ''), SORTS, signal)
      for await (const identifier of found) yield { identifier, file: null }
      return
    }
    for (const url of request.urls) {
      const item = archiveItemOf(url, settings.archiveUrl)
      if (item === null) {
        throw new InvalidInputError(
          'not-an-archive-item',
          `${url} is no item of the Internet Archive. Expected an address like ${settings.archiveUrl}/details/NAME`,
        )
      }
      yield item
    }
  }

  async function candidatesOf(
    identifier: string,
    options: { only: string | null; needsLicence: boolean },
    signal: AbortSignal,
  ): Promise<Candidate[]> {
    let item: ArchiveItem
    try {
      item = archiveItem.parse(await client.metadata(identifier, signal))
    } catch (thrown) {
      signal.throwIfAborted()
      // What is refused or unreadable of one item says nothing about the next one.
      if (!(thrown instanceof PermanentError || thrown instanceof z.ZodError)) throw thrown
      const url = `${settings.archiveUrl}/details/${encodeURIComponent(identifier)}`
      const known = { platform: 'archive', sourceId: identifier, url, title: identifier } as const
      const reject =
        thrown instanceof PermanentError
          ? { code: thrown.code, message: thrown.message }
          : { code: 'unexpected-answer', message: `${url} is described in a form not known here.` }
      return [{ ...bareCandidate({ ...known, rank: 0 }), reject }]
    }
    const { archiveUrl } = settings
    const retrievedAt = new Date().toISOString()
    return archiveCandidates(identifier, item, { ...options, archiveUrl, retrievedAt })
  }

  return {
    platform: 'archive',
    async *discover(request, { signal }): AsyncIterable<Candidate> {
      signal.throwIfAborted()
      const seen = new Set<string>()
      let looked = 0
      for await (const { identifier, file } of named(request, signal)) {
        signal.throwIfAborted()
        if (looked++ >= MAX_ITEMS) return
        const options = { only: file, needsLicence: request.urls.length === 0 }
        for (const candidate of await candidatesOf(identifier, options, signal)) {
          signal.throwIfAborted()
          if (seen.has(candidate.sourceId)) continue
          seen.add(candidate.sourceId)
          yield { ...candidate, rank: seen.size - 1 }
        }
      }
    },
  }
}

/** `identifier` last, as the scrape API asks. */
const SORTS = 'downloads desc,identifier asc'

/**
 * The words as a search in the archive's query language, among movies with an open licence. Films and
 * television recordings carry licences that their uploaders had no right to give, so they are left out.
 */
function searchFor(query: string): string {
  const words = query
    // Every sign with a meaning in the language (Lucene's), and its three words.
    .replace(/[+\-&|!(){}[\]^"~*?:\\/#@]/g, ' ')
    .replace(/\b(?:AND|OR|NOT|TO)\b/g, (word) => word.toLowerCase())
    .replace(/\s+/g, ' ')
    .trim()
  if (words === '') {
    throw new PermanentError(
      'query-refused',
      `The Internet Archive searches by words; there is none in ${JSON.stringify(query.slice(0, 100))}.`,
    )
  }
  return `mediatype:movies AND licenseurl:(*creativecommons* OR *publicdomain*) AND NOT collection:(feature_films OR tvnews OR tvarchive) AND (${words})`
}
