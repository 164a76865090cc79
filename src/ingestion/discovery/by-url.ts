import type { Settings } from '../../config/settings.ts'
import { ForgeindexError, InvalidInputError, PermanentError, TransientError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { canonicalUrl, hashOf, sourceIdOfUrl, videoIdOfUrl } from '../urls.ts'
import { extractInfo } from '../yt-dlp.ts'
import { bareCandidate, type Candidate, type Platform } from './source.ts'
import { candidateOf, videosIn } from './yt-dlp-info.ts'

/** A list may hold more than is wanted, since some of it will not be taken; never more than this. */
export function listBound(limit: number): number {
  return Math.min(limit * 3 + 20, 20_000)
}

/**
 * The videos at addresses that yt-dlp reads (a video, a playlist, a channel, a page with videos),
 * each once. An address that leads nowhere is one candidate with `reject`; one that cannot be
 * asked about now is a candidate without facts, so that its download tries again later.
 */
export async function* discoverByUrl(
  settings: Settings,
  logger: Logger,
  platform: Platform,
  request: { urls: string[]; limit: number },
  signal: AbortSignal,
): AsyncIterable<Candidate> {
  const seen = new Set<string>()
  for (const address of request.urls) {
    signal.throwIfAborted()
    for (const candidate of await candidatesAt(address)) {
      if (seen.has(candidate.sourceId)) continue
      seen.add(candidate.sourceId)
      yield { ...candidate, rank: seen.size - 1 }
    }
  }

  async function candidatesAt(address: string): Promise<Candidate[]> {
    // The canonical form of one video drops the playlist it was seen in.
    const target = URL.canParse(address) ? canonicalUrl(address) : address
    const id = platform === 'urls' ? null : videoIdOfUrl(target)
    const alone = bareCandidate({
      platform,
      sourceId: id ?? (URL.canParse(target) ? sourceIdOfUrl(target) : hashOf(target)),
      url: target,
      // Stands in until the download tells the title.
      title: target,
      rank: 0,
    })
    try {
      const limit = listBound(request.limit)
      const info = await extractInfo(settings, target, { signal, limit })
      const found = videosIn(info).flatMap((video) => candidateOf(video, platform, 0) ?? [])
      if (found.length > 0) return found
      throw new PermanentError('not-a-video', `No video was found at ${target}.`)
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof PermanentError && thrown.code === 'yt-dlp-unusable') throw thrown
      if (thrown instanceof PermanentError || thrown instanceof InvalidInputError) {
        return [{ ...alone, reject: { code: thrown.code, message: thrown.message } }]
      }
      if (thrown instanceof TransientError || thrown instanceof ForgeindexError) {
        logger.warn({ url: target, code: thrown.code }, 'nothing known about this address yet')
        return [alone]
      }
      throw thrown
    }
  }
}
