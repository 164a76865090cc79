import type { Response } from 'undici'
import type { Settings } from '../../config/settings.ts'
import { InvalidInputError, PermanentError, TransientError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { guardOf } from '../guard.ts'
import { errorOfStatus, userAgent } from '../http.ts'
import { kindOfContent } from '../media-type.ts'
import {
  type ArchiveEndpoints,
  canonicalUrl,
  fileNameOfUrl,
  hashOf,
  platformOfUrl,
  sourceIdOfUrl,
} from '../urls.ts'
import { discoverByUrl } from './by-url.ts'
import {
  bareCandidate,
  type Candidate,
  type DiscoveryOptions,
  type DiscoveryRequest,
  type SitePlatform,
  type Source,
} from './source.ts'

/**
 * Addresses of any site. Those of a platform we know go to that platform's source; the others are
 * asked what they are: a media file is taken directly, a page is given to yt-dlp.
 *
 * @param sourceOf  the source of a known platform
 */
export function urlsSource(
  settings: Settings,
  logger: Logger,
  sourceOf: (platform: SitePlatform) => Source,
): Source {
  async function* candidatesOf(
    group: { platform: SitePlatform; urls: string[] },
    request: DiscoveryRequest,
    options: DiscoveryOptions,
    skipped: (known: Pick<Candidate, 'platform' | 'sourceId'>) => void,
  ): AsyncIterable<Candidate> {
    const { signal } = options
    if (group.platform !== 'urls') {
      const { platform, urls } = group
      yield* sourceOf(platform).discover({ ...request, platform, urls, query: null }, options)
      return
    }
    for (const url of group.urls) {
      const known = knownAs(url)
      if (await options.isKnown?.(known)) {
        skipped(known)
        continue
      }
      const direct = await probe(settings, url, signal)
      if (direct) yield direct
      else yield* discoverByUrl(settings, logger, 'urls', { ...request, urls: [url] }, signal)
    }
  }

  return {
    platform: 'urls',
    async *discover(request, options): AsyncIterable<Candidate> {
      if (request.urls.length === 0) {
        throw new InvalidInputError('no-urls', 'Platform urls needs at least one address.')
      }
      const seen = new Set<string>()
      const keyOf = ({ platform, sourceId }: Pick<Candidate, 'platform' | 'sourceId'>) =>
        `${platform} ${sourceId}`
      // After a crash the list is gone through again; what is known keeps its place in the order.
      const skipped = (known: Pick<Candidate, 'platform' | 'sourceId'>) => seen.add(keyOf(known))
      for (const group of grouped(request.urls, settings)) {
        for await (const candidate of candidatesOf(group, request, options, skipped)) {
          options.signal.throwIfAborted()
          const key = keyOf(candidate)
          if (seen.has(key)) continue
          seen.add(key)
          yield { ...candidate, rank: seen.size - 1 }
        }
      }
    },
  }
}

/** What an address is called if it turns out to be a media file, or never to be one. */
function knownAs(address: string): Pick<Candidate, 'platform' | 'sourceId'> {
  const sourceId = URL.canParse(address) ? sourceIdOfUrl(canonicalUrl(address)) : hashOf(address)
  return { platform: 'urls', sourceId }
}

/**
 * Asks an address what it holds. A candidate when it is a media file, when it will never be one,
 * or when it does not answer now (its download will try again); null for a page or a playlist.
 */
async function probe(
  settings: Settings,
  address: string,
  signal: AbortSignal,
): Promise<Candidate | null> {
  if (!URL.canParse(address)) {
    const message = `${address.slice(0, 300)} is not a URL.`
    const known = {
      platform: 'urls',
      sourceId: hashOf(address),
      url: address,
      title: address,
    } as const
    return { ...bareCandidate({ ...known, rank: 0 }), reject: { code: 'url-refused', message } }
  }
  const url = canonicalUrl(address)
  const title = fileNameOfUrl(url)
  const candidate = bareCandidate({
    platform: 'urls',
    sourceId: sourceIdOfUrl(url),
    url,
    title,
    rank: 0,
  })
  try {
    const response = await guardOf(settings).fetch(url, {
      signal,
      // Not HEAD: many media servers refuse it. One byte tells type and size alike.
      headers: {
        'user-agent': userAgent(settings),
        range: 'bytes=0-0',
        'accept-encoding': 'identity',
      },
    })
    await response.body?.cancel()
    if (response.status === 416) {
      return { ...candidate, reject: { code: 'empty-file', message: `${url} holds no bytes.` } }
    }
    if (!response.ok) throw errorOfStatus(response, url)
    const kind = kindOfContent(response.headers.get('content-type'))
    if (kind === 'page' || kind === 'playlist') return null
    if (kind === 'other') {
      const type = response.headers.get('content-type')
      return {
        ...candidate,
        reject: { code: 'not-a-video', message: `${url} is ${type}, not a video.` },
      }
    }
    const bytes = wholeSize(response)
    return { ...candidate, downloadUrl: url, ...(bytes === null ? {} : { bytes }) }
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof TransientError) return candidate
    if (thrown instanceof PermanentError || thrown instanceof InvalidInputError) {
      return { ...candidate, reject: { code: thrown.code, message: thrown.message } }
    }
    throw thrown
  }
}

/** Bytes of the whole file, from the answer to a request for its first byte. */
function wholeSize(response: Response): number | null {
  const whole =
    response.status === 206
      ? /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
      : response.headers.get('content-length')
  return whole ? Number(whole) : null
}

/** Neighbouring addresses of one platform together, so that a source can ask for several at once. */
function grouped(
  urls: string[],
  endpoints: ArchiveEndpoints,
): { platform: SitePlatform; urls: string[] }[] {
  const groups: { platform: SitePlatform; urls: string[] }[] = []
  for (const url of urls) {
    const platform = platformOfUrl(url, endpoints) ?? 'urls'
    const last = groups.at(-1)
    if (last?.platform === platform) last.urls.push(url)
    else groups.push({ platform, urls: [url] })
  }
  return groups
}
