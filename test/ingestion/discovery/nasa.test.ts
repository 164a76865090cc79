import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../../src/config/settings.ts'
import { nasaSource } from '../../../src/ingestion/discovery/nasa.ts'
import type { Candidate } from '../../../src/ingestion/discovery/source.ts'
import { download } from '../../../src/ingestion/downloader.ts'
import { fetchable } from '../../../src/ingestion/nasa-client.ts'
import { makeClip } from '../../support/clip.ts'
import { type NasaServer, startNasaServer } from '../../support/nasa-server.ts'

const signal = new AbortController().signal
let folder: string
let clip: Buffer
let server: NasaServer
let settings: Settings

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nasa-'))
  clip = await makeClip(path.join(folder, 'clip.mp4'))
  server = await startNasaServer([
    {
      id: 'Launch A, b é',
      data: {
        title: 'Launch',
        description: 'Up',
        center: 'KSC',
        date_created: '2020-01-01T00:00:00Z',
        photographer: 'Jane Doe',
      },
      files: { '~orig.mp4': clip, '~large.mp4': clip, '~medium.mp4': clip, '.srt': null },
    },
    { id: 'launch-mov', files: { '~orig.mov': clip, '~large.mp4': clip }, noHref: true },
    { id: 'launch-none', files: { '~thumb.jpg': null } },
    ...Array.from({ length: 102 }, (_, i) => ({ id: `moon-${i}`, files: { '~small.mp4': clip } })),
  ])
  settings = readSettings({ FORGEINDEX_NASA_URL: server.url })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function discover(
  asked: { query?: string; urls?: string[] },
  take = Number.POSITIVE_INFINITY,
): Promise<Candidate[]> {
  const { query = null, urls = [] } = asked
  const found: Candidate[] = []
  const request = { platform: 'nasa', query, urls, limit: 10 } as const
  for await (const one of nasaSource(settings).discover(request, { signal })) {
    found.push(one)
    if (found.length >= take) break
  }
  return found
}

describe("a search of NASA's library", () => {
  it('takes the medium MP4, or the next best, under the media guidelines', async () => {
    const found = await discover({ query: 'launch' })
    expect(found.map(({ sourceId, reject }) => [sourceId, reject?.code])).toEqual([
      ['Launch A, b é', undefined],
      ['launch-mov', undefined],
      ['launch-none', 'no-format'],
    ])
    const own = `${server.url}/video/Launch%20A,%20b%20%C3%A9/Launch%20A,%20b%20%C3%A9`
    expect(found[0]).toMatchObject({
      platform: 'nasa',
      url: 'https://images.nasa.gov/details/Launch%20A%2C%20b%20%C3%A9',
      title: 'Launch',
      description: 'Up',
      downloadUrl: `${own}~medium.mp4`,
      thumbnailUrl: `${own}~thumb.jpg`,
      durationSeconds: null,
      uploader: 'Jane Doe (NASA KSC)',
      publishedAt: '2020-01-01T00:00:00.000Z',
      licence: 'LicenseRef-NASA-media-guidelines',
      licenceEvidence: { page: 'https://www.nasa.gov/nasa-brand-center/images-and-media/' },
    })
    expect(found[1]?.downloadUrl).toBe(`${server.url}/video/launch-mov/launch-mov~large.mp4`)
  })

  it('asks for the next page only when it is wanted', async () => {
    const before = server.searches.length
    expect(await discover({ query: 'moon' }, 100)).toHaveLength(100)
    expect(server.searches.slice(before).map((params) => params.get('page'))).toEqual(['1'])
  })

  it('fetches what it found', async () => {
    const [found] = await discover({ query: 'launch' }, 1)
    const got = await download(settings, found!, path.join(folder, 'got'), { signal })
    expect(got.bytes).toBe(clip.length)
  })
})

describe("addresses of NASA's library", () => {
  it('give their video, and say when it is not there', async () => {
    const found = await discover({
      urls: [
        'https://images.nasa.gov/details/Launch%20A,%20b%20%C3%A9',
        'https://images.nasa.gov/details/nothing',
      ],
    })
    expect(found.map(({ sourceId, title, reject }) => [sourceId, title, reject?.code])).toEqual([
      ['Launch A, b é', 'Launch', undefined],
      ['nothing', 'nothing', 'video-gone'],
    ])
    await expect(discover({ urls: ['https://www.nasa.gov/'] })).rejects.toMatchObject({
      code: 'not-a-nasa-video',
    })
  })

  it('are fetched by https with their path encoded, but for the operator’s endpoint', () => {
    const nasa = 'https://images-api.nasa.gov'
    const at = (name: string) => fetchable(`http://images-assets.nasa.gov/video/${name}`, nasa)
    const secure = 'https://images-assets.nasa.gov/video'
    expect(at('A b/A b~orig.mp4')).toBe(`${secure}/A%20b/A%20b~orig.mp4`)
    expect(at('A%20b#1.mp4')).toBe(`${secure}/A%20b%231.mp4`)
    expect(at('100% é.mp4')).toBe(`${secure}/100%25%20%C3%A9.mp4`)
    expect(fetchable('http://127.0.0.1:9/a b', 'http://127.0.0.1:9')).toBe(
      'http://127.0.0.1:9/a%20b',
    )
    expect(fetchable('ftp://x/y', nasa)).toBeNull()
  })
})

describe("faults of NASA's library", () => {
  it('that pass are waited out; a refusal is said', async () => {
    server.faults.push('429', '503', 'half-body', 'not-json')
    expect(await discover({ query: 'launch' }, 1)).toHaveLength(1)
    server.faults.push('400')
    await expect(discover({ query: 'launch' })).rejects.toMatchObject({ name: 'PermanentError' })
  })
})
