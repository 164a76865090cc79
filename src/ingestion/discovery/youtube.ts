import type { Settings } from '../../config/settings.ts'
import type { Logger } from '../../log.ts'
import { extractInfo } from '../yt-dlp.ts'
import { discoverByUrl, listBound } from './by-url.ts'
import type { Candidate, DiscoveryRequest, Source } from './source.ts'
import { pageOf, wantedBy } from './wanted.ts'
import { candidateOf, videosIn } from './yt-dlp-info.ts'

/**
 * YouTube through yt-dlp: its search, `#hashtag` and `@profile` pages, and addresses of videos,
 * playlists and channels.
 */
export function youtubeSource(settings: Settings, logger: Logger): Source {
  return {
    platform: 'youtube',
    discover(request: DiscoveryRequest, { signal }): AsyncIterable<Candidate> {
      const page = pageOf('youtube', wantedBy(request.query ?? ''))
      const urls = request.urls.length > 0 || page === null ? request.urls : [page]
      return urls.length > 0
        ? discoverByUrl(settings, logger, 'youtube', { ...request, urls }, signal)
        : search(settings, request, signal)
    },
  }
}

/**
 * Search in rounds: yt-dlp answers only when all results are in, so it is first asked for half as
 * many again as are wanted, and for more only while the caller keeps pulling.
 */
async function* search(
  settings: Settings,
  request: DiscoveryRequest,
  signal: AbortSignal,
): AsyncIterable<Candidate> {
  const words = (request.query ?? '').replace(/\s+/g, ' ').trim()
  const most = listBound(request.limit)
  const seen = new Set<string>()
  for (let asked = Math.ceil(request.limit * 1.5) + 5; ; asked = Math.min(asked * 2, most)) {
    const info = await extractInfo(settings, `ytsearch${asked}:${words}`, { signal, limit: asked })
    const before = seen.size
    for (const video of videosIn(info)) {
      signal.throwIfAborted()
      const candidate = candidateOf(video, 'youtube', seen.size)
      if (!candidate || seen.has(candidate.sourceId)) continue
      seen.add(candidate.sourceId)
      yield candidate
    }
    if (asked >= most || seen.size === before || seen.size < asked / 2) return
  }
}
