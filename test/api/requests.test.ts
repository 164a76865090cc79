// Long because one library serves every request that is tried here; opening one takes seconds.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'

interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  errors?: { path: string; expected: string; got: string }[]
}

let library: OwnLibrary
let clips: string

beforeAll(async () => {
  library = await openOwnLibrary()
  clips = path.join(library.folder, 'clips')
  await mkdir(clips)
  await makeClip(path.join(clips, 'lathe turning.mp4'), { seconds: 3 })
  await makeClip(path.join(clips, '=cmd welding.mp4'), { seconds: 2, pattern: 'testsrc2' })
  await writeFile(path.join(clips, 'not a video.mp4'), 'just text')
})
afterAll(() => library[Symbol.asyncDispose]())

describe('bad input', () => {
  const cases: [string, 'GET' | 'POST', string, unknown, number, string][] = [
    ['max_videos 0', 'POST', '/api/ingest', { query: 'x', max_videos: 0 }, 400, 'max_videos'],
    ['max_videos -1', 'POST', '/api/ingest', { query: 'x', max_videos: -1 }, 400, 'max_videos'],
    ['max_videos 10^9', 'POST', '/api/ingest', { query: 'x', max_videos: 1e9 }, 400, 'max_videos'],
    [
      'max_videos "ten"',
      'POST',
      '/api/ingest',
      { query: 'x', max_videos: 'ten' },
      400,
      'max_videos',
    ],
    [
      'a platform there is not',
      'POST',
      '/api/ingest',
      { query: 'x', platform: 'vimeo' },
      400,
      'platform',
    ],
    ['an unknown field', 'POST', '/api/ingest', { query: 'x', colour: 1 }, 400, 'colour'],
    [
      'a query of 10,000 characters',
      'POST',
      '/api/ingest',
      { query: 'a'.repeat(10_000) },
      400,
      'query',
    ],
    ['an unknown query parameter', 'GET', '/api/tasks?foo=1', undefined, 400, 'foo'],
    ['a limit of 0', 'GET', '/api/videos?limit=0', undefined, 400, 'limit'],
    ['a limit of 201', 'GET', '/api/videos?limit=201', undefined, 400, 'limit'],
    [
      'an unknown filter',
      'POST',
      '/api/dataset',
      { name: 'n', filters: { hue: 1 } },
      400,
      'filters.hue',
    ],
    ['a dataset without a name', 'POST', '/api/dataset', { filters: {} }, 400, 'name'],
    ['a search without words', 'GET', '/api/search', undefined, 400, 'q'],
    [
      'a field that videos lack',
      'GET',
      `/api/videos/${crypto.randomUUID()}?fields=hue`,
      undefined,
      400,
      'fields',
    ],
  ]
  it.each(cases)('%s is refused with its name', async (_name, method, url, body, status, at) => {
    const answer = await library.ask<Problem>(method, url, body)
    expect(answer.status).toBe(status)
    expect(answer.body.status).toBe(status)
    expect(answer.body.errors?.[0]?.path).toMatch(at)
    expect(answer.body.detail).toContain('expected')
    expect(answer.body.code).toMatch(/^[a-z-]+$/)
  })

  it.each([
    '/api/tasks/nope',
    '/api/videos/nope',
    '/api/dataset/nope',
    `/api/videos/${crypto.randomUUID()}`,
    `/api/tasks/${crypto.randomUUID()}`,
    '/api/dataset/nope/export',
    '/api/videos/nope/media',
    '/nothing',
  ])('%s is not found', async (url) => {
    const answer = await library.ask<Problem>('GET', url)
    expect(answer.status).toBe(404)
    expect(answer.body.code).toMatch(/not-found$/)
  })

  it('nothing to ingest is said so', async () => {
    const answer = await library.ask<Problem>('POST', '/api/ingest', {})
    expect(answer).toMatchObject({ status: 400, body: { code: 'nothing-to-ingest' } })
  })

  it('broken JSON is refused', async () => {
    const answer = await library.app.inject({
      method: 'POST',
      url: '/api/ingest',
      headers: { 'content-type': 'application/json', host: 'localhost' },
      payload: '{"query": ',
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json<Problem>().code).toBe('invalid-input')
  })

  it('a cursor of nobody is refused', async () => {
    const answer = await library.ask<Problem>('GET', '/api/tasks?cursor=abc')
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } })
  })
})

