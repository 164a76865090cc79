// Long because one library with its archives serves every case.
import { utimes } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { keepHouse } from '../../src/housekeeping.ts'
import { eventsAfter, lastEventId } from '../../src/store/events.ts'
import { exportKey, getExport } from '../../src/store/exports.ts'
import { emptyDatabase } from '../support/library.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { insertVideo } from '../support/rows.ts'
import { testDatabaseUrl } from '../support/servers.ts'

interface Export {
  id: string
  state: string
  items_done: number
  items_total: number
  bytes: number | null
  download_url: string | null
  error_message: string | null
  finished_at: string | null
}

const FORMS = ['embedded', ...(testDatabaseUrl() ? ['server'] : [])] as ('embedded' | 'server')[]

describe.each(FORMS)('exports (%s)', (form) => {
  let library: OwnLibrary
  beforeAll(async () => {
    library = await openOwnLibrary({}, { form })
  })
  afterAll(() => library?.[Symbol.asyncDispose]())
  beforeEach(() => emptyDatabase(library.services.database))

  /** A dataset of so many videos, each with an annotation of about `bytes`. */
  async function makeDataset(videos: number, bytes = 200): Promise<string> {
    const { db } = library.services.database
    for (let i = 0; i < videos; i++) {
      const id = await insertVideo(db, { title: `video ${i}`, duration: 10 })
      const data = { video: { id, title: `video ${i}` }, tags: ['cnc'], filler: 'x'.repeat(bytes) }
      await db
        .insertInto('annotations')
        .values({ video_id: id, data: JSON.stringify(data), sha256: 'f'.repeat(64) })
        .execute()
    }
    const { status, body } = await library.ask<{ id: string }>('POST', '/api/dataset', {
      name: 'some',
    })
    expect(status).toBe(201)
    return body.id
  }

  const start = (datasetId: string, body?: object) =>
    library.ask<Export>('POST', `/api/dataset/${datasetId}/exports`, body)
  const get = (id: string) => library.ask<Export>('GET', `/api/exports/${id}`)
  const ended = (id: string) =>
    expect
      .poll(async () => (await get(id)).body.state, { timeout: 30_000, interval: 50 })
      .toMatch(/done|failed/)
  const bytesOf = async (url: string, headers: Record<string, string> = {}) =>
    await library.app.inject({ url, headers: { host: 'localhost', ...headers } })
  async function archives(): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of library.services.storage.list('exports/')) keys.push(key)
    return keys
  }

  it('are made once for a version, tell how far they are, and equal the streamed archive', async () => {
    const before = await lastEventId(library.services.database.db)
    const datasetId = await makeDataset(3)
    const started = await start(datasetId)
    expect(started.status).toBe(202)
    expect(started.body).toMatchObject({
      dataset_id: datasetId,
      version: 1,
      format: 'zip',
      state: 'pending',
      items_done: 0,
      items_total: 3,
      bytes: null,
      error_message: null,
      finished_at: null,
      download_url: null,
    })
    const { id } = started.body
    await ended(id)
    const { body } = await get(id)
    expect(body).toMatchObject({
      state: 'done',
      items_done: 3,
      download_url: `/api/exports/${id}/download`,
    })
    expect(Date.parse(body.finished_at ?? '')).toBeGreaterThan(Date.now() - 60_000)

    const streamed = await bytesOf(`/api/dataset/${datasetId}/export?format=zip`)
    const archive = await bytesOf(body.download_url ?? '')
    expect(archive.statusCode).toBe(200)
    expect(archive.rawPayload.length).toBe(body.bytes)
    expect(archive.rawPayload.equals(streamed.rawPayload)).toBe(true)
    expect(archive.headers['content-type']).toBe('application/zip')
    expect(archive.headers['content-disposition']).toBe(
      `attachment; filename="forgeindex-${datasetId}-v1.zip"`,
    )
    const tail = await bytesOf(body.download_url ?? '', { range: 'bytes=100-' })
    expect(tail.statusCode).toBe(206)
    expect(tail.rawPayload.equals(archive.rawPayload.subarray(100))).toBe(true)

    const again = await start(datasetId, { format: 'zip' })
    expect(again.status).toBe(200)
    expect(again.body).toEqual(body)
    expect(await archives()).toEqual([`exports/${datasetId}/${id}.zip`])
    const list = await library.ask('GET', `/api/dataset/${datasetId}/exports`)
    expect(list.body).toEqual({ items: [body], next_cursor: null })

    const events = await eventsAfter(library.services.database.db, before, { limit: 100 })
    const told = events.filter((event) => event.data.export_id === id)
    expect(told.map(({ type }) => type).at(0)).toBe('export.updated')
    expect(told.at(-1)).toMatchObject({
      type: 'export.completed',
      data: {
        export_id: id,
        dataset_id: datasetId,
        format: 'zip',
        state: 'done',
        items_done: 3,
        items_total: 3,
      },
    })
    expect(told.filter(({ type }) => type === 'export.completed')).toHaveLength(1)
  })

  it('of one dataset asked for at once are one', async () => {
    const datasetId = await makeDataset(1)
    const answers = await Promise.all([1, 2, 3, 4].map(() => start(datasetId)))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 202])
    await ended(answers[0]?.body.id ?? '')
  })

  it('grow visibly: what is done is written while it is made', async () => {
    const { storage } = library.services
    const datasetId = await makeDataset(30)
    const put = storage.put
    const seen = new Set<number>()
    // A slow store: each chunk takes its time, as over a network.
    storage.put = async (key, body, options) => {
      async function* slowly() {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          await sleep(50)
          yield chunk
        }
      }
      return await put.call(storage, key, Readable.from(slowly()), options)
    }
    try {
      const { body } = await start(datasetId)
      await expect
        .poll(
          async () => {
            const now = (await get(body.id)).body
            seen.add(now.items_done)
            return now.state
          },
          { timeout: 30_000, interval: 100 },
        )
        .toMatch(/done|failed/)
    } finally {
      storage.put = put
    }
    // Nothing, something on the way, everything.
    expect(seen.size).toBeGreaterThanOrEqual(3)
    expect(Math.max(...seen)).toBe(30)
  })

  it('that failed say why and give way to a new one', async () => {
    const { services } = library
    const datasetId = await makeDataset(1)
    await services.database.db
      .updateTable('datasets')
      .set({ filters: JSON.stringify({ colour: 'red' }) })
      .where('id', '=', datasetId)
      .execute()
    const first = (await start(datasetId)).body
    await ended(first.id)
    const failed = (await get(first.id)).body
    expect(failed).toMatchObject({ state: 'failed', bytes: null, download_url: null })
    expect(failed.error_message).toContain('colour')
    expect(await archives()).not.toContain(`exports/${datasetId}/${first.id}.zip`)
    const download = await bytesOf(`/api/exports/${first.id}/download`)
    expect(download.json()).toMatchObject({ status: 409, code: 'export-not-done' })

    await services.database.db
      .updateTable('datasets')
      .set({ filters: '{}' })
      .where('id', '=', datasetId)
      .execute()
    const second = await start(datasetId)
    expect(second.status).toBe(202)
    expect(second.body.id).not.toBe(first.id)
    await ended(second.body.id)
    expect((await get(second.body.id)).body.state).toBe('done')
    expect((await get(first.id)).status).toBe(404)
  })

  it('go with their object, alone or with their dataset', async () => {
    const [one, two] = [await makeDataset(1), await makeDataset(1)]
    const ids: string[] = []
    for (const datasetId of [one, two]) {
      const { body } = await start(datasetId)
      await ended(body.id)
      ids.push(body.id)
    }
    expect((await library.ask('DELETE', `/api/exports/${ids[0]}`)).status).toBe(204)
    expect(await archives()).not.toContain(`exports/${one}/${ids[0]}.zip`)
    expect((await get(ids[0] ?? '')).status).toBe(404)
    expect((await library.ask('DELETE', `/api/exports/${ids[0]}`)).status).toBe(404)

    expect((await library.ask('DELETE', `/api/dataset/${two}`)).status).toBe(204)
    expect((await archives()).filter((key) => key.includes(two))).toEqual([])
    expect((await get(ids[1] ?? '')).status).toBe(404)
    expect((await library.ask('GET', `/api/dataset/${two}`)).status).toBe(404)
    expect((await library.ask('DELETE', `/api/dataset/${two}`)).status).toBe(404)
    const { videos } = (await library.ask<{ videos: number }>('GET', '/stats')).body
    expect(videos).toBe(2)
  })

  it('deleted while they are made leave nothing', async () => {
    const { storage } = library.services
    const datasetId = await makeDataset(2)
    const put = storage.put
    let open: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      storage.put = async (...given) => {
        resolve()
        await new Promise<void>((go) => {
          open = go
        })
        return await put.apply(storage, given)
      }
    })
    const { body } = await start(datasetId)
    await reached
    storage.put = put
    expect((await library.ask('DELETE', `/api/dataset/${datasetId}`)).status).toBe(204)
    open()
    await expect
      .poll(async () => (await library.services.queue.liveWork()).exportIds, { timeout: 10_000 })
      .not.toContain(body.id)
    expect((await archives()).filter((key) => key.includes(datasetId))).toEqual([])
  })

  it('that no row names are swept after an hour', async () => {
    const { services } = library
    const datasetId = await makeDataset(1)
    const { body } = await start(datasetId)
    await ended(body.id)
    const kept = exportKey(await getExport(services.database.db, body.id))
    const orphan = `exports/${datasetId}/${crypto.randomUUID()}.zip`
    const young = `exports/${datasetId}/${crypto.randomUUID()}.zip`
    for (const key of [orphan, young]) await services.storage.put(key, Buffer.from('x'))
    const old = Date.now() / 1000 - 2 * 3600
    for (const key of [kept, orphan]) {
      await utimes(services.storage.localPath(key) ?? '', old, old)
    }
    await keepHouse(services)
    const left = await archives()
    expect(left).toContain(kept)
    expect(left).toContain(young)
    expect(left).not.toContain(orphan)
    await services.storage.delete(young)
  })

  it('of nothing, or of what is not there, are told apart', async () => {
    const datasetId = await makeDataset(0)
    const { body } = await start(datasetId)
    await ended(body.id)
    expect((await get(body.id)).body).toMatchObject({ state: 'done', items_total: 0 })
    for (const [method, url] of [
      ['POST', `/api/dataset/${crypto.randomUUID()}/exports`],
      ['GET', `/api/dataset/${crypto.randomUUID()}/exports`],
      ['GET', '/api/exports/nope'],
      ['GET', `/api/exports/${crypto.randomUUID()}/download`],
      ['DELETE', '/api/exports/nope'],
      ['GET', `/api/dataset/${crypto.randomUUID()}/videos`],
      ['DELETE', '/api/dataset/nope'],
    ] as const) {
      expect((await library.ask(method, url)).status, `${method} ${url}`).toBe(404)
    }
    const wrong = await library.ask('POST', `/api/dataset/${datasetId}/exports`, { format: 'rar' })
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ path: 'format' }] } })
  })

  it('come with a dataset that knows its length, its filters in words and its videos', async () => {
    await makeDataset(3)
    const { body } = await library.ask<{ id: string }>('POST', '/api/dataset', {
      name: 'cut',
      filters: { min_duration: 5, has_speech: false },
    })
    expect(body).toMatchObject({
      video_count: 3,
      total_seconds: 30,
      filters_text: 'at least 5 s · without speech',
    })
    const titles: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: {
        body: { items: Record<string, unknown>[]; next_cursor: string | null }
      } = await library.ask(
        'GET',
        `/api/dataset/${body.id}/videos?limit=2${cursor ? `&cursor=${cursor}` : ''}`,
      )
      for (const item of page.body.items) {
        expect(item).toMatchObject({ thumbnail_url: null, duration: 10 })
        titles.push(String(item.title))
      }
      cursor = page.body.next_cursor
    }
    expect(titles).toEqual(['video 0', 'video 1', 'video 2'])
    const odd = await library.ask('GET', `/api/dataset/${body.id}/videos?cursor=abc`)
    expect(odd).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } })
  })
})

