import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Estimate, Task } from '../../src/api/schemas/tasks.ts'
import { openSourceRuns } from '../../src/store/source-runs.ts'
import { goodRun } from '../support/apify-results.ts'
import { type ApifyServer, startApifyServer } from '../support/apify-server.ts'
import { openOwnLibrary } from '../support/own-library.ts'
import { makeYtDlpStandIn } from '../support/yt-dlp-stand-in.ts'

const TOKEN = 'apify_api_secret'
let folder: string
let apify: ApifyServer
let variables: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tasks-apify-'))
  apify = await startApifyServer(TOKEN, (actor) =>
    goodRun(actor, 30, { perLook: actor.startsWith('clockworks') ? 0 : 10, ends: 'never' }),
  )
  variables = {
    APIFY_API_TOKEN: TOKEN,
    APIFY_API_BASE_URL: apify.url,
    FORGEINDEX_YT_DLP: (await makeYtDlpStandIn(folder)).program,
  }
})

afterAll(async () => {
  await apify[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await met()); await sleep(50)) {
    if (Date.now() > end) throw new Error('it did not come about in 30 s')
  }
}

it('a task that is cancelled ends its run at Apify; one that has enough does too', async () => {
  apify.reset()
  await using library = await openOwnLibrary(variables)
  const { db } = library.services.database
  const ask = { query: 'lathe', platform: 'tiktok' }
  const { body: waiting } = await library.ask<{ id: string }>('POST', '/api/ingest', ask)
  // Its run brings nothing and never ends.
  await until(() => apify.requests.some(({ path: asked }) => asked.includes('/items')))
  const began = performance.now()
  await library.ask('POST', `/api/tasks/${waiting.id}/cancel`)
  await until(() => apify.runs[0]?.status === 'ABORTED')
  expect(performance.now() - began).toBeLessThan(5000)
  await until(async () => (await openSourceRuns(db, { taskId: waiting.id })).length === 0)

  const few = { query: 'lathe', platform: 'youtube', max_videos: 2 }
  const { body: filled } = await library.ask<{ id: string }>('POST', '/api/ingest', few)
  await until(() => apify.runs[1]?.status === 'ABORTED')
  // Ten came with the first look; what came with a second one before the end is kept in reserve.
  expect([10, 13]).toContain(apify.runs[1]?.ready)
  const { body } = await library.ask<{ videos_found: number }>('GET', `/api/tasks/${filled.id}`)
  expect(body.videos_found).toBe(2)
})

it('a program that stops leaves its run to the next one, which goes on with it', async () => {
  apify.reset()
  const data = path.join(folder, 'data')
  const own = { ...variables, FORGEINDEX_DATA_DIR: data }
  {
    await using library = await openOwnLibrary(own)
    await library.ask('POST', '/api/ingest', { query: 'mill', platform: 'tiktok' })
    await until(() => apify.requests.some(({ path: asked }) => asked.includes('/items')))
  }
  expect(apify.runs.map(({ status }) => status)).toEqual(['RUNNING'])
  const before = apify.requests.length
  await using library = await openOwnLibrary(own)
  await until(() => apify.requests.slice(before).some(({ path: at }) => at.includes('/items')))
  expect(apify.runs).toHaveLength(1)
  const { body } = await library.ask<{ items: { id: string }[] }>('GET', '/api/tasks')
  await library.ask('POST', `/api/tasks/${body.items[0]?.id}/cancel`)
  await until(() => apify.runs[0]?.status === 'ABORTED')
})

it('an estimate asks Apify for nothing, and a task spends no more than it may', async () => {
  apify.reset()
  await using library = await openOwnLibrary(variables)
  const wish = { query: 'lathe', platform: 'tiktok', max_videos: 100 }
  const { status, body } = await library.ask<Estimate>('POST', '/api/ingest', {
    ...{ ...wish, dry_run: true },
  })
  expect(status).toBe(200)
  // 160 results, half as many again and ten, at 0.0037 dollars and one start at 0.001.
  expect(body).toMatchObject({ candidates: 100, sampled: 0, apify_cost_usd: 0.593, hours: null })
  expect(apify.requests).toEqual([])
  const { body: tasks } = await library.ask<{ items: object[] }>('GET', '/api/tasks')
  expect(tasks.items).toEqual([])

  const capped = { ...wish, max_usd: 0.75 }
  const { body: task } = await library.ask<{ id: string }>('POST', '/api/ingest', capped)
  await until(() => apify.runs.length === 1)
  const [run] = await openSourceRuns(library.services.database.db, { taskId: task.id })
  expect(run).toBeDefined()
  const start = apify.requests.find(
    ({ method, path: at }) => method === 'POST' && at.includes('/runs'),
  )
  expect(new URL(start?.path ?? '', apify.url).searchParams.get('maxTotalChargeUsd')).toBe('0.75')
  await library.ask('POST', `/api/tasks/${task.id}/cancel`)
  await until(() => apify.runs[0]?.status === 'ABORTED')
})

it('a search that waits for Apify ends when its time is up, and so does the run', async () => {
  apify.reset()
  await using library = await openOwnLibrary(variables)
  const wish = { query: 'lathe', platform: 'tiktok', max_seconds: 2 }
  const { body } = await library.ask<{ id: string }>('POST', '/api/ingest', wish)
  const task = (await library.finished(body.id)) as unknown as Task
  expect(task).toMatchObject({ status: 'failed', videos_found: 0 })
  expect(task.notes.map(({ code }) => code)).toEqual(['max-seconds-reached'])
  const took = Date.parse(task.finished_at ?? '') - Date.parse(task.started_at ?? '')
  expect(took).toBeGreaterThan(1900)
  expect(took).toBeLessThan(10_000)
  await until(() => apify.runs[0]?.status === 'ABORTED')
})
