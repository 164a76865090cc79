import { readdir, utimes } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../../src/api/app.ts'
import { safeName, UPLOAD_LIMITS } from '../../src/api/receive-upload.ts'
import { TransientError } from '../../src/errors.ts'
import { keepHouse } from '../../src/housekeeping.ts'
import { makeClip } from '../support/clip.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'

const MAX_BYTES = 1_000_000
const BOUNDARY = 'part-of-a-test'

let library: OwnLibrary
let clip: Buffer

beforeAll(async () => {
  library = await openOwnLibrary({ FORGEINDEX_MAX_UPLOAD_BYTES: String(MAX_BYTES) })
  clip = await makeClip(path.join(library.folder, 'clip.mp4'), { seconds: 2 })
  expect(clip.length).toBeLessThan(MAX_BYTES)
})
afterAll(() => library[Symbol.asyncDispose]())

interface Part {
  field: string
  name?: string
  body: Buffer | string
}

function form(parts: Part[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ field, name, body }) => [
      Buffer.from(
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${field}"` +
          `${name === undefined ? '' : `; filename="${name}"\r\ncontent-type: video/mp4`}\r\n\r\n`,
      ),
      Buffer.from(body),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
}

const headers = {
  host: 'localhost',
  'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
}

async function upload(payload: Buffer, app = library.app) {
  const answer = await app.inject({ method: 'POST', url: '/api/upload', headers, payload })
  return { status: answer.statusCode, body: answer.json<Record<string, string>>() }
}

/** Keys of what waits. */
async function incoming(): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of library.services.storage.list('incoming/')) keys.push(key)
  return keys
}

describe('an upload', () => {
  it('becomes a video for each file, under its own name, and waits nowhere after', async () => {
    const other = await makeClip(path.join(library.folder, 'b.mp4'), {
      seconds: 2,
      pattern: 'smptebars',
    })
    const { status, body } = await upload(
      form([
        { field: 'file', name: '../../same.mp4', body: clip },
        { field: 'taxonomy', body: 'manufacturing' },
        { field: 'file', name: 'same.mp4', body: other },
        { field: 'file', name: 'notes', body: 'not a video' },
        { field: 'file', name: 'again ü.mp4', body: clip },
      ]),
    )
    expect(status, JSON.stringify(body)).toBe(202)
    expect(body).toMatchObject({ platform: 'upload', taxonomy: 'manufacturing' })
    const task = await library.finished(body.task_id ?? '')
    expect(task).toMatchObject({
      status: 'completed',
      videos_found: 4,
      videos_processed: 2,
      videos_failed: 1,
      videos_duplicate: 1,
      failures: { 'not-a-video': 1 },
    })
    const list = await library.ask<{ items: { title: string; status: string }[] }>(
      'GET',
      '/api/videos?platform=upload&sort=title',
    )
    const titles = list.body.items.map(({ title, status }) => `${title} ${status}`)
    // Of two files with the same bytes the one that is taken up first is the video.
    const first = titles.find((title) => title.startsWith('again')) ?? 'same.mp4 completed'
    expect(['again ü.mp4 completed', 'same.mp4 completed']).toContain(first)
    expect(titles.sort()).toEqual([first, 'notes failed', 'same.mp4 completed'].sort())
    // The last one goes just after its video's end is told.
    await expect.poll(incoming, { timeout: 10_000 }).toEqual([])
  })

  it('over the limit is refused whole', async () => {
    const { status, body } = await upload(
      form([
        { field: 'file', name: 'fits.mp4', body: clip },
        { field: 'file', name: 'does-not.mp4', body: Buffer.alloc(MAX_BYTES + 1) },
        { field: 'file', name: 'fits-too.mp4', body: clip },
      ]),
    )
    expect(status).toBe(413)
    expect(body).toMatchObject({ code: 'too-large' })
    expect(await incoming()).toEqual([])
  })

  it('of more files than one may have is refused whole, in our own words', async () => {
    const small = { field: 'file', name: 'a.mp4', body: 'x' }
    const most = Array.from({ length: UPLOAD_LIMITS.files }, () => small)
    const before = await incoming()
    const { status, body } = await upload(form([...most, small]))
    expect({ status, ...body }).toMatchObject({
      status: 413,
      code: 'too-many-files',
      detail:
        'Expected at most 1,000 files and 10 text fields in one upload, got more than 1,000 files; ' +
        'nothing of it was kept. Send the files in several uploads.',
    })
    // As many as there may be are read to the end, with a field after them.
    const last = [
      { field: 'taxonomy', body: 'manufacturing' },
      { field: 'other', body: 'x' },
    ]
    expect((await upload(form([...most, ...last]))).body.detail).toMatch(/got the field "other"/)
    const fields = Array.from({ length: 11 }, () => ({ field: 'taxonomy', body: 'manufacturing' }))
    expect((await upload(form([small, ...fields]))).body).toMatchObject({
      code: 'too-many-files',
      detail: expect.stringContaining('got more parts than that'),
    })
    expect(await incoming()).toEqual(before)
  }, 180_000)

  it('that breaks off in a file, or between two, is refused whole', async () => {
    const whole = form([
      { field: 'file', name: 'a.mp4', body: clip },
      { field: 'file', name: 'b.mp4', body: clip },
    ])
    for (const length of [whole.length - 100, clip.length + 150, whole.length - 15]) {
      const { status, body } = await upload(whole.subarray(0, length))
      expect([status, body.code], String(length)).toEqual([400, 'upload-cut-short'])
      expect(await incoming()).toEqual([])
    }
  })

  it('whose connection is cut leaves nothing', async () => {
    const address = await library.app.listen({ port: 0, host: '127.0.0.1' })
    const whole = form([{ field: 'file', name: 'a.mp4', body: clip }])
    const sending = httpRequest(new URL('/api/upload', address), {
      method: 'POST',
      headers: { ...headers, 'content-length': String(whole.length) },
    })
    const closed = new Promise((resolve) => sending.on('close', resolve))
    sending.on('error', () => {})
    sending.write(whole.subarray(0, whole.length - 1_000))
    await sleep(300)
    sending.destroy()
    await closed
    const drafts = path.join(library.folder, 'data/objects/.incoming')
    await expect.poll(() => readdir(drafts), { timeout: 5_000 }).toEqual([])
    expect(await incoming()).toEqual([])
  })

  it('that the store cannot take is refused whole', async () => {
    const { storage } = library.services
    const failing = {
      ...storage,
      put: (...[key, body, options]: Parameters<typeof storage.put>) =>
        key.includes('/0001/')
          ? Promise.reject(new TransientError('disk-full', 'The disk is full. Free some space.'))
          : storage.put(key, body, options),
    }
    const app = await buildApp(
      { ...library.services, storage: failing },
      { localToken: null, loopbackOnly: true },
    )
    const { status, body } = await upload(
      form([
        { field: 'file', name: 'a.mp4', body: clip },
        { field: 'file', name: 'b.mp4', body: clip },
      ]),
      app,
    )
    expect([status, body.code]).toEqual([503, 'disk-full'])
    expect(await incoming()).toEqual([])
    await app.close()
  })

  it.each([
    ['another field', [{ field: 'video', name: 'a.mp4', body: 'x' }], 'invalid-input', /video/],
    ['another text', [{ field: 'colour', body: 'red' }], 'invalid-input', /colour/],
    ['no file', [{ field: 'taxonomy', body: 'manufacturing' }], 'no-file', /`file`/],
    [
      'a taxonomy there is not',
      [
        { field: 'file', name: 'a.mp4', body: 'x' },
        { field: 'taxonomy', body: 'gardening' },
      ],
      'taxonomy-not-found',
      /gardening/,
    ],
    [
      'a taxonomy by its path',
      [
        { field: 'file', name: 'a.mp4', body: 'x' },
        { field: 'taxonomy', body: '/etc/passwd.yaml' },
      ],
      'invalid-taxonomy-name',
      /taxonomy/i,
    ],
  ] as [string, Part[], string, RegExp][])(
    'with %s is refused and leaves nothing',
    async (_name, parts, code, detail) => {
      const { status, body } = await upload(form(parts))
      expect([status, body.code], body.detail).toEqual([400, code])
      expect(body.detail).toMatch(detail)
      expect(await incoming()).toEqual([])
    },
  )
})

