import type { Settings } from '../../config/settings.ts'
import { ForgeindexError, PermanentError, TransientError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { apifyResults } from '../apify-runs.ts'
import { videoIdOfUrl } from '../urls.ts'
import { actorInput } from './apify-inputs.ts'
import { type ApifyPlatform, apifyItem } from './apify-items.ts'
import type { Candidate, DiscoveryOptions, DiscoveryRequest, Source } from './source.ts'
import { tell } from './tell.ts'
import { wantedBy } from './wanted.ts'

const NAMES = { youtube: 'YouTube', tiktok: 'TikTok', instagram: 'Instagram' }
/** What an actor says when there is nothing to find, which is an answer and no failure. */
const NOTHING_FOUND = /no[_ -]?(?:results?|items|posts|videos)|not[_ -]?found|empty/i

/** More than wanted, since some will not be taken; each result costs, so not many more. */
export function itemsFor(limit: number, maxItems: number): number {
  return Math.min(Math.ceil(limit * 1.5) + 10, maxItems)
}

/**
 * A platform through its Apify actor, by words, `#hashtag`, `@profile` or addresses. Without a token,
 * and when Apify fails, `fallback` stands in (yt-dlp), and the task is told so. Addresses of videos that
 * the actor gives no result for are asked of `fallback` too, which says what is wrong with them.
 */
export function apifySource(
  settings: Settings,
  logger: Logger,
  platform: ApifyPlatform,
  fallback: Source,
): Source {
  /** The actor's candidates, each once and unranked. */
  async function* viaApify(
    request: DiscoveryRequest,
    options: DiscoveryOptions,
  ): AsyncIterable<Candidate> {
    const wanted = request.urls.length > 0 ? null : wantedBy(request.query ?? '')
    const perAddress = request.urls.length
    const maxItems = itemsFor(Math.max(request.limit, perAddress), settings.apify.maxItems)
    const faults = new Map<string, number>()
    const seen = new Set<string>()
    const question = {
      platform,
      actor: settings.apify.actors[platform],
      input: actorInput(platform, { wanted, urls: request.urls }, maxItems),
      maxItems,
    }
    try {
      for await (const page of apifyResults(settings, question, options)) {
        for (const item of page) {
          options.signal.throwIfAborted()
          const read = apifyItem(platform, item)
          if ('fault' in read) faults.set(read.fault, (faults.get(read.fault) ?? 0) + 1)
          else if (!seen.has(read.candidate.sourceId)) {
            seen.add(read.candidate.sourceId)
            yield read.candidate
          }
        }
      }
    } finally {
      for (const [fault, count] of [...faults].slice(0, 10)) {
        const message = `Apify gave no ${NAMES[platform]} video but said: ${fault}`
        await tell(logger, options, { code: 'apify-error-item', message, count })
      }
    }
    const said = [...faults.keys()].find((fault) => !NOTHING_FOUND.test(fault))
    if (seen.size === 0 && said !== undefined) {
      throw new PermanentError('apify-run-failed', `Apify brought nothing but errors: ${said}`)
    }
  }

  return {
    platform,
    async *discover(request, options): AsyncIterable<Candidate> {
      options.signal.throwIfAborted()
      if (!settings.apify.token) {
        if (request.urls.length === 0 && platform === 'youtube') {
          const message = `APIFY_API_TOKEN is not set: ${NAMES[platform]} was searched by yt-dlp.`
          await tell(logger, options, { code: 'no-apify-token', message })
        }
        yield* fallback.discover(request, options)
        return
      }
      const seen = new Set<string>()
      const fresh = ({ sourceId }: Candidate) => !seen.has(sourceId) && !!seen.add(sourceId)
      const ranked = (candidate: Candidate) => ({ ...candidate, rank: seen.size - 1 })
      let failure: ForgeindexError | null = null
      try {
        for await (const candidate of viaApify(request, options)) {
          if (fresh(candidate)) yield ranked(candidate)
        }
      } catch (thrown) {
        options.signal.throwIfAborted()
        if (!(thrown instanceof ForgeindexError)) throw thrown
        failure = thrown
      }
      const rest = restOf(request, seen, failure !== null)
      if (rest === null) return
      if (failure && !canStandIn(platform, rest)) throw failure
      if (failure) {
        const message = `Apify failed for ${NAMES[platform]}, so yt-dlp went on: ${failure.message}`
        await tell(logger, options, { code: failure.code, message })
      } else {
        const message = `Apify gave no result for some ${NAMES[platform]} addresses; yt-dlp was asked.`
        await tell(logger, options, { code: 'apify-no-result', message, count: rest.urls.length })
      }
      try {
        for await (const candidate of fallback.discover(rest, options)) {
          if (fresh(candidate)) yield ranked(candidate)
        }
      } catch (thrown) {
        options.signal.throwIfAborted()
        throw failure ? both(failure, thrown) : thrown
      }
    },
  }
}

/** What is left to ask of the fallback; null when the actor answered all of it. */
function restOf(
  request: DiscoveryRequest,
  seen: ReadonlySet<string>,
  hasFailed: boolean,
): DiscoveryRequest | null {
  if (request.urls.length === 0) return hasFailed ? request : null
  const urls = request.urls.filter((url) => {
    const id = videoIdOfUrl(url)
    // Of a profile or a short link it cannot be told whether its videos came.
    return id === null ? hasFailed || seen.size === 0 : !seen.has(id)
  })
  return urls.length > 0 ? { ...request, urls } : null
}

/** What yt-dlp can do of it [its supportedsites.md]: no search but YouTube's, some pages of the others. */
function canStandIn(platform: ApifyPlatform, { urls, query }: DiscoveryRequest): boolean {
  if (platform === 'youtube' || urls.length > 0) return true
  return wantedBy(query ?? '').kind === (platform === 'tiktok' ? 'profile' : 'hashtag')
}

/** Both failures in one message; it passes when either of them may. */
function both(failure: ForgeindexError, thrown: unknown): unknown {
  if (!(thrown instanceof ForgeindexError)) return thrown
  const message = `${thrown.message} Before that, Apify failed: ${failure.message}`
  const passing = [failure, thrown].find((one) => one instanceof TransientError)
  if (passing === undefined) return new PermanentError(thrown.code, message, { cause: failure })
  const { retryAfterMs } = passing
  return new TransientError(thrown.code, message, {
    cause: failure,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
