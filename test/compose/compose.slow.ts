// Over 300 lines: one stack is brought up once and passes through all of this in order.
import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Entry, open as openZip } from 'yauzl'
import { makeClip } from '../support/clip.ts'
import { contentsOf, faultsOf } from '../support/crash-check.ts'
import { REAL_MODELS, type TaskAnswer } from '../support/own-library.ts'
import { testData } from '../support/test-data.ts'
import { type Engine, findEngine } from './engine.ts'
import { type ContainerState, openStack, type Stack, until } from './stack.ts'

const REAL = [
  'worker-zone.mp4',
  'worker-zone-neardup-180p.mp4',
  'grid-swiz3n.mpg',
  'three-scenes-cuts-at-5s-10s.mp4',
  'fb-one_leg_best_2x.mp4',
  'ocv-box.mp4',
  'pxt-bangkok_half_res.mp4',
  'intel-bottle-detection.mp4',
]
/** Bytes of one file of an upload; every clip above is smaller. */
const LIMIT = 8_000_000
const models = testData('models')
const found = await findEngine()
const why = typeof found === 'string' ? ` (skipped: ${found})` : ''
const engine = found as Engine

describe.skipIf(typeof found === 'string')(`the stack in containers${why}`, () => {
  let folder: string
  let files: string[]
  let stack: Stack | null = null
  let undisturbed: Record<string, unknown[]>

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
    files = await makeFiles(path.join(folder, 'material'))
    await using builder = await openStack(engine, {
      project: `forgeindex-test-${process.pid}`,
      variables: () => ({}),
    })
    const started = performance.now()
    await engine.whileBuilding(() => builder.build())
    console.info(`engine and images: ${seconds(started)} s (${engine.name})`)
  }, 1_800_000)
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]()
    if (typeof found !== 'string') await engine.stop()
    await rm(folder, { recursive: true, force: true })
  }, 300_000)

  /** A stack on empty volumes, with the models in theirs. Settings other than these: none. */
  async function freshStack(more: (url: string) => Record<string, string> = () => ({})) {
    await stack?.[Symbol.asyncDispose]()
    stack = await openStack(engine, {
      project: `forgeindex-test-${process.pid}`,
      variables: (url) => ({ ...(models ? REAL_MODELS : {}), ...more(url) }),
    })
    return stack
  }

  async function installModels(on: Stack): Promise<void> {
    if (models) await on.compose('cp', `${models}/.`, 'worker:/data/models')
  }

  /** All rows, but for the id of an upload, which is made from its task's, and its place in it. */
  async function contentsUnder(on: Stack): Promise<Record<string, unknown[]>> {
    const text = JSON.stringify(await contentsOf(on.database))
    return JSON.parse(
      text
        .replace(/"source_id":"[0-9a-f]{64}"/g, '"source_id":"an upload"')
        .replace(/upload:\/id\/\d{4}\//g, 'upload:/id/'),
    )
  }

  const taskOf = async (on: Stack, id: string) =>
    (await on.ask<TaskAnswer>('GET', `/api/tasks/${id}`)).body

  async function completed(on: Stack, id: string, limit = 900): Promise<TaskAnswer> {
    return await until(
      `task ${id}`,
      async () => {
        const task = await taskOf(on, id)
        return ['completed', 'failed', 'cancelled'].includes(task.status) ? task : null
      },
      limit,
    )
  }

  it('starts from nothing by one command, without any setting', async () => {
    const on = await freshStack()
    const took = await on.up('--scale', 'worker=2')
    console.info(`docker compose up, from empty volumes: ${took.toFixed(1)} s`)
    const containers = await on.containers()
    const count = (service: string) => containers.filter((c) => c.service === service).length
    expect(count('worker')).toBe(2)
    for (const { service, health, exitCode, running } of containers) {
      if (['secrets', 'migrate'].includes(service)) {
        expect([service, running, exitCode]).toEqual([service, false, 0])
      } else expect([service, health]).toEqual([service, 'healthy'])
    }
    const health = await on.ask<{ checks: Record<string, { ok: boolean; detail: string }> }>(
      'GET',
      '/health',
    )
    expect(health.status).toBe(200)
    expect(health.body.checks.database?.detail).toMatch(/^server database answers/)
    expect(health.body.checks.storage).toEqual({ ok: true, detail: 's3 storage answers' })
    expect(health.body.checks.yt_dlp?.ok).toBe(true)
    await installModels(on)
  }, 600_000)

  it('lets nobody be root, write its own files, or read a secret that is not its own', async () => {
    const on = stack!
    const inside = (service: string, command: string) =>
      on.compose('exec', '-T', service, 'sh', '-c', command)
    expect(await inside('backend', 'id -u')).toBe('1000\n')
    expect(await inside('worker', 'id -u')).toBe('1000\n')
    expect(await inside('frontend', 'id -u')).toBe('101\n')
    for (const service of ['backend', 'worker', 'frontend', 'postgres', 'minio']) {
      await expect(inside(service, 'touch /etc/mine'), service).rejects.toThrow(/Read-only/)
      expect(await inside(service, 'grep NoNewPrivs /proc/1/status'), service).toMatch(/1\n$/)
    }
    await expect(inside('frontend', 'cat /secrets/postgres-password')).rejects.toThrow(/denied/)
    const published = (await on.containers()).map(({ id }) => id)
    expect(published.length).toBeGreaterThan(5)
    const ports = await on.compose('ps', '--format', '{{.Service}} {{.Ports}}')
    expect(ports.match(/\d+\.\d+\.\d+\.\d+:\d+->/g)).toEqual([
      `127.0.0.1:${new URL(on.url).port}->`,
    ])
  })

  it('serves the pages with their headers, and the API only to its own name', async () => {
    const on = stack!
    const page = await on.fetch('/search?q=lathe', { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<div id="root">')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await (await on.fetch('/')).text())?.[1] ?? ''
    const asset = await on.fetch(script, { headers: { 'accept-encoding': 'gzip' } })
    expect(asset.headers.get('content-encoding')).toBe('gzip')
    expect(asset.headers.get('cache-control')).toContain('immutable')
    expect((await on.fetch('/assets/none.js')).status).toBe(404)
    // A page of somebody else whose name points here: nginx would add the token for it.
    expect(await on.statusAs('evil.example', '/api/videos')).toBe(403)
    const session = await on.ask<object>('GET', '/api/session')
    expect(session.body).toEqual({ token_required: true, signed_in: true })
  })

  it('takes an upload to searchable videos, telling of each step at once', async () => {
    const on = stack!
    const events = await listen(on)
    const started = performance.now()
    const { id } = await on.upload(files)
    const task = await completed(on, id)
    console.info(`${files.length} videos by two workers: ${seconds(started)} s`)
    expect(task).toMatchObject({
      status: 'completed',
      videos_found: files.length,
      videos_processed: files.length,
      videos_failed: 0,
    })
    await until(
      'the last event',
      async () => events.seen.some((e) => e.type === 'task.completed'),
      5,
    )
    expect(events.seen.length).toBeGreaterThan(files.length)
    const delays = events.seen.map((event) => event.delayMs).sort((a, b) => a - b)
    const median = delays[Math.floor(delays.length / 2)] ?? Number.POSITIVE_INFINITY
    console.info(`events through nginx: median ${median} ms, last of all ${delays.at(-1)} ms`)
    expect(median).toBeLessThan(1_500)
    events.stop()

    const { body } = await on.ask<{ mode: string; results: { title: string }[] }>(
      'GET',
      `/api/search?q=${models ? 'bottles%20on%20a%20table' : 'testsrc2'}`,
    )
    expect(body.mode).toBe(models ? 'hybrid' : 'words')
    expect(body.results.slice(0, 3).map((hit) => hit.title)).toContain(
      models ? 'intel-bottle-detection.mp4' : 'testsrc2.mp4',
    )
    undisturbed = await contentsUnder(on)
    expect(undisturbed.videos).toHaveLength(files.length)
    if (models) expect(undisturbed.detections?.length).toBeGreaterThan(0)
  }, 1_200_000)

  it('gives media by ranges, and datasets as archives that open', async () => {
    const on = stack!
    const { body: list } = await on.ask<{ items: { id: string }[] }>('GET', '/api/videos')
    const media = await on.fetch(`/api/videos/${list.items[0]?.id}/media`, {
      headers: { range: 'bytes=100-199' },
    })
    expect(media.status).toBe(206)
    expect((await media.arrayBuffer()).byteLength).toBe(100)

    const { body: dataset } = await on.ask<{ id: string; video_count: number }>(
      'POST',
      '/api/dataset',
      { name: 'everything' },
    )
    expect(dataset.video_count).toBe(files.length)
    const streamed = await on.fetch(`/api/dataset/${dataset.id}/export?format=zip`)
    expect(streamed.status).toBe(200)
    expect(await namesIn(streamed, path.join(folder, 'streamed.zip'))).toHaveLength(
      files.length + 3,
    )
    const made = await on.ask<{ id: string }>('POST', `/api/dataset/${dataset.id}/exports`, {})
    const done = await until(
      'the export',
      async () => {
        const at = `/api/exports/${made.body.id}`
        const { body } = await on.ask<{ state: string; download_url: string | null }>('GET', at)
        return body.state === 'done' ? body : null
      },
      60,
    )
    const archive = await on.fetch(done.download_url ?? '')
    const names = await namesIn(archive, path.join(folder, 'made.zip'))
    expect(names).toEqual(expect.arrayContaining(['README.md', 'metadata.csv', 'taxonomy.yaml']))
    expect(names.filter((name) => name.startsWith('annotations/'))).toHaveLength(files.length)
  }, 300_000)

  it('ends as if nothing had happened when each part is killed in the middle of the work', async () => {
    const on = await freshStack((url) => ({
      MINIO_PUBLIC_URL: url,
      FORGEINDEX_MAX_UPLOAD_BYTES: String(LIMIT),
      // Slow enough to be killed in the middle.
      FORGEINDEX_THREADS: '1',
      FORGEINDEX_PROCESS_CONCURRENCY: '1',
    }))
    await on.up('--scale', 'worker=2')
    await installModels(on)
    const services = ['worker', 'backend', 'postgres', 'minio']
    for (const [index, service] of services.entries()) {
      // A task for each: one for all would be done before the second is back.
      const part = files.filter((_, at) => at % services.length === index)
      const { id } = await on.upload(part)
      await until('progress', async () => (await taskOf(on, id)).progress > 0)
      const task = await taskOf(on, id)
      expect(task.status, `while ${service} is killed`).toBe('running')
      const victim = (await on.containers()).find((c) => c.service === service && c.running)
      if (!victim) throw new Error(`no ${service} runs`)
      console.info(`${service} killed at progress ${task.progress.toFixed(2)}`)
      await on.kill(victim)
      await cameBack(on, victim)
      expect(await completed(on, id)).toMatchObject({
        status: 'completed',
        videos_found: part.length,
        videos_processed: part.length,
        videos_failed: 0,
      })
    }
    const contents = await contentsUnder(on)
    for (const [table, rows] of Object.entries(undisturbed)) {
      expect(contents[table], table).toEqual(rows)
    }
    // Objects lie in S3, which this check does not read: the next test asks for them by link.
    const nothing = path.join(folder, 'nothing')
    await mkdir(path.join(nothing, 'objects'), { recursive: true })
    const faults = await faultsOf(on.database, nothing)
    expect(faults.filter((fault) => !fault.startsWith('objects missing'))).toEqual([])
  }, 1_800_000)

  it('gives links of the object store that hold at the pages’ own address', async () => {
    const on = stack!
    const { body } = await on.ask<{ items: { id: string; thumbnail_url: string }[] }>(
      'GET',
      '/api/videos',
    )
    expect(body.items).toHaveLength(files.length)
    for (const { id, thumbnail_url } of body.items) {
      const redirect = await on.fetch(`/api/videos/${id}/media`, { redirect: 'manual' })
      expect(redirect.status).toBe(302)
      const link = redirect.headers.get('location') ?? ''
      expect(link.startsWith(`${on.url}/forgeindex/`)).toBe(true)
      const media = await on.fetch(link, { headers: { range: 'bytes=0-9' } })
      expect(media.status).toBe(206)
      expect((await media.arrayBuffer()).byteLength).toBe(10)
      expect(media.headers.get('content-security-policy')).toContain('sandbox')
      const picture = Buffer.from(await (await on.fetch(thumbnail_url)).arrayBuffer())
      expect(picture.subarray(0, 3).toString('hex')).toBe('ffd8ff')
    }
    const link = (
      await on.fetch(`/api/videos/${body.items[0]?.id}/media`, { redirect: 'manual' })
    ).headers.get('location')
    const forged = (link ?? '').replace(/Signature=..../, 'Signature=0000')
    expect((await on.fetch(forged)).status).toBe(403)
    expect((await on.fetch('/forgeindex/')).status).toBe(403)
    expect((await on.fetch('/forgeindex/x', { method: 'PUT', body: 'x' })).status).toBe(403)
  })

  it('refuses a file over the limit in its own words, while the rest still comes', async () => {
    const on = stack!
    const before = await on.ask<{ items: unknown[] }>('GET', '/api/tasks')
    const large = path.join(folder, 'large.mp4')
    await writeFile(large, Buffer.alloc(4 * LIMIT, 1))
    await expect(on.upload([large])).rejects.toThrow(/"code":"too-large"/)
    expect((await on.ask('GET', '/api/tasks')).body).toEqual(before.body)
  })

  it('asks everybody to sign in once it is published beyond this machine', async () => {
    const on = stack!
    await on.set({ FORGEINDEX_BIND: '0.0.0.0', FORGEINDEX_TOKEN: 'chosen-by-the-operator' })
    await on.up('--scale', 'worker=1')
    expect(await on.statusAs('some.host', '/api/videos')).toBe(401)
    expect(await on.statusAs('some.host', '/')).toBe(200)
    expect(await on.statusAs('some.host', '/api/videos', 'wrong')).toBe(401)
    expect(await on.statusAs('some.host', '/api/videos', 'chosen-by-the-operator')).toBe(200)
    const session = await on.ask<object>('GET', '/api/session')
    expect(session.body).toEqual({ token_required: true, signed_in: false })
  }, 300_000)

  /** By the restart policy where its process was killed; `docker kill` counts as a wish to stop. */
  async function cameBack(on: Stack, { id, pid, service }: ContainerState): Promise<void> {
    const byPolicy = process.getuid?.() === 0
    if (!byPolicy) await on.compose('up', '-d', '--scale', 'worker=2')
    const now = await until(`${service} to come back`, async () => {
      const state = (await on.containers()).find((c) => c.id === id)
      return state?.pid !== pid && state?.health === 'healthy' ? state : null
    })
    if (byPolicy) expect(now.restarts, `restarts of ${service}`).toBe(1)
  }
})

/** Short videos, real ones where the test data are, in a folder of their own. */
async function makeFiles(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  for (const pattern of ['testsrc', 'testsrc2', 'smptebars']) {
    await makeClip(path.join(folder, `${pattern}.mp4`), { seconds: 4, pattern })
  }
  // Long enough to be killed in.
  for (const pattern of ['rgbtestsrc', 'yuvtestsrc', 'pal100bars']) {
    await makeClip(path.join(folder, `${pattern}.mp4`), { seconds: 90, pattern })
  }
  for (const name of REAL) {
    const file = testData(`videos/${name}`)
    if (file) await copyFile(file, path.join(folder, name))
  }
  return (await readdir(folder)).sort().map((name) => path.join(folder, name))
}

interface Heard {
  type: string
  /** From the event's making to its arrival here, by this machine's clock. */
  delayMs: number
}

async function listen(on: Stack): Promise<{ seen: Heard[]; stop(): void }> {
  const stop = new AbortController()
  const answer = await on.fetch('/api/events', { signal: stop.signal })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const seen: Heard[] = []
  const reading = async () => {
    let rest = ''
    for await (const chunk of answer.body!) {
      const blocks = (rest + Buffer.from(chunk).toString()).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (!data) continue
        const event: { type: string; time: string } = JSON.parse(data)
        seen.push({ type: event.type, delayMs: Date.now() - Date.parse(event.time) })
      }
    }
  }
  reading().catch(() => undefined)
  return { seen, stop: () => stop.abort() }
}

/** Stores an answer's body and gives the names of the archive's entries. */
async function namesIn(answer: Awaited<ReturnType<Stack['fetch']>>, file: string) {
  await pipeline(Readable.fromWeb(answer.body!), createWriteStream(file))
  return await new Promise<string[]>((resolve, reject) => {
    openZip(file, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error)
      const names: string[] = []
      zip.on('entry', (entry: Entry) => {
        names.push(entry.fileName)
        zip.readEntry()
      })
      zip.once('end', () => resolve(names))
      zip.once('error', reject)
      zip.readEntry()
    })
  })
}

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)
