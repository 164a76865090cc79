import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TransientError } from '../../src/errors.ts'
import { downloadDirect } from '../../src/ingestion/direct-download.ts'
import { createGuard, type Guard } from '../../src/ingestion/guard.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'

const bytes = randomBytes(300_000)
const sha256 = createHash('sha256').update(bytes).digest('hex')

let server: MediaServer
let guard: Guard
let folder: string

beforeEach(async () => {
  server = await startMediaServer()
  guard = createGuard({ allow: [server.hostAndPort] })
  folder = await mkdtemp(path.join(tmpdir(), 'direct-'))
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const options = (more: Partial<Parameters<typeof downloadDirect>[3]> = {}) => ({
  signal: new AbortController().signal,
  headers: { 'user-agent': 'test' },
  maxBytes: 1_000_000,
  ...more,
})

const ranges = () => server.requests.map(({ headers }) => headers.range ?? null)

describe('a direct download', () => {
  it('gives the file, its size and its SHA-256, and a note for a run that is killed now', async () => {
    const seen: [number, number | null][] = []
    const url = server.serve('/a b.mp4', { body: bytes })
    const got = await downloadDirect(
      guard,
      url,
      folder,
      options({ onProgress: (received, total) => seen.push([received, total]) }),
    )
    expect(got).toEqual({ file: path.join(folder, 'original.mp4'), bytes: 300_000, sha256 })
    expect(await readFile(got.file)).toEqual(bytes)
    expect((await readdir(folder)).sort()).toEqual(['original.mp4', 'original.part.json'])
    expect(await downloadDirect(guard, url, folder, options())).toEqual(got)
    expect(server.requests).toHaveLength(1)
    expect(seen.at(-1)).toEqual([300_000, 300_000])
    expect(server.requests[0]?.headers['user-agent']).toBe('test')
  })

  it('goes on after two cuts with Range and If-Range', async () => {
    const url = server.serve('/c.webm', {
      body: bytes,
      type: 'video/webm',
      cuts: [100_000, 50_000],
    })
    const got = await downloadDirect(guard, url, folder, options())
    expect(got).toMatchObject({ bytes: 300_000, sha256 })
    expect(got.file.endsWith('.webm')).toBe(true)
    expect(ranges()).toEqual([null, 'bytes=100000-', 'bytes=150000-'])
    expect(server.requests[1]?.headers['if-range']).toMatch(/^"[0-9a-f]{40}"$/)
  })

  it('goes on in the same folder after the program was stopped', async () => {
    const url = server.serve('/c.mp4', { body: bytes, bytesPerSecond: 400_000 })
    const stop = new AbortController()
    const first = downloadDirect(
      guard,
      url,
      folder,
      options({
        signal: stop.signal,
        onProgress: (received) => received > 50_000 && stop.abort(new Error('stopped')),
      }),
    )
    await expect(first).rejects.toThrow('stopped')
    server.serve('/c.mp4', { body: bytes })
    const got = await downloadDirect(guard, url, folder, options())
    expect(got).toMatchObject({ bytes: 300_000, sha256 })
    expect(Number(/\d+/.exec(ranges().at(-1) ?? '')?.[0])).toBeGreaterThan(50_000)
  })

  it('starts over when the file changed in between', async () => {
    const other = randomBytes(200_000)
    const url = server.serve('/c.mp4', { body: bytes, cuts: [100_000] })
    const got = await downloadDirect(
      guard,
      url,
      folder,
      options({
        onProgress: (received) => received >= 100_000 && server.serve('/c.mp4', { body: other }),
      }),
    )
    expect(got.sha256).toBe(createHash('sha256').update(other).digest('hex'))
    expect(ranges()[1]).toMatch(/^bytes=\d+-$/)
  })

  it('starts over when the server names no version of its file', async () => {
    const url = server.serve('/c.mp4', { body: bytes, etag: null, cuts: [100_000] })
    expect(await downloadDirect(guard, url, folder, options())).toMatchObject({ sha256 })
    expect(ranges()).toEqual([null, null])
  })

  it('starts over when the server ignores Range', async () => {
    const url = server.serve('/c.mp4', { body: bytes, noRanges: true, cuts: [100_000] })
    expect(await downloadDirect(guard, url, folder, options())).toMatchObject({
      bytes: 300_000,
      sha256,
    })
  })

  it('of an unknown length is taken to its end', async () => {
    const url = server.serve('/c.mp4', { body: bytes, noLength: true })
    expect(await downloadDirect(guard, url, folder, options())).toMatchObject({
      bytes: 300_000,
      sha256,
    })
  })

  it('waits as long as Retry-After says', async () => {
    server.serve('/c.mp4', { body: '', status: 503, headers: { 'retry-after': '1' } })
    setTimeout(() => server.serve('/c.mp4', { body: bytes }), 300)
    const started = performance.now()
    expect(await downloadDirect(guard, `${server.url}/c.mp4`, folder, options())).toMatchObject({
      sha256,
    })
    expect(performance.now() - started).toBeGreaterThan(950)
    expect(server.requests).toHaveLength(2)
  })

  it('keeps to a rate', async () => {
    const url = server.serve('/c.mp4', { body: bytes })
    const started = performance.now()
    await downloadDirect(guard, url, folder, options({ maxBytesPerSecond: 400_000 }))
    expect(performance.now() - started).toBeGreaterThan(600)
  })
})

describe('a direct download fails, and leaves no bytes behind,', () => {
  const failure = async (url: string, more: Partial<Parameters<typeof downloadDirect>[3]> = {}) => {
    const error = await downloadDirect(guard, url, folder, options(more)).then(
      () => null,
      (thrown) => thrown,
    )
    return error
  }

  it('as too-large before the first byte when the length says so', async () => {
    const url = server.serve('/c.mp4', { body: bytes })
    expect(await failure(url, { maxBytes: 299_999 })).toMatchObject({
      name: 'PermanentError',
      code: 'too-large',
    })
    expect(await readdir(folder)).toEqual([])
  })

  it('as too-large on the way when no length was given', async () => {
    const url = server.serve('/c.mp4', { body: bytes, noLength: true })
    let most = 0
    const onProgress = (received: number) => {
      most = received
    }
    expect(await failure(url, { maxBytes: 150_000, onProgress })).toMatchObject({
      code: 'too-large',
    })
    expect(most).toBeLessThanOrEqual(150_000)
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    ['a web page', { body: '<html>', type: 'text/html; charset=utf-8' }, 'not-a-video'],
    ['a text', { body: 'hello', type: 'text/plain' }, 'not-a-video'],
    ['no bytes', { body: '' }, 'empty-file'],
    ['status 404', { body: '', status: 404 }, 'video-gone'],
    ['status 410', { body: '', status: 410 }, 'video-gone'],
    ['status 403', { body: '', status: 403 }, 'access-denied'],
  ])('for good on %s', async (_what, file, code) => {
    const url = server.serve('/c.mp4', file)
    expect(await failure(url)).toMatchObject({ name: 'PermanentError', code })
    expect(await readdir(folder)).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('for now when nobody listens', async () => {
    await using gone = await startMediaServer()
    const { url, hostAndPort } = gone
    await gone[Symbol.asyncDispose]()
    const error = await downloadDirect(
      createGuard({ allow: [hostAndPort] }),
      `${url}/c.mp4`,
      folder,
      options(),
    ).catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'TransientError', code: 'network' })
  })

  it('for now when Retry-After is long, telling how long', async () => {
    const url = server.serve('/c.mp4', {
      body: '',
      status: 429,
      headers: { 'retry-after': '3600' },
    })
    expect(await failure(url)).toMatchObject({ code: 'rate-limited', retryAfterMs: 3_600_000 })
    expect(server.requests).toHaveLength(1)
  })

  it.skipIf(!existsSync('/dev/full'))('for now on a full disk (/dev/full)', async () => {
    const url = server.serve('/c.mp4', { body: bytes })
    await symlink('/dev/full', path.join(folder, 'original.part'))
    expect(await failure(url)).toMatchObject({ name: 'TransientError', code: 'disk-full' })
    expect(await readdir(folder)).toEqual([])
  })

  it('for now when the disk has too little room, before a byte or on the way', async () => {
    const url = server.serve('/c.mp4', { body: bytes })
    const full = await failure(url, { reserveBytes: 2 ** 55 })
    expect(full).toMatchObject({ name: 'NoRoom', code: 'disk-full' })
    expect(full).toBeInstanceOf(TransientError)
    // With room again it goes on.
    expect(await downloadDirect(guard, url, folder, options())).toMatchObject({ sha256 })
  })

  it('on a redirect to a private address', async () => {
    await using other = await startMediaServer()
    const url = server.serve('/c.mp4', {
      body: '',
      status: 302,
      headers: { location: `${other.url}/x` },
    })
    expect(await failure(url)).toMatchObject({ code: 'url-refused' })
    expect(other.requests).toHaveLength(0)
  })
})

it('a note that a crash cut in half is not gone on from', async () => {
  const url = server.serve('/c.mp4', { body: bytes })
  await writeFile(path.join(folder, 'original.part'), 'wrong bytes')
  await writeFile(path.join(folder, 'original.part.json'), `{"url": "${url}", "val`)
  expect(await downloadDirect(guard, url, folder, options())).toMatchObject({ sha256 })
})
