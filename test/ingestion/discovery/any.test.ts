import { describe, expect, it } from 'vitest'
import { readSettings } from '../../../src/config/settings.ts'
import { PermanentError, TransientError } from '../../../src/errors.ts'
import { anySource } from '../../../src/ingestion/discovery/any.ts'
import {
  bareCandidate,
  type Candidate,
  type DiscoveryRequest,
  type SitePlatform,
  type Source,
} from '../../../src/ingestion/discovery/source.ts'
import { createLogger } from '../../../src/log.ts'
import { openOwnLibrary } from '../../support/own-library.ts'

const signal = new AbortController().signal
const settings = readSettings({})
const withToken = readSettings({ APIFY_API_TOKEN: 'secret', FORGEINDEX_APIFY_MAX_USD: '3' })

/** What each platform finds: how many, or the error it ends with after that. */
type Finds = Partial<Record<SitePlatform, { count: number; fails?: Error; waitsMs?: number }>>

function sourcesOf(finds: Finds, asked: { request: DiscoveryRequest; maxUsd?: number }[] = []) {
  return (platform: SitePlatform): Source => ({
    platform,
    async *discover(request, options): AsyncIterable<Candidate> {
      const { maxUsd } = options
      asked.push({ request, ...(maxUsd === undefined ? {} : { maxUsd }) })
      const { count = 0, fails, waitsMs = 0 } = finds[platform] ?? {}
      for (let i = 0; i < count; i++) {
        if (waitsMs > 0) {
          await new Promise((resolve, reject) => {
            setTimeout(resolve, waitsMs)
            options.signal.addEventListener('abort', () => reject(options.signal.reason))
          })
        }
        const url = `https://${platform}.example/${i}`
        yield bareCandidate({ platform, sourceId: `${i}`, url, title: 'x', rank: i })
      }
      if (fails) throw fails
    },
  })
}

async function discover(
  sourceOf: (platform: SitePlatform) => Source,
  query: string,
  under = settings,
  take = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const source = anySource(under, createLogger('silent'), sourceOf)
  const request: DiscoveryRequest = { platform: 'any', query, urls: [], limit: 9 }
  const found: string[] = []
  for await (const { platform, sourceId, rank } of source.discover(request, { signal })) {
    expect(rank).toBe(found.length)
    found.push(`${platform} ${sourceId}`)
    if (found.length >= take) break
  }
  return found
}

describe('all sources', () => {
  it('take turns, each candidate under its own platform', async () => {
    const finds = { commons: { count: 1 }, archive: { count: 3 }, nasa: { count: 2 } }
    expect(await discover(sourcesOf(finds), 'lathe')).toEqual([
      'commons 0',
      'archive 0',
      'nasa 0',
      'archive 1',
      'nasa 1',
      'archive 2',
    ])
  })

  it('share the dollars and the number among those that Apify is asked about', async () => {
    const asked: { request: DiscoveryRequest; maxUsd?: number }[] = []
    await discover(sourcesOf({}, asked), '#lathe', withToken)
    expect(
      asked.map(({ request, maxUsd }) => [request.platform, request.query, request.limit, maxUsd]),
    ).toEqual([
      ['commons', 'lathe', 9, 1],
      ['archive', 'lathe', 9, 1],
      ['nasa', 'lathe', 9, 1],
      ['youtube', '#lathe', 3, 1],
      ['tiktok', '#lathe', 3, 1],
      ['instagram', '#lathe', 3, 1],
    ])
    asked.length = 0
    await discover(sourcesOf({}, asked), '@maker', settings)
    expect(asked.map(({ request }) => request.platform)).toEqual(['youtube'])
  })

  it('go on when one fails, and fail together naming each', async () => {
    const gone = new PermanentError('gone', 'The archive is closed.')
    const finds = { archive: { count: 1, fails: gone }, youtube: { count: 2 } }
    expect(await discover(sourcesOf(finds), 'lathe')).toEqual([
      'archive 0',
      'youtube 0',
      'youtube 1',
    ])
    const fails = new TransientError('network', 'Nothing answers.')
    const all = { count: 0, fails }
    const none = { commons: { count: 0, fails: gone }, archive: all, nasa: all, youtube: all }
    await expect(discover(sourcesOf(none), 'lathe')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'no-source',
      message:
        'No source could be searched. commons: The archive is closed. archive: Nothing answers. ' +
        'nasa: Nothing answers. youtube: Nothing answers.',
    })
  })

  it('do not wait for a slow one, and let go of it when the caller leaves', async () => {
    const finds = { commons: { count: 1, waitsMs: 60_000 }, archive: { count: 3 } }
    const began = performance.now()
    const found = await discover(sourcesOf(finds), 'lathe', settings, 2)
    expect(found).toEqual(['archive 0', 'archive 1'])
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

it('what failed is a note of the task, as the API shows it', async () => {
  await using library = await openOwnLibrary({}, { work: false })
  const { body } = await library.ask<{ id: string; platform: string }>('POST', '/api/ingest', {
    query: 'lathe',
    platform: 'any',
  })
  expect(body.platform).toBe('any')
  const fails = new TransientError('network', 'Nothing answers.')
  const sourceOf = sourcesOf({ nasa: { count: 1, fails }, archive: { count: 0, fails } })
  const source = anySource(settings, createLogger('silent'), sourceOf)
  const request: DiscoveryRequest = { platform: 'any', query: 'lathe', urls: [], limit: 5 }
  const task = { id: body.id, db: library.services.database.db }
  // Twice, as after a crash: it is said once.
  for (let run = 0; run < 2; run++) {
    for await (const { platform } of source.discover(request, { signal, task })) {
      expect(platform).toBe('nasa')
    }
  }
  const shown = await library.ask<{ notes: object[] }>('GET', `/api/tasks/${body.id}`)
  expect(shown.body.notes).toEqual(
    ['archive', 'nasa'].map((platform) => ({
      code: 'network',
      message: `${platform} could not be searched: Nothing answers.`,
      count: 1,
    })),
  )
})
