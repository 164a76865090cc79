import type { Settings } from '../../config/settings.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { discoverByUrl } from './by-url.ts'
import type { Candidate, Source } from './source.ts'

const NAMES = { tiktok: 'TikTok', instagram: 'Instagram' }

/**
 * TikTok and Instagram: addresses through yt-dlp. Their keyword search is closed to it (its
 * supportedsites.md marks tags as broken), so words are refused and the answer says what is needed.
 */
export function linkOnlySource(
  settings: Settings,
  logger: Logger,
  platform: 'tiktok' | 'instagram',
): Source {
  return {
    platform,
    async *discover(request, { signal }): AsyncIterable<Candidate> {
      if (request.urls.length === 0) {
        throw new InvalidInputError(
          'apify-token-required',
          `Searching ${NAMES[platform]} by words needs an Apify account (APIFY_API_TOKEN), and this version cannot use one yet. Give addresses of ${NAMES[platform]} videos instead, or search youtube or commons.`,
        )
      }
      yield* discoverByUrl(settings, logger, platform, request, signal)
    },
  }
}
