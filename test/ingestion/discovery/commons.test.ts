import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../../src/config/settings.ts'
import { commonsSource } from '../../../src/ingestion/discovery/commons.ts'
import type { Candidate } from '../../../src/ingestion/discovery/source.ts'
import { download } from '../../../src/ingestion/downloader.ts'
import { makeClip } from '../../support/clip.ts'
import { commonsFilms } from '../../support/commons-films.ts'
import { type CommonsServer, startCommonsServer } from '../../support/commons-server.ts'

const signal = new AbortController().signal
let folder: string
let clip: Buffer
let server: CommonsServer

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'commons-'))
  clip = await makeClip(path.join(folder, 'clip.mp4'))
  const small = await makeClip(path.join(folder, 'small.mp4'), { pattern: 'smptebars' })
  server = await startCommonsServer(commonsFilms(clip, small))
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

function settingsWith(more: Record<string, string> = {}): Settings {
  return readSettings({
    FORGEINDEX_COMMONS_URL: server.url,
    FORGEINDEX_CONTACT: 'ops@example.org',
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
    ...more,
  })
}

async function search(
  query: string | null,
  options: { urls?: string[]; limit?: number; settings?: Settings; take?: number } = {},
): Promise<Candidate[]> {
  const { urls = [], limit = 10, settings = settingsWith(), take = 1000 } = options
  const found: Candidate[] = []
  const request = { platform: 'commons', query, urls, limit } as const
  for await (const candidate of commonsSource(settings).discover({ ...request }, { signal })) {
    found.push(candidate)
    if (found.length >= take) break
  }
  return found
}

