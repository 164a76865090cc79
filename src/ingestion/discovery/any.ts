import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../../config/settings.ts'
import { ForgeindexError, InvalidInputError, PermanentError, TransientError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type {
  Candidate,
  DiscoveryOptions,
  DiscoveryRequest,
  SitePlatform,
  Source,
} from './source.ts'
import { tell } from './tell.ts'
import { wantedBy } from './wanted.ts'

/** A source that has nothing ready for this long is passed over in that round. */
const PATIENCE_MS = 3000

type Next = { result: IteratorResult<Candidate> } | { thrown: unknown }

/** One source under way, one candidate ahead. */
interface Lane {
  platform: SitePlatform
  iterator: AsyncIterator<Candidate>
  next: Promise<Next>
}

/**
 * All sources that can search by words, in turn: one candidate of each, again and again, so that no
 * source crowds out another. One that fails is noted and the others go on; each candidate keeps the
 * platform it is from. Addresses go to the platform they belong to.
 *
 * @throws PermanentError or TransientError naming each failure when all sources failed
 */
export function anySource(
  settings: Settings,
  logger: Logger,
  sourceOf: (platform: SitePlatform) => Source,
): Source {
  return {
    platform: 'any',
    async *discover(request, options): AsyncIterable<Candidate> {
      options.signal.throwIfAborted()
      if (request.urls.length > 0) {
        yield* sourceOf('urls').discover({ ...request, platform: 'urls' }, options)
        return
      }
      const wanted = wantedBy(request.query ?? '')
      const platforms = platformsFor(wanted.kind, settings.apify.token !== null)
      // Aborted when the caller leaves, so that a source that waits for its service lets go.
      const leaving = new AbortController()
      const signal = AbortSignal.any([options.signal, leaving.signal])
      const shared = shareOf(settings, { ...options, signal }, platforms)
      const open = platforms.map((platform): Lane => {
        const iterator = sourceOf(platform)
          .discover(requestFor(platform, request, wanted.text, shared.paid), shared.options)
          [Symbol.asyncIterator]()
        return { platform, iterator, next: pull(iterator) }
      })
      const lanes = [...open]
      const failures: { platform: SitePlatform; error: ForgeindexError }[] = []
      const seen = new Set<string>()
      try {
        while (lanes.length > 0) {
          for (const lane of [...lanes]) {
            options.signal.throwIfAborted()
            const next = await within(lane.next, lanes.length > 1 ? PATIENCE_MS : null, signal)
            if (next === null) continue
            if ('thrown' in next) {
              options.signal.throwIfAborted()
              if (!(next.thrown instanceof ForgeindexError)) throw next.thrown
              failures.push({ platform: lane.platform, error: next.thrown })
              const message = `${lane.platform} could not be searched: ${next.thrown.message}`
              await tell(logger, options, { code: next.thrown.code, message })
            }
            if ('thrown' in next || next.result.done) {
              lanes.splice(lanes.indexOf(lane), 1)
              continue
            }
            const candidate = next.result.value
            lane.next = pull(lane.iterator)
            const key = `${candidate.platform} ${candidate.sourceId}`
            if (seen.has(key)) continue
            seen.add(key)
            yield { ...candidate, rank: seen.size - 1 }
          }
        }
      } finally {
        leaving.abort()
        await Promise.all(open.map(({ iterator }) => iterator.return?.()))
      }
      if (failures.length === platforms.length) {
        const order = (each: { platform: SitePlatform }) => platforms.indexOf(each.platform)
        throw allFailed(failures.sort((a, b) => order(a) - order(b)))
      }
    },
  }
}

/** The archives know neither profiles nor hashtags of other platforms. */
function platformsFor(kind: 'words' | 'hashtag' | 'profile', hasToken: boolean): SitePlatform[] {
  const social: SitePlatform[] = [
    'youtube',
    ...(hasToken ? (['tiktok', 'instagram'] as const) : []),
  ]
  return kind === 'profile' ? social : ['commons', 'archive', 'nasa', ...social]
}

/** What Apify may bring and cost in all, over the platforms that are asked through it. */
function shareOf(settings: Settings, options: DiscoveryOptions, platforms: SitePlatform[]) {
  const paid = platforms.filter((each) => ['youtube', 'tiktok', 'instagram'].includes(each)).length
  const maxUsd = (options.maxUsd ?? settings.apify.maxUsd) / paid
  return { paid, options: { ...options, maxUsd } }
}

function requestFor(
  platform: SitePlatform,
  request: DiscoveryRequest,
  text: string,
  paid: number,
): DiscoveryRequest {
  const isArchive = ['commons', 'archive', 'nasa'].includes(platform)
  return isArchive
    ? { ...request, platform, query: text }
    : { ...request, platform, limit: Math.ceil(request.limit / paid) }
}

/** The next candidate or the failure, as a value: it may settle while nobody waits for it. */
function pull(iterator: AsyncIterator<Candidate>): Promise<Next> {
  return iterator.next().then(
    (result) => ({ result }),
    (thrown: unknown) => ({ thrown }),
  )
}

/** Null when it is not there in time; without a limit when `ms` is null. */
async function within<T>(
  promise: Promise<T>,
  ms: number | null,
  signal: AbortSignal,
): Promise<T | null> {
  if (ms === null) return await promise
  const done = new AbortController()
  const timer = sleep(ms, null, { signal: AbortSignal.any([signal, done.signal]) }).catch(
    () => null,
  )
  try {
    return await Promise.race([promise, timer])
  } finally {
    done.abort()
  }
}

function allFailed(failures: { platform: SitePlatform; error: ForgeindexError }[]): Error {
  const each = failures.map(({ platform, error }) => `${platform}: ${error.message}`).join(' ')
  const message = `No source could be searched. ${each}`
  if (failures.some(({ error }) => error instanceof TransientError)) {
    return new TransientError('no-source', message)
  }
  const isWrong = failures.every(({ error }) => error instanceof InvalidInputError)
  return isWrong
    ? new InvalidInputError('no-source', message)
    : new PermanentError('no-source', message)
}
