import { expect, test } from 'vitest'
import { openOwnLibrary } from '../support/own-library.ts'
import { s3TestSettings, testDatabaseUrl } from '../support/servers.ts'
import {
  begin,
  databaseDown,
  filesIn,
  networkDown,
  openMedia,
  storageDown,
  underWay,
  variablesFor,
} from './outages.ts'

/** The long forms are in downloads.slow.ts. */
const OUTAGE_MS = 5000

test('a task that is cancelled stops its downloads within 2 s and leaves nothing half-done', async () => {
  await using media = await openMedia(8, 2000)
  await using library = await openOwnLibrary(variablesFor(media))
  const taskId = await begin(library, media.urls)
  await underWay(media, library)
  await expect.poll(() => filesIn(library, 'scratch').length, { timeout: 5000 }).toBeGreaterThan(0)
  const started = performance.now()
  expect((await library.ask('POST', `/api/tasks/${taskId}/cancel`)).status).toBe(202)
  await expect.poll(() => media.open(), { timeout: 5000, interval: 20 }).toBe(0)
  await expect.poll(() => filesIn(library, 'scratch'), { timeout: 5000, interval: 20 }).toEqual([])
  expect(performance.now() - started).toBeLessThan(2000)
  const asked = media.server.requests.length
  expect(await library.finished(taskId)).toMatchObject({ status: 'cancelled' })
  expect(filesIn(library, 'objects')).toEqual([])
  const { pool } = library.services.database
  const { rows } = await pool.query(
    `select distinct status, failure ->> 'code' as code from videos`,
  )
  expect(rows).toEqual([{ status: 'failed', code: 'cancelled' }])
  await expect
    .poll(async () => (await pool.query('select from leases')).rowCount, { timeout: 5000 })
    .toBe(0)
  expect(media.server.requests).toHaveLength(asked)
}, 120_000)

test('a platform that asks for patience is left alone for it, said, and gone on with', async () => {
  await using media = await openMedia(3, 100_000)
  await using library = await openOwnLibrary(variablesFor(media))
  const [refusing] = media.urls
  const bodies = media.server.requests
  let refusals = 0
  media.intercept = (request, response) => {
    const isWhole = request.headers.range !== 'bytes=0-0'
    if (!isWhole || request.url !== new URL(refusing!).pathname || refusals > 0) return false
    refusals++
    response.writeHead(429, { 'retry-after': '4' }).end()
    return true
  }
  const taskId = await begin(library, [refusing!])
  await expect.poll(() => refusals, { timeout: 20_000 }).toBe(1)
  const refusedAt = performance.now()
  const place = `host:${media.server.hostAndPort}`
  await expect
    .poll(async () => (await library.ask('GET', '/health')).body.cooling_down, { timeout: 3000 })
    .toMatchObject([{ platform: place, code: 'rate-limited', strikes: 1 }])
  expect(await library.finished(taskId)).toMatchObject({ videos_processed: 1, videos_failed: 0 })
  const next = bodies.filter(({ headers }) => headers.range !== 'bytes=0-0').at(-1)!
  expect(next.at - refusedAt).toBeGreaterThan(3500)
  const { body } = await library.ask<{ notes: { code: string; message: string }[] }>(
    'GET',
    `/api/tasks/${taskId}`,
  )
  expect(body.notes).toMatchObject([
    { code: 'cooling-down', message: `${place} is left alone: it answered rate-limited.` },
  ])
}, 120_000)

test('a platform that refuses too often fails its videos as a class that a retry takes up', async () => {
  await using media = await openMedia(1, 100_000)
  await using library = await openOwnLibrary(variablesFor(media))
  const { pool } = library.services.database
  const place = `host:${media.server.hostAndPort}`
  // Five times in a row before.
  await pool.query(
    `insert into rate_limits (platform, tokens, cooldown_until, cooldown_code, strikes)
     values ($1, 0, now() - interval '1 s', 'rate-limited', 5)`,
    [place],
  )
  media.intercept = (request, response) => {
    if (request.headers.range === 'bytes=0-0') return false
    response.writeHead(429, { 'retry-after': '60' }).end()
    return true
  }
  const taskId = await begin(library, media.urls)
  expect(await library.finished(taskId)).toMatchObject({
    videos_failed: 1,
    account: { failed: { 'rate-limited': 1 } },
  })
  media.intercept = null
  await pool.query('update rate_limits set cooldown_until = now() where platform = $1', [place])
  expect((await library.ask('POST', `/api/tasks/${taskId}/retry`)).status).toBe(202)
  expect(await library.finished(taskId)).toMatchObject({ status: 'completed', videos_processed: 1 })
}, 120_000)

test('a network that is away for seconds costs no video', () => networkDown(OUTAGE_MS), 240_000)

test.skipIf(!testDatabaseUrl())(
  'a database that is away for seconds costs no video',
  () => databaseDown(OUTAGE_MS),
  240_000,
)

test.skipIf(!s3TestSettings())(
  'a store that is away for seconds costs no video',
  () => storageDown(12_000),
  240_000,
)