describe('what waits', () => {
  it('goes after a day, unless its task still runs', async () => {
    const { services } = library
    const put = async (taskId: string, days: number) => {
      const key = `incoming/${taskId}/0000/a.mp4`
      await services.storage.put(key, Buffer.from('x'))
      const time = Date.now() / 1000 - days * 24 * 3600
      await utimes(services.storage.localPath(key) ?? '', time, time)
      return key
    }
    const { id } = await services.database.db
      .insertInto('ingestion_tasks')
      .values({
        query: null,
        platform: 'upload',
        urls: '[]',
        path: null,
        taxonomy: 'manufacturing',
        max_videos: 1,
        status: 'running',
        started_at: new Date(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const open = await put(id, 2)
    const young = await put(crypto.randomUUID(), 0.5)
    await put(crypto.randomUUID(), 2)
    await put('not-an-id', 2)
    await keepHouse(services)
    expect((await incoming()).sort()).toEqual([open, young].sort())
    for (const key of [open, young]) await services.storage.delete(key)
  })
})

describe('the name of a file', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\clips\\a b.mp4', 'a b.mp4'],
    ['.hidden.mp4', 'hidden.mp4'],
    ['..', 'upload-3.mp4'],
    ['', 'upload-3.mp4'],
    ['a\u0000\u0085b.mp4', 'ab.mp4'],
    ['\ud800x.mp4', '\ufffdx.mp4'],
  ])('%j is kept as %j', (given, kept) => {
    expect(safeName(given, 3)).toBe(kept)
  })

  it('of any length fits a key', () => {
    for (const letter of ['a', 'ü', '漢', '😀']) {
      const kept = safeName(`${letter.repeat(300)}.${letter.repeat(30)}`, 0)
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(255)
      expect(kept).not.toMatch(/\p{Cs}/u)
    }
  })
})
