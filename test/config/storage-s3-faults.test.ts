import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { openStorage } from '../../src/config/storage.ts'
import { serveHttp } from '../support/servers.ts'

// A real server cannot be made to misbehave at will: these speak the S3 protocol and do.

// Together, for they mostly wait.
describe.concurrent('the S3 driver against a store in trouble', () => {
  it('rides out two 503 answers; after the fourth it says when to come back', async () => {
    let refusals = 2
    await using store = await serveS3((request, response) => {
      if (!readsObject(request) || refusals === 0) return false
      refusals -= 1
      const headers = { 'retry-after': '1', 'content-type': 'application/xml' }
      response.writeHead(503, headers).end(fault('SlowDown'))
      return true
    })
    await using storage = await open(store.url)
    expect((await storage.get('a')).bytes).toBe(5)
    refusals = 100
    await expect(storage.get('a')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'storage-failed',
      retryAfterMs: 1_000,
      message: expect.stringContaining('503 SlowDown'),
    })
    expect(refusals).toBe(96)
  }, 60_000)

  it('throws on a listing that says there is more but not how to get it', async () => {
    for (const token of ['', '<NextContinuationToken>same</NextContinuationToken>']) {
      await using store = await serveS3((request, response) => {
        if (!request.url?.includes('list-type=2')) return false
        response.writeHead(200, { 'content-type': 'application/xml' }).end(listing(token))
        return true
      })
      await using storage = await open(store.url)
      const broken = { name: 'TransientError', code: 'storage-listing-broken' }
      await expect(readAll(storage.list('a'))).rejects.toMatchObject(broken)
    }
  })

  it('reports a body that breaks off as TransientError and keeps no half file', async () => {
    await using store = await serveS3((request, response) => {
      if (!readsObject(request)) return false
      response.writeHead(200, { 'content-length': '1000000' }).write(Buffer.alloc(100_000))
      setTimeout(() => response.destroy(), 50)
      return true
    })
    await using storage = await open(store.url)
    const cut = { name: 'TransientError', code: 'storage-unreachable' }
    await expect(buffer((await storage.get('a')).stream)).rejects.toMatchObject(cut)
    const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-cut-'))
    await expect(storage.getFile('a', path.join(folder, 'a'))).rejects.toMatchObject(cut)
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  it('says that a store is out of reach, at opening and when it goes away', async () => {
    const gone = {
      name: 'TransientError',
      code: 'storage-unreachable',
      message: expect.stringContaining('MINIO_ENDPOINT'),
    }
    const store = await serveS3(() => false)
    await using storage = await open(store.url)
    await storage.check()
    await store[Symbol.asyncDispose]()
    await expect(storage.check()).rejects.toMatchObject(gone)
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject(gone)
    await expect(open(store.url)).rejects.toMatchObject(gone)
    await expect(open('http://no-such-host.invalid')).rejects.toMatchObject(gone)
  }, 60_000)

  it('counts a store that accepts and stays silent as out of reach within 9 seconds', async () => {
    let silent = false
    await using store = await serveS3(() => silent)
    await using storage = await open(store.url)
    silent = true
    const started = performance.now()
    await expect(storage.check()).rejects.toMatchObject({ code: 'storage-unreachable' })
    expect(performance.now() - started).toBeLessThan(9_000)
  })

  it('ends a request when its signal is aborted, though no answer comes', async () => {
    let silent = false
    await using store = await serveS3(() => silent)
    await using storage = await open(store.url)
    silent = true
    const reason = new Error('stopped by the test')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 100)
    await expect(storage.get('a', { signal: controller.signal })).rejects.toBe(reason)
  })

  it('gives up an aborted upload within 9 seconds when the store no longer answers', async () => {
    const controller = new AbortController()
    const reason = new Error('stopped by the test')
    await using store = await serveS3((request) => {
      const begins = request.method === 'POST' && request.url?.includes('uploads') === true
      if (begins) controller.abort(reason)
      return begins
    })
    await using storage = await open(store.url)
    const body = Buffer.alloc(20 * 1024 * 1024)
    const started = performance.now()
    await expect(storage.put('a', body, { signal: controller.signal })).rejects.toBe(reason)
    expect(performance.now() - started).toBeLessThan(9_000)
  })

  it('tells a full store, a denied key and a wrong region apart', async () => {
    let answer: [number, string] = [200, '']
    await using store = await serveS3((request, response) => {
      if (request.method !== 'PUT' || answer[0] === 200) return false
      response.writeHead(answer[0], { 'content-type': 'application/xml' }).end(fault(answer[1]))
      return true
    })
    await using storage = await open(store.url)
    const put = () => storage.put('a', Buffer.from('x'))
    answer = [507, 'XMinioStorageFull']
    await expect(put()).rejects.toMatchObject({ name: 'TransientError', code: 'disk-full' })
    answer = [403, 'AccessDenied']
    await expect(put()).rejects.toMatchObject({ code: 'storage-denied' })
    answer = [400, 'AuthorizationHeaderMalformed']
    await expect(put()).rejects.toMatchObject({ code: 'storage-wrong-region' })
  }, 60_000)
})

/** A store with one bucket whose every object is `hello`; `misbehave` may answer in its place. */
function serveS3(misbehave: (request: IncomingMessage, response: ServerResponse) => boolean) {
  return serveHttp((request, response) => {
    request.resume()
    if (misbehave(request, response)) return
    const xml = request.url?.includes('uploads') || request.url?.includes('list-type=2')
    const body = xml ? '<ListMultipartUploadsResult></ListMultipartUploadsResult>' : 'hello'
    response.writeHead(200, { 'content-length': body.length, etag: '"0"' })
    response.end(request.method === 'HEAD' ? '' : body)
  })
}

function readsObject({ method, url }: IncomingMessage): boolean {
  return method === 'GET' && new URL(url ?? '', 'http://store').pathname === '/forgeindex/a'
}

function fault(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`
}

function listing(token: string): string {
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>${token}
    <Contents><Key>a1</Key><Size>5</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified>
    </Contents></ListBucketResult>`
}

function open(url: string) {
  return openStorage(
    readSettings({ MINIO_ENDPOINT: url, MINIO_ACCESS_KEY: 'key', MINIO_SECRET_KEY: 'secret' }),
  )
}

async function readAll(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) expect(item).toBeDefined()
}