describe('who may ask', () => {
  it('a page under another host name may not', async () => {
    const answer = await library.app.inject({ url: '/stats', headers: { host: 'evil.example' } })
    expect(answer.statusCode).toBe(403)
    expect(answer.json<Problem>().code).toBe('host-not-allowed')
  })

  it('a page of another origin may not', async () => {
    const answer = await library.app.inject({
      url: '/stats',
      headers: { host: 'localhost', origin: 'https://evil.example' },
    })
    expect(answer.json<Problem>().code).toBe('origin-not-allowed')
  })

  it('a remote caller may not ingest a folder that the operator did not name', async () => {
    const answer = await library.app.inject({
      method: 'POST',
      url: '/api/ingest',
      headers: { host: 'localhost' },
      payload: { path: clips },
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json<Problem>().code).toBe('folder-not-allowed')
  })
})

describe('a folder without models', () => {
  it('becomes videos with their own states, found by words and exported', async () => {
    const started = await library.ask<{ task_id: string; id: string }>('POST', '/api/ingest', {
      query: clips,
      platform: 'folder',
    })
    expect(started.status).toBe(202)
    expect(started.body.task_id).toBe(started.body.id)
    const task = await library.finished(started.body.id)
    expect(task).toMatchObject({
      status: 'completed',
      videos_found: 3,
      videos_processed: 2,
      videos_failed: 1,
      progress: 1,
      failures: { 'not-a-video': 1 },
    })

    const list = await library.ask<{ items: { id: string; title: string; status: string }[] }>(
      'GET',
      '/api/videos?sort=title',
    )
    const byTitle = new Map(list.body.items.map((video) => [video.title, video]))
    expect(byTitle.get('lathe turning.mp4')?.status).toBe('completed')
    expect(byTitle.get('not a video.mp4')?.status).toBe('failed')

    const id = byTitle.get('lathe turning.mp4')!.id
    const video = await library.ask<{
      steps: { name: string; state: string; reason?: string }[]
      keyframes: { timestamp: number; url: string }[]
      category: string
      tags: { tag: string; source: string }[]
      annotation: { tags: string[] }
      duration: number
      has_audio: boolean
    }>('GET', `/api/videos/${id}`)
    expect(video.body.steps.map(({ name, state, reason }) => [name, state, reason])).toEqual([
      ['frames', 'done', undefined],
      ['embeddings', 'skipped', 'model-missing'],
      ['dedup', 'skipped', 'no-vector'],
      ['transcription', 'skipped', 'model-missing'],
      ['detection', 'skipped', 'model-missing'],
      ['concepts', 'skipped', 'model-missing'],
      ['activity', 'skipped', 'model-missing'],
      ['annotation', 'done', undefined],
    ])
    expect(video.body.keyframes.map((keyframe) => keyframe.timestamp)).toEqual([0, 1, 2])
    expect(video.body).toMatchObject({ category: 'lathe', has_audio: true })
    expect(video.body.tags).toContainEqual({ tag: 'lathe', source: 'auto' })

    const found = await library.ask<{ mode: string; results: { title: string }[] }>(
      'GET',
      '/api/search?q=lathe',
    )
    expect(found.body.mode).toBe('words')
    expect(found.body.results.map((result) => result.title)).toEqual(['lathe turning.mp4'])

    const some = await library.ask<Record<string, unknown>>(
      'GET',
      `/api/videos/${id}?fields=id,tags`,
    )
    expect(Object.keys(some.body).sort()).toEqual(['id', 'tags'])
  })

  it('serves media by ranges', async () => {
    const list = await library.ask<{ items: { id: string; title: string }[] }>(
      'GET',
      '/api/videos?sort=title',
    )
    const { id } = list.body.items.find((video) => video.title === 'lathe turning.mp4')!
    const bytes = await readFile(path.join(clips, 'lathe turning.mp4'))
    const get = (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') =>
      library.app.inject({
        method,
        url: `/api/videos/${id}/media`,
        headers: { host: 'localhost', ...headers },
      })
    const whole = await get({})
    expect(whole.statusCode).toBe(200)
    expect(whole.rawPayload.equals(bytes)).toBe(true)
    expect(whole.headers['content-type']).toBe('video/mp4')
    const part = await get({ range: 'bytes=10-19' })
    expect(part.statusCode).toBe(206)
    expect(part.headers['content-range']).toBe(`bytes 10-19/${bytes.length}`)
    expect(part.rawPayload.equals(bytes.subarray(10, 20))).toBe(true)
    const tail = await get({ range: 'bytes=-5' })
    expect(tail.rawPayload.equals(bytes.subarray(-5))).toBe(true)
    const outside = await get({ range: `bytes=${bytes.length}-` })
    expect(outside.statusCode).toBe(416)
    expect(outside.headers['content-range']).toBe(`bytes */${bytes.length}`)
    const head = await get({}, 'HEAD')
    expect(head.headers['content-length']).toBe(String(bytes.length))
    expect(head.headers['accept-ranges']).toBe('bytes')
  })

  it('keeps tags given by hand, and finds them', async () => {
    const list = await library.ask<{ items: { id: string; title: string }[] }>(
      'GET',
      '/api/videos?sort=title',
    )
    const { id } = list.body.items.find((video) => video.title === '=cmd welding.mp4')!
    expect(
      (await library.ask('POST', `/api/videos/${id}/tags`, { tag: 'Reviewed ' })).body,
    ).toEqual({ tag: 'reviewed', source: 'manual' })
    const byTag = await library.ask<{ items: { id: string }[] }>('GET', '/api/videos?tags=reviewed')
    expect(byTag.body.items.map((video) => video.id)).toEqual([id])
    expect((await library.ask('DELETE', `/api/videos/${id}/tags/reviewed`)).status).toBe(204)
    expect((await library.ask('DELETE', `/api/videos/${id}/tags/reviewed`)).status).toBe(404)
  })

  it('takes the same folder again without a second copy of anything', async () => {
    const before = await library.ask<{ videos: number; keyframes: number }>('GET', '/stats')
    const again = await library.ask<{ id: string }>('POST', '/api/ingest', { path: clips })
    const task = await library.finished(again.body.id)
    expect(task).toMatchObject({ status: 'completed', videos_processed: 2, videos_failed: 1 })
    const after = await library.ask('GET', '/stats')
    const { videos, keyframes } = before.body
    expect(after.body).toMatchObject({ videos, keyframes })
  })

  it('refuses to retry what cannot change, and to cancel what is over', async () => {
    const tasks = await library.ask<{ items: { id: string }[] }>('GET', '/api/tasks?limit=1')
    const { id } = tasks.body.items[0]!
    expect(await library.ask('POST', `/api/tasks/${id}/retry`)).toMatchObject({
      status: 409,
      body: { code: 'nothing-to-retry' },
    })
    expect(await library.ask('POST', `/api/tasks/${id}/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'task-over' },
    })
  })

  it('pages by cursor without a gap or a repeat', async () => {
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { body: { items: { id: string }[]; next_cursor: string | null } } =
        await library.ask('GET', `/api/tasks?limit=1${cursor ? `&cursor=${cursor}` : ''}`)
      ids.push(...page.body.items.map((item) => item.id))
      cursor = page.body.next_cursor
    }
    expect(ids.length).toBeGreaterThanOrEqual(2)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('says of each part how it is', async () => {
    const health = await library.ask<{ status: string; checks: Record<string, { ok: boolean }> }>(
      'GET',
      '/health',
    )
    expect(health.status).toBe(200)
    expect(health.body.status).toBe('degraded')
    expect(health.body.checks.database?.ok).toBe(true)
    expect(health.body.checks.storage?.ok).toBe(true)
    expect(health.body.checks.ffmpeg?.ok).toBe(true)
    expect(Object.keys(health.body.checks.models ?? {})).toEqual(['clip', 'detector', 'speech'])
  })

  it('documents every route of the contract', async () => {
    const { body } = await library.ask<{ paths: Record<string, object> }>('GET', '/openapi.json')
    const routes = Object.entries(body.paths).flatMap(([url, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
    )
    expect(routes).toEqual(
      expect.arrayContaining([
        'POST /api/ingest',
        'POST /api/upload',
        'GET /api/tasks',
        'GET /api/tasks/{id}',
        'POST /api/tasks/{id}/cancel',
        'POST /api/tasks/{id}/retry',
        'GET /api/search',
        'GET /api/videos',
        'GET /api/videos/{id}',
        'POST /api/dataset',
        'GET /api/dataset',
        'GET /api/dataset/{id}',
        'GET /api/dataset/{id}/export',
        'GET /api/events',
        'GET /health',
        'GET /stats',
      ]),
    )
    const docs = await library.app.inject({ url: '/docs', headers: { host: 'localhost' } })
    expect([200, 302]).toContain(docs.statusCode)
  })
})

describe('uploads', () => {
  it('are streamed to disk, ingested under their own name, and not kept twice', async () => {
    const bytes = await makeClip(path.join(library.folder, 'up.mp4'), {
      seconds: 2,
      pattern: 'rgbtestsrc',
    })
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(bytes)]), '../../3D printing ü.mp4')
    const request = new Request('http://localhost/', { method: 'POST', body: form })
    const answer = await library.app.inject({
      method: 'POST',
      url: '/api/upload',
      headers: { host: 'localhost', 'content-type': request.headers.get('content-type') ?? '' },
      payload: Buffer.from(await request.arrayBuffer()),
    })
    expect(answer.statusCode).toBe(202)
    const task = await library.finished(answer.json<{ task_id: string }>().task_id)
    expect(task).toMatchObject({ status: 'completed', videos_processed: 1, platform: 'upload' })
    const list = await library.ask<{ items: { title: string }[] }>(
      'GET',
      '/api/videos?platform=upload',
    )
    expect(list.body.items.map((video) => video.title)).toEqual(['3D printing ü.mp4'])
  })

  it('without a file are refused', async () => {
    const answer = await library.app.inject({
      method: 'POST',
      url: '/api/upload',
      headers: { host: 'localhost', 'content-type': 'text/plain' },
      payload: 'x',
    })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
  })
})
