import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { startJobs } from '../../src/jobs.ts'
import { openServices } from '../../src/services.ts'
import { makeClip, variantOf } from '../support/clip.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { type OwnLibrary, openOwnLibrary, type TaskAnswer } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const COUNT = 8
let server: MediaServer
let clips: Buffer[]

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'never-twice-'))
  const clip = await makeClip(path.join(folder, 'clip.mp4'))
  await rm(folder, { recursive: true })
  clips = Array.from({ length: COUNT }, (_, i) => variantOf(clip, i))
  server = await startMediaServer()
}, 120_000)
afterAll(() => server[Symbol.asyncDispose]())

/** Requests for whole files by path; the search for type and size asks for one byte. */
function fetches(prefix: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { path, headers } of server.requests) {
    const name = path.split('?')[0] ?? ''
    if (!name.startsWith(prefix) || headers.range === 'bytes=0-0') continue
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function put(prefix: string): string[] {
  return clips.map((body, i) =>
    server.serve(`${prefix}/${i}.mp4`, { body, bytesPerSecond: 50_000 }),
  )
}

async function twoTasks(library: OwnLibrary, prefix: string): Promise<void> {
  const urls = put(prefix)
  const once = Object.fromEntries(urls.map((url) => [new URL(url).pathname, 1]))
  const one = urls.map((url) => `${url}?a=1&b=2&utm_source=x`)
  const two = urls.map((url) => `${url}?b=2&fbclid=y&a=1#t=3`).reverse()
  const [first, second] = await Promise.all(
    [one, two].map((list) => library.ask<TaskAnswer>('POST', '/api/ingest', { urls: list })),
  )
  for (const { status, body } of [first!, second!]) {
    expect(status, JSON.stringify(body)).toBe(202)
    expect(await library.finished(body.id)).toMatchObject({
      status: 'completed',
      videos_found: COUNT,
      videos_processed: COUNT,
      videos_failed: 0,
    })
  }
  expect(fetches(prefix)).toEqual(once)
  const { rows } = await library.services.database.pool.query(
    `select count(*) as videos from videos where source_url like '%' || $1 || '/%'`,
    [prefix],
  )
  expect(rows).toEqual([{ videos: COUNT }])
}

const variables = () => ({
  // The stand-in is an operator's endpoint here, so that the guard lets it pass.
  FORGEINDEX_COMMONS_URL: server.url,
  FORGEINDEX_PROCESS_CONCURRENCY: '2',
})

test('videos that two tasks want at once are fetched once and counted in both', async () => {
  await using library = await openOwnLibrary(variables())
  await twoTasks(library, '/one')
  // The same files under other addresses become the same videos.
  const again = put('/copies')
  const { body } = await library.ask<TaskAnswer>('POST', '/api/ingest', { urls: again })
  expect(await library.finished(body.id)).toMatchObject({ videos_processed: COUNT })
  expect((await library.ask<{ videos: number }>('GET', '/stats')).body.videos).toBe(COUNT)
}, 240_000)

test.skipIf(!testDatabaseUrl())(
  'the same with two workers on one database',
  async () => {
    await using library = await openOwnLibrary(variables(), { form: 'server' })
    const { settings } = library.services
    await using other = await openServices(
      readSettings({
        ...variables(),
        FORGEINDEX_DATA_DIR: settings.dataDir,
        DATABASE_URL: settings.databaseUrl ?? '',
        LOG_LEVEL: 'silent',
      }),
    )
    await startJobs(other)
    await twoTasks(library, '/two')
  },
  240_000,
)

test.skipIf(!testDatabaseUrl())(
  'two jobs for one video, on two workers, fetch it once',
  async () => {
    await using library = await openOwnLibrary(variables(), { form: 'server' })
    const { settings, queue, database } = library.services
    const url = server.serve('/long.mp4', { body: clips[0]!, bytesPerSecond: 4000 })
    const { body } = await library.ask<TaskAnswer>('POST', '/api/ingest', { urls: [url] })
    const ids = () => database.pool.query<{ id: string }>('select id from videos')
    await expect.poll(async () => (await ids()).rows.length, { timeout: 20_000 }).toBe(1)
    await using other = await openServices(
      readSettings({
        ...variables(),
        FORGEINDEX_DATA_DIR: settings.dataDir,
        DATABASE_URL: settings.databaseUrl ?? '',
        LOG_LEVEL: 'silent',
      }),
    )
    await startJobs(other)
    const videoId = (await ids()).rows[0]!.id
    for (let i = 0; i < 4; i++) await queue.enqueue('fetch', { videoId })
    expect(await library.finished(body.id)).toMatchObject({ videos_processed: 1 })
    await sleep(1000)
    expect(fetches('/long.mp4')).toEqual({ '/long.mp4': 1 })
  },
  240_000,
)
