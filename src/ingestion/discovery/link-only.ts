import type { Settings } from '../../config/settings.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { discoverByUrl } from './by-url.ts'
import type { Candidate, Source } from './source.ts'
import { pageOf, wantedBy } from './wanted.ts'

const NAMES = { tiktok: 'TikTok', instagram: 'Instagram' }
/** The kind of list that yt-dlp can read there [its supportedsites.md marks the other as broken]. */
const READABLE = { tiktok: 'profile', instagram: 'hashtag' }

/**
 * TikTok and Instagram through yt-dlp: addresses, `@profile` of the one and `#hashtag` of the other.
 * Keyword search is closed to it, so words are refused and the answer says what is needed.
 */
export function linkOnlySource(
  settings: Settings,
  logger: Logger,
  platform: 'tiktok' | 'instagram',
): Source {
  return {
    platform,
    async *discover(request, { signal }): AsyncIterable<Candidate> {
      const wanted = wantedBy(request.query ?? '')
      const page = wanted.kind === READABLE[platform] ? pageOf(platform, wanted) : null
      const urls = request.urls.length > 0 || page === null ? request.urls : [page]
      if (urls.length === 0) {
        throw new InvalidInputError(
          'apify-token-required',
          `Searching ${NAMES[platform]} by words needs an Apify account: set APIFY_API_TOKEN. Or give addresses of ${NAMES[platform]} videos, or search youtube, commons, archive or nasa.`,
        )
      }
      yield* discoverByUrl(settings, logger, platform, { ...request, urls }, signal)
    },
  }
}