describe('a search on Commons', () => {
  it('gives the pages in rank order, with author, licence and where the licence was read', async () => {
    const found = await search('lathe')
    expect(found.map(({ sourceId }) => sourceId)).toEqual([
      '900',
      '100',
      '300',
      '301',
      '302',
      '303',
      '304',
    ])
    expect(found.map(({ rank }) => rank)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(found[0]).toMatchObject({
      platform: 'commons',
      url: `${server.url}/wiki/File:Lathe_one.webm`,
      downloadUrl: `${server.url}/media/Lathe%20one.webm`,
      title: 'Lathe one.webm',
      description: 'About Lathe one.webm',
      durationSeconds: 12.5,
      width: 640,
      height: 360,
      bytes: clip.length,
      uploader: 'Maker & Co',
      publishedAt: '2024-05-06T07:08:09.000Z',
      licence: 'CC-BY-SA-4.0',
      licenceUrl: 'https://creativecommons.org/licenses/by-sa/4.0',
      licenceEvidence: {
        field: 'extmetadata.LicenseShortName',
        value: 'CC BY-SA 4.0',
        page: `${server.url}/wiki/File:Lathe_one.webm`,
      },
    })
    expect(found[0]?.uploaderUrl).toMatch(/\/wiki\/User:Maker$/)
    expect(found[0]?.reject).toBeUndefined()
    expect(Date.parse(found[0]?.licenceEvidence?.retrievedAt ?? '')).toBeGreaterThan(0)
  })

  it('takes the largest transcode of at most 720 lines when the original is larger', async () => {
    const [, two, , , , large, old] = await search('lathe')
    expect(two).toMatchObject({ width: 1280, height: 720 })
    expect(two?.downloadUrl).toMatch(/Lathe%20two\.webm\.720p\.vp9\.webm$/)
    expect(two?.bytes).toBeUndefined()
    expect(large?.reject?.code).toBe('no-format')
    // Upright: 720 columns count as 720p, and the original is kept.
    expect(old).toMatchObject({ width: 720, height: 1280, licence: 'LicenseRef-public-domain' })
    expect(old?.uploader).toBe('Uploader')
  })

  it('refuses what names no licence, is not free, or is no video, with the reason', async () => {
    const codes = (await search('lathe')).map(({ title, reject }) => [title, reject?.code])
    expect(codes.slice(2, 5)).toEqual([
      ['Lathe no licence.webm', 'no-licence'],
      ['Lathe not free.webm', 'non-free'],
      ['Lathe sound.ogg', 'not-a-video'],
    ])
  })

  it('pages by the whole continue object, each page once, in order', async () => {
    const before = server.calls.length
    const found = await search('weld', { limit: 1 })
    expect(found.map(({ title }) => title)).toEqual(
      Array.from({ length: 25 }, (_, i) => `Weld ${i}.webm`),
    )
    const calls = server.calls.slice(before)
    expect(
      calls.map((call) => [call.get('gsroffset'), call.get('vicontinue'), call.get('continue')]),
    ).toEqual([
      [null, null, null],
      ['0', '0|more', '||'],
      ['10', null, 'gsroffset||'],
      ['10', '10|more', '||'],
      ['20', null, 'gsroffset||'],
      ['20', '20|more', '||'],
    ])
    expect(calls[0]?.get('gsrsearch')).toBe('filetype:video weld')
    expect(calls[0]?.get('maxlag')).toBe('5')
  })

  it('asks for no more than the caller pulls', async () => {
    const before = server.calls.length
    expect(await search('weld', { limit: 2, take: 3 })).toHaveLength(3)
    expect(server.calls.length - before).toBe(2)
  })

  it('that finds nothing ends without an error', async () => {
    expect(await search('nothing like that')).toEqual([])
  })

  it('of more than 300 characters is refused', async () => {
    await expect(search('x'.repeat(10_000))).rejects.toMatchObject({ code: 'query-too-long' })
  })
})

describe('pages named by address', () => {
  it('are found under each spelling, once, and missing ones are said', async () => {
    const found = await search(null, {
      urls: [
        `${server.url}/wiki/File:Lathe_one.webm`,
        `${server.url}/wiki/File:Lathe%20one.webm`,
        `${server.url}/wiki/File:Gone.webm`,
      ],
    })
    expect(found.map(({ sourceId, reject }) => [sourceId, reject?.code])).toEqual([
      ['900', undefined],
      ['File:Gone.webm', 'video-gone'],
    ])
  })
})

describe('manners', () => {
  it('the User-Agent names the operator’s contact, and only with one more than ten a minute', async () => {
    await search('nothing like that')
    expect(server.requests.at(-1)?.headers['user-agent']).toMatch(
      /^Forgeindex\/\d+\.\d+\.\d+ \(ops@example\.org\)$/,
    )
    const settings = settingsWith({ FORGEINDEX_CONTACT: '' })
    const ask = () =>
      commonsSource(settings)
        .discover(
          { platform: 'commons', query: 'nothing like that', urls: [], limit: 1 },
          { signal: AbortSignal.timeout(500) },
        )
        [Symbol.asyncIterator]()
        .next()
    let answered = 0
    while (
      answered <= 10 &&
      (await ask().then(
        () => true,
        () => false,
      ))
    )
      answered++
    expect(answered).toBeGreaterThan(0)
    expect(answered).toBeLessThanOrEqual(10)
    expect(server.requests.at(-1)?.headers['user-agent']).toMatch(/^Forgeindex\/[\d.]+$/)
    const before = server.requests.length
    await expect(ask()).rejects.toThrow()
    expect(server.requests.length).toBe(before)
  })

  it('a maxlag answer in a 200 is waited out, five seconds at least', async () => {
    server.faults.push('maxlag')
    const started = performance.now()
    expect(await search('lathe one')).toHaveLength(1)
    expect(performance.now() - started).toBeGreaterThan(4990)
  })

  it('503 and a page that is not JSON are tried again', async () => {
    server.faults.push('503', 'not-json')
    expect(await search('lathe one')).toHaveLength(1)
    expect(server.faults).toEqual([])
  })

  it('a lasting 429 is a passing fault, an error of the API a lasting one', async () => {
    server.faults.push('429', '429', '429', '429')
    await expect(search('lathe one')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'rate-limited',
    })
    server.faults.push('api-error')
    await expect(search('lathe one')).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'unexpected-answer',
    })
  })
})

describe('a Commons video', () => {
  it('is fetched with its thumbnail when there is a contact', async () => {
    const [found] = await search('lathe one')
    const picture = await sharp({
      create: { width: 500, height: 281, channels: 3, background: '#333' },
    })
      .jpeg()
      .toBuffer()
    const thumbnailUrl = server.serve('/thumb.jpg', { body: picture, type: 'image/jpeg' })
    const job = path.join(folder, 'job')
    const got = await download(settingsWith(), { ...found!, thumbnailUrl }, job, { signal })
    expect(got).toEqual({
      file: path.join(job, 'original.webm'),
      thumbnail: path.join(job, 'thumbnail.jpg'),
      bytes: clip.length,
      sha256: createHash('sha256').update(clip).digest('hex'),
      fetchedWith: 'http',
    })
    const before = server.requests.length
    const bare = settingsWith({ FORGEINDEX_CONTACT: '' })
    const again = await download(bare, { ...found!, thumbnailUrl }, path.join(folder, 'job2'), {
      signal,
    })
    expect(again.thumbnail).toBeNull()
    expect(server.requests.length - before).toBe(1)
  })
})