describe('every route', () => {
  it('refuses a query parameter that it does not know, by its name', async () => {
    await using library = await openOwnLibrary({}, { work: false })
    const { body } = await library.ask<{
      paths: Record<string, Record<string, { responses: Record<string, object> }>>
    }>('GET', '/openapi.json')
    const id = crypto.randomUUID()
    let asked = 0
    for (const [at, methods] of Object.entries(body.paths)) {
      for (const method of Object.keys(methods)) {
        if (at === '/api/upload') continue
        const url = `${at.replace(/\{\w+\}/g, id)}?no_such_parameter=1`
        const answer = await library.ask<{ detail: string }>(
          method.toUpperCase() as 'GET',
          url,
          method === 'post' ? { query: 'x', name: 'x', tag: 'x', token: 'x' } : undefined,
        )
        expect([answer.status, url], answer.body.detail).toEqual([400, url])
        asked++
      }
    }
    expect(asked).toBeGreaterThan(25)
  })

  it('that sends bytes, or takes a form, is described with its type', async () => {
    await using library = await openOwnLibrary({}, { work: false })
    const { body } = await library.ask<{
      paths: Record<
        string,
        Record<
          string,
          {
            requestBody?: { content: Record<string, { schema: object }> }
            responses: Record<string, { content?: Record<string, object> }>
          }
        >
      >
    }>('GET', '/openapi.json')
    const types = (at: string) => Object.keys(body.paths[at]?.get?.responses['200']?.content ?? {})
    expect(types('/api/exports/{id}/download')).toEqual(['application/zip'])
    expect(types('/api/dataset/{id}/export')).toEqual(['application/zip'])
    expect(types('/api/videos/{id}/media')).toEqual(['video/*'])
    expect(types('/api/videos/{id}/thumbnail')).toEqual(['image/jpeg'])
    expect(types('/api/videos/{id}/keyframes/{kid}')).toEqual(['image/jpeg'])
    const form = body.paths['/api/upload']?.post?.requestBody?.content['multipart/form-data']
    expect(form?.schema).toMatchObject({
      properties: { file: { type: 'array' }, taxonomy: { type: 'string' } },
      required: ['file'],
    })
  })
})
