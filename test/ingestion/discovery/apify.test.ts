// Long because one stand-in of Apify and one database serve every case.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/config/database.ts'
import { readSettings, type Settings } from '../../../src/config/settings.ts'
import { apifyClient, canonicalJson } from '../../../src/ingestion/apify-client.ts'
import { endApifyRuns } from '../../../src/ingestion/apify-runs.ts'
import { actorInput } from '../../../src/ingestion/discovery/apify-inputs.ts'
import type { ApifyPlatform } from '../../../src/ingestion/discovery/apify-items.ts'
import type { Candidate, DiscoveryRequest } from '../../../src/ingestion/discovery/source.ts'
import { openSources } from '../../../src/ingestion/discovery/sources.ts'
import { wantedBy } from '../../../src/ingestion/discovery/wanted.ts'
import { hashOf } from '../../../src/ingestion/urls.ts'
import { createLogger } from '../../../src/log.ts'
import { beginSourceRun } from '../../../src/store/source-runs.ts'
import { notesOfTasks } from '../../../src/store/task-notes.ts'
import { createTask, endTask } from '../../../src/store/tasks.ts'
import {
  goodRun,
  instagramResult,
  tiktokResult,
  youtubeResult,
} from '../../support/apify-results.ts'
import {
  type ApifyFault,
  type ApifyServer,
  type RunPlan,
  startApifyServer,
} from '../../support/apify-server.ts'
import { openTestDatabase } from '../../support/library.ts'
import { makeYtDlpStandIn } from '../../support/yt-dlp-stand-in.ts'

const TOKEN = 'apify_api_secret'
const signal = new AbortController().signal
const logger = createLogger('silent')
let folder: string
let apify: ApifyServer
let database: Database
let settings: Settings
/** What the next runs do; good results of the asked actor when null. */
let plan: RunPlan | null

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'apify-'))
  apify = await startApifyServer(TOKEN, (actor) => plan ?? goodRun(actor, 5, { perLook: 2 }))
  settings = readSettings({
    APIFY_API_TOKEN: TOKEN,
    APIFY_API_BASE_URL: apify.url,
    FORGEINDEX_APIFY_MAX_USD: '1',
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
    FORGEINDEX_YT_DLP: (await makeYtDlpStandIn(folder)).program,
  })
  database = await openTestDatabase('embedded')
})

beforeEach(() => {
  apify.reset()
  plan = null
})

