import path from 'node:path'
import { expect, test } from 'vitest'
import { type Database, openEmbedded, openServer } from '../../src/config/database.ts'
import { readSettings } from '../../src/config/settings.ts'
import { openStorage } from '../../src/config/storage.ts'
import { faultsOf } from '../support/crash-check.ts'
import { programLibrary, type RunningServer } from '../support/program.ts'
import { s3TestSettings, testDatabaseUrl } from '../support/servers.ts'
import { killWhole, stop } from './kills.ts'

const VIDEOS = 700

interface Export {
  id: string
  state: string
  items_done: number
  items_total: number
  bytes: number
}

/** Completed videos, each with an annotation of some 30 kB that does not compress to nothing. */
async function fill(database: Database): Promise<void> {
  await database.pool.query(`
    insert into videos (source_url, platform, source_id, title, taxonomy, status, duration)
    select 'https://x.example/' || i, 'urls', i::text, 'video ' || i, 'manufacturing', 'completed', 9
    from generate_series(1, ${VIDEOS}) i`)
  await database.pool.query(`
    insert into annotations (video_id, data, sha256)
    select id, jsonb_build_object('video', jsonb_build_object('id', id, 'title', title), 'filler',
      (select string_agg(md5(v.title || n), ' ') from generate_series(1, 900) n)), md5(title)
    from videos v`)
}

async function startExport(server: RunningServer): Promise<{ datasetId: string; id: string }> {
  const dataset = await server.ask<{ id: string }>('POST', '/api/dataset', { name: 'all' })
  const datasetId = dataset.body.id
  const { status, body } = await server.ask<Export>('POST', `/api/dataset/${datasetId}/exports`)
  expect(status).toBe(202)
  return { datasetId, id: body.id }
}

/** Waits until a run is at it. */
async function underWay(server: RunningServer, id: string): Promise<void> {
  await expect
    .poll(async () => (await server.ask<Export>('GET', `/api/exports/${id}`)).body.state, {
      timeout: 60_000,
      interval: 20,
    })
    .toBe('running')
}

async function done(server: RunningServer, id: string): Promise<Export> {
  const get = async () => (await server.ask<Export>('GET', `/api/exports/${id}`)).body
  await expect
    .poll(async () => (await get()).state, { timeout: 120_000, interval: 200 })
    .toMatch(/done|failed/)
  return await get()
}

/** The archive, after it was compared with the streamed one. */
async function expectSame(
  server: RunningServer,
  { datasetId, id }: { datasetId: string; id: string },
): Promise<number> {
  const bytes = async (at: string) => {
    const answer = await fetch(new URL(at, server.url))
    expect(answer.status).toBe(200)
    return Buffer.from(await answer.arrayBuffer())
  }
  const archive = await bytes(`/api/exports/${id}/download`)
  const streamed = await bytes(`/api/dataset/${datasetId}/export`)
  expect(archive.equals(streamed)).toBe(true)
  return archive.length
}

test('an export stopped and killed on its way is made in the end, once and whole', async () => {
  await using library = await programLibrary()
  expect((await library.run('migrate')).code).toBe(0)
  {
    await using database = await openEmbedded(path.join(library.dataDir, 'database'))
    await fill(database)
  }
  const first = await library.serve()
  const started = await startExport(first)
  await underWay(first, started.id)
  await stop(first)

  const second = await library.serve()
  await underWay(second, started.id)
  await killWhole(library, second.program)

  const third = await library.serve()
  const made = await done(third, started.id)
  expect(made).toMatchObject({ state: 'done', items_done: VIDEOS, items_total: VIDEOS })
  expect(await expectSame(third, started)).toBe(made.bytes)
  await stop(third)

  await using database = await openEmbedded(path.join(library.dataDir, 'database'))
  const faults = await faultsOf(database, library.dataDir)
  // The rows were put there by hand: without steps, which is no fault of the export.
  expect(faults.filter((fault) => !fault.startsWith('completed videos without all'))).toEqual([])
}, 240_000)

const s3 = s3TestSettings()
test.skipIf(!testDatabaseUrl() || !s3)(
  'an export whose worker is killed is made by another, on a machine of its own',
  async () => {
    const variables = {
      MINIO_ENDPOINT: s3?.endpoint ?? '',
      MINIO_ACCESS_KEY: s3?.accessKey ?? '',
      MINIO_SECRET_KEY: s3?.secretKey ?? '',
      MINIO_BUCKET: s3?.bucket ?? '',
      MINIO_PUBLIC_URL: s3?.endpoint ?? '',
    }
    await using here = await programLibrary(variables, { form: 'server' })
    await using there = await programLibrary({ ...variables, DATABASE_URL: here.databaseUrl ?? '' })
    const api = await here.serve('--role', 'api')
    await using database = openServer(here.databaseUrl ?? '')
    await fill(database)
    const started = await startExport(api)
    const worker = there.start('worker')
    await underWay(api, started.id)
    await killWhole(there, worker)
    const successor = there.start('worker')
    const made = await done(api, started.id)
    expect(made).toMatchObject({ state: 'done', items_done: VIDEOS })
    expect(await expectSame(api, started)).toBe(made.bytes)
    successor.kill('SIGTERM')
    expect((await successor.ended).code).toBe(0)
    await stop(api)

    const { MINIO_PUBLIC_URL: _, ...inner } = variables
    await using storage = await openStorage(readSettings(inner))
    const keys: string[] = []
    for await (const { key } of storage.list('')) keys.push(key)
    expect(keys).toEqual([`exports/${started.datasetId}/${started.id}.zip`])
    await storage.deletePrefix('exports/')
  },
  240_000,
)