afterAll(async () => {
  await apify[Symbol.asyncDispose]()
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

async function newTask(): Promise<{ id: string; db: Database['db'] }> {
  const { db } = database
  const wish = { query: 'lathe', platform: 'youtube', urls: [], path: null }
  const { id } = await db
    .transaction()
    .execute((trx) => createTask(trx, { ...wish, taxonomy: 'manufacturing', maxVideos: 10 }))
  return { id, db }
}

async function discover(
  request: Partial<DiscoveryRequest> & { platform?: ApifyPlatform },
  task?: Awaited<ReturnType<typeof newTask>>,
  take = Number.POSITIVE_INFINITY,
): Promise<Candidate[]> {
  const platform = request.platform ?? 'youtube'
  const whole = { query: 'lathe', urls: [], limit: 10, ...request, platform }
  const found: Candidate[] = []
  const options = { signal, ...(task ? { task } : {}) }
  for await (const one of openSources(settings, logger)[platform].discover(whole, options)) {
    found.push(one)
    if (found.length >= take) break
  }
  return found
}

async function notesOf(task: { id: string }): Promise<[string, number][]> {
  const notes = (await notesOfTasks(database.db, [task.id])).get(task.id) ?? []
  return notes.map(({ code, count }) => [code, count])
}

const ids = (found: Candidate[]) => found.map(({ sourceId }) => sourceId)
const apiIds = (count: number) =>
  Array.from({ length: count }, (_, i) => `api${String(i).padStart(8, '0')}`)

describe('a search through Apify', () => {
  it('asks for half as many again, within the caps, with the token in its header alone', async () => {
    const found = await discover({})
    expect(ids(found)).toEqual(apiIds(5))
    expect(found[0]).toEqual({
      platform: 'youtube',
      sourceId: 'api00000000',
      url: 'https://www.youtube.com/watch?v=api00000000',
      title: 'Video 0',
      rank: 0,
      description: 'About 0',
      durationSeconds: 65,
      uploader: 'Maker',
      uploaderUrl: 'https://www.youtube.com/@maker',
      publishedAt: '2024-05-06T07:08:09.000Z',
      licence: null,
      licenceUrl: null,
      licenceEvidence: null,
      thumbnailUrl: 'https://i.ytimg.com/vi/api00000000/hqdefault.jpg',
    })
    const [run] = apify.runs
    expect(run?.actor).toBe('streamers~youtube-scraper')
    expect(run?.input).toEqual({
      searchQueries: ['lathe'],
      maxResults: 25,
      maxResultsShorts: 0,
      maxResultStreams: 0,
    })
    expect(Object.fromEntries(run!.caps)).toEqual({
      maxItems: '25',
      maxTotalChargeUsd: '1',
      timeout: '3600',
    })
    expect(apify.requests.every(({ path: asked }) => !asked.includes(TOKEN))).toBe(true)
  })

  it('of TikTok refuses slideshows, counts error items and drops doubles', async () => {
    const task = await newTask()
    plan = {
      items: [
        tiktokResult(0),
        tiktokResult(1, { isSlideshow: true }),
        tiktokResult(0),
        { note: 'No more results', searchQuery: 'lathe' },
        { error: 'TIMEOUT', errorDescription: 'took too long' },
        { error: 'TIMEOUT', errorDescription: 'took too long' },
        'not an object',
        tiktokResult(2, { mediaUrls: ['https://api.apify.com/v2/key-value-stores/x/records/v'] }),
      ],
    }
    const found = await discover({ platform: 'tiktok' }, task)
    expect(found.map(({ title, rank, reject }) => [title, rank, reject?.code])).toEqual([
      ['Lathe 0', 0, undefined],
      ['Lathe 1', 1, 'not-a-video'],
      ['Lathe 2', 2, undefined],
    ])
    expect(found[0]).toMatchObject({
      sourceId: '7123456780',
      url: 'https://www.tiktok.com/@maker/video/7123456780',
      durationSeconds: 31,
      width: 576,
      height: 1024,
      uploader: 'The Maker',
      uploaderUrl: 'https://www.tiktok.com/@maker',
    })
    expect(found[0]).not.toHaveProperty('downloadUrl')
    expect(found[2]?.downloadUrl).toBe('https://api.apify.com/v2/key-value-stores/x/records/v')
    expect(await notesOf(task)).toEqual([
      ['apify-error-item', 1],
      ['apify-error-item', 2],
      ['apify-error-item', 1],
    ])
  })

  it('of Instagram takes videos by their media address and refuses pictures', async () => {
    plan = { items: [instagramResult(0), instagramResult(1, { type: 'Sidecar', videoUrl: null })] }
    const found = await discover({ platform: 'instagram' })
    expect(found[0]).toMatchObject({
      sourceId: 'C0x-_',
      url: 'https://www.instagram.com/p/C0x-_/',
      downloadUrl: 'https://scontent.cdninstagram.com/0.mp4?oe=1',
      durationSeconds: 12.5,
      width: 720,
    })
    expect(found[1]?.reject?.code).toBe('not-a-video')
  })
})

describe('a run at Apify', () => {
  it('is gone on with after a crash: one run is started and paid for', async () => {
    const task = await newTask()
    expect(await discover({}, task, 1)).toHaveLength(1)
    expect(apify.runs.map(({ status }) => status)).toEqual(['RUNNING'])
    expect(ids(await discover({}, task))).toEqual(apiIds(5))
    // What has ended is read again, not run again.
    expect(ids(await discover({}, task))).toEqual(apiIds(5))
    expect(apify.runs).toHaveLength(1)
    const rows = await database.db
      .selectFrom('source_runs')
      .select(['run_id', 'dataset_id', 'state', 'cost_usd'])
      .where('task_id', '=', task.id)
      .execute()
    const run_id = apify.runs[0]?.id
    expect(rows).toEqual([
      { run_id, dataset_id: `data-${run_id}`, state: 'SUCCEEDED', cost_usd: 0.02 },
    ])
  })

  it('whose start was asked for and never answered is found by its input', async () => {
    apify.fail('start', 'lost')
    expect(ids(await discover({}, await newTask()))).toEqual(apiIds(5))
    expect(apify.runs).toHaveLength(1)
  })

  it('whose id a crash kept from being written is found by the next try', async () => {
    const task = await newTask()
    const { platform, actor, input } = {
      platform: 'youtube',
      actor: settings.apify.actors.youtube,
      input: actorInput('youtube', { wanted: wantedBy('lathe'), urls: [] }, 25),
    }
    const inputHash = hashOf(canonicalJson({ actor, input }))
    await beginSourceRun(task.db, task.id, { platform, actor, input, inputHash, maxUsd: 1 })
    const caps = { maxItems: 25, maxUsd: 1, timeoutSeconds: 3600 }
    await apifyClient(settings).start(actor, input, caps, signal)
    expect(ids(await discover({}, task))).toEqual(apiIds(5))
    expect(apify.runs).toHaveLength(1)
  })

  it('that no task keeps ends when the caller leaves; a kept one ends on demand', async () => {
    plan = goodRun('streamers~youtube-scraper', 5, { perLook: 2, ends: 'never' })
    await discover({}, undefined, 1)
    expect(apify.runs[0]?.status).toBe('ABORTED')
    const task = await newTask()
    await discover({}, task, 1)
    await endApifyRuns({ settings, logger }, database.db, 'ended-tasks')
    expect(apify.runs[1]?.status).toBe('RUNNING')
    await endTask(database.db, task.id, 'cancelled')
    await endApifyRuns({ settings, logger }, database.db, 'ended-tasks')
    expect(apify.runs[1]?.status).toBe('ABORTED')
  })

  it('gives its first results while it goes on', async () => {
    plan = goodRun('streamers~youtube-scraper', 5, { perLook: 2, ends: 'never' })
    expect(await discover({}, await newTask(), 2)).toHaveLength(2)
    expect(apify.runs[0]?.ready).toBe(2)
  })

  it('is not started once the task has spent its dollars', async () => {
    const task = await newTask()
    plan = { items: Array.from({ length: 400 }, (_, i) => youtubeResult(i)) }
    await discover({ limit: 200 }, task)
    // One dollar pays for 250 results.
    expect(apify.runs[0]?.ready).toBe(250)
    const found = await discover({ query: 'mill', limit: 1 }, task, 1)
    expect(found[0]?.sourceId).toBe('vid00000000')
    expect(apify.runs).toHaveLength(1)
    expect(await notesOf(task)).toEqual([['apify-budget-spent', 1]])
  })
})

describe('faults of Apify', () => {
  it('that pass are waited out, as long as Retry-After says', async () => {
    apify.fail('start', '429')
    apify.fail('run', 'half-body')
    apify.fail('items', '503')
    apify.fail('items', 'not-json')
    const began = performance.now()
    expect(ids(await discover({}, await newTask()))).toEqual(apiIds(5))
    expect(performance.now() - began).toBeGreaterThan(1900)
    expect(apify.runs).toHaveLength(1)
  })

  it.each<[ApifyFault, string]>([
    ['400', 'apify-input-refused'],
    ['401', 'apify-token-refused'],
    ['402', 'apify-no-credit'],
    ['403', 'apify-access-denied'],
    ['429-at-once', 'rate-limited'],
  ])('of status %s bring yt-dlp in, and the task is told', async (fault, code) => {
    const task = await newTask()
    apify.fail('start', fault, 3)
    expect((await discover({ limit: 2 }, task, 2)).map(({ sourceId }) => sourceId)).toEqual([
      'vid00000000',
      'vid00000001',
    ])
    expect(await notesOf(task)).toEqual([[code, 1]])
  })

  it.each(['FAILED', 'TIMED-OUT'] as const)(
    'a run that ends %s keeps its results, then yt-dlp goes on',
    async (ends) => {
      const task = await newTask()
      plan = goodRun('streamers~youtube-scraper', 2, { ends, statusMessage: 'blocked' })
      const found = await discover({ query: 'has 2 lathes', limit: 2 }, task)
      expect(ids(found)).toEqual([...apiIds(2), 'vid00000000', 'vid00000001'])
      expect(found.map(({ rank }) => rank)).toEqual([0, 1, 2, 3])
      expect(await notesOf(task)).toEqual([['apify-run-failed', 1]])
    },
  )

  it('an endless pager and one that repeats itself end at a bound', async () => {
    for (const [fault, code] of [
      ['endless', 'apify-endless'],
      ['same-page', 'apify-endless'],
    ] as const) {
      const task = await newTask()
      apify.reset()
      apify.fail('items', fault, 50)
      plan = goodRun('streamers~youtube-scraper', 3)
      await discover({ query: 'has 1 lathes', limit: 2 }, task)
      expect(await notesOf(task)).toContainEqual([code, 1])
      const looks = apify.requests.filter(({ path: asked }) => asked.includes('/items')).length
      expect(looks).toBeLessThan(10)
    }
  })

  it('on TikTok by words fail the search with what Apify said: nothing can stand in', async () => {
    apify.fail('start', '402')
    await expect(discover({ platform: 'tiktok' })).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'apify-no-credit',
    })
    apify.fail('start', '503', 3)
    await expect(discover({ platform: 'tiktok' })).rejects.toMatchObject({ name: 'TransientError' })
  })

  it('addresses without a result are asked of yt-dlp', async () => {
    const task = await newTask()
    plan = { items: [youtubeResult(0)] }
    const urls = ['api00000000', 'privateprvt'].map((id) => `https://youtu.be/${id}`)
    const found = await discover({ query: null, urls }, task)
    expect(found.map(({ sourceId, reject }) => [sourceId, reject?.code])).toEqual([
      ['api00000000', undefined],
      ['privateprvt', 'video-private'],
    ])
    expect(await notesOf(task)).toEqual([['apify-no-result', 1]])
  })
})
