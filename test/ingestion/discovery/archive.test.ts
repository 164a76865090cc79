import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../../src/config/settings.ts'
import { archiveSource } from '../../../src/ingestion/discovery/archive.ts'
import { durationSeconds } from '../../../src/ingestion/discovery/durations.ts'
import type { Candidate } from '../../../src/ingestion/discovery/source.ts'
import { download } from '../../../src/ingestion/downloader.ts'
import { licenceIdOfUrl } from '../../../src/licences/names.ts'
import { type ArchiveServer, startArchiveServer } from '../../support/archive-server.ts'
import { makeClip } from '../../support/clip.ts'

const signal = new AbortController().signal
let folder: string
let server: ArchiveServer
let settings: Settings

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'archive-'))
  const body = await makeClip(path.join(folder, 'clip.mp4'))
  const original = { name: 'Lathe work.mov', format: 'QuickTime', body, width: 1920, height: 1080 }
  const made = (name: string, format: string, height: number, more: object = {}) => ({
    name,
    format,
    body,
    original: original.name,
    width: Math.round((height * 16) / 9),
    height,
    ...more,
  })
  const derivatives = [
    original,
    made('Lathe work.ogv', 'Ogg Video', 400),
    made('Lathe work_512kb.mp4', '512Kb MPEG4', 240),
    made('Lathe work.mp4', 'h.264', 720, { length: '10:00' }),
    made('Lathe work HD.mp4', 'h.264', 1080),
    { name: 'Lathe work.thumbs/1.jpg', format: 'Thumbnail', body },
  ]
  const item = (identifier: string, metadata: Record<string, string | string[] | null> = {}) => ({
    identifier,
    metadata: { title: 'Lathe', ...metadata },
    files: derivatives,
  })
  server = await startArchiveServer([
    item('good', {
      creator: ['Jam Handy', 'GM'],
      description: '<p>Turning &amp; milling</p>',
      date: '1954',
      licenseurl: 'http://creativecommons.org/licenses/by/3.0/us/',
    }),
    item('no-licence', { licenseurl: null }),
    item('restricted', { 'access-restricted-item': 'true' }),
    item('streamed', { collection: ['x', 'stream_only'] }),
    { ...item('dark'), isDark: true },
    item('sound', { mediatype: 'audio' }),
    { identifier: 'large', metadata: { title: 'Lathe' }, files: [original] },
    {
      identifier: 'two',
      metadata: { title: 'Lathe' },
      files: ['a#1.mp4', 'b.mp4'].map((name) => ({ name, format: 'h.264', body, length: '53.7' })),
    },
    {
      identifier: 'damaged',
      metadata: { title: 'Saw' },
      files: [{ name: 'a.mp4', format: 'h.264', body, sha1: '0'.repeat(40) }],
    },
  ])
  settings = readSettings({
    FORGEINDEX_ARCHIVE_URL: server.url,
    FORGEINDEX_CONTACT: 'ops@example.org',
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function discover(asked: { query?: string; urls?: string[] }): Promise<Candidate[]> {
  const { query = null, urls = [] } = asked
  const found: Candidate[] = []
  const request = { platform: 'archive', query, urls, limit: 10 } as const
  for await (const one of archiveSource(settings).discover(request, { signal })) found.push(one)
  return found
}

const details = (at: string) => `${server.url}/details/${at}`

describe('a search of the Internet Archive', () => {
  it('goes over all pages, refuses what may not be taken and says why', async () => {
    const found = await discover({ query: 'Lathe' })
    expect(found.map(({ sourceId, reject }) => [sourceId, reject?.code])).toEqual([
      ['good', undefined],
      ['no-licence', 'no-licence'],
      ['restricted', 'login-required'],
      ['streamed', 'login-required'],
      ['dark', 'video-gone'],
      ['sound', 'not-a-video'],
      ['large', 'no-format'],
      ['two/a#1.mp4', undefined],
      ['two/b.mp4', undefined],
    ])
    expect(server.searches.map((params) => params.get('cursor'))).toEqual([null, '4'])
  })

  it('takes the largest H.264 version of at most 720 lines, with licence and evidence', async () => {
    const [found] = await discover({ query: 'Lathe' })
    expect(found).toMatchObject({
      platform: 'archive',
      url: details('good'),
      title: 'Lathe',
      downloadUrl: `${server.url}/download/good/Lathe%20work.mp4`,
      description: 'Turning & milling',
      durationSeconds: 600,
      width: 1280,
      height: 720,
      uploader: 'Jam Handy, GM',
      publishedAt: '1954-01-01T00:00:00.000Z',
      licence: 'CC-BY-3.0-US',
      licenceUrl: 'http://creativecommons.org/licenses/by/3.0/us/',
      licenceEvidence: {
        field: 'metadata.licenseurl',
        value: 'http://creativecommons.org/licenses/by/3.0/us/',
        page: details('good'),
      },
      thumbnailUrl: `${server.url}/services/img/good`,
    })
    expect(found?.sha1).toMatch(/^[0-9a-f]{40}$/)
  })

  it('takes signs and words of the query language as words', async () => {
    await discover({ query: 'lathe AND (title:x*) "y' })
    expect(server.searches.at(-1)?.get('q')).toMatch(/ AND \(lathe and title x y\)$/)
    await expect(discover({ query: '***' })).rejects.toMatchObject({ code: 'query-refused' })
  })
})

describe('addresses of the Internet Archive', () => {
  it('are taken without a licence too; a file in one chooses its video', async () => {
    const found = await discover({
      urls: [details('no-licence'), details('two/b.mp4'), details('nothing'), details('two/x.mp4')],
    })
    expect(found.map(({ sourceId, licence, reject }) => [sourceId, licence, reject?.code])).toEqual(
      [
        ['no-licence', null, undefined],
        ['two/b.mp4', 'CC-BY-3.0', undefined],
        ['nothing', null, 'video-gone'],
        ['two', null, 'not-a-video'],
      ],
    )
    expect(found[1]).toMatchObject({ url: details('two/b.mp4'), durationSeconds: 53.7 })
    await expect(discover({ urls: ['https://example.com/'] })).rejects.toMatchObject({
      code: 'not-an-archive-item',
    })
  })
})

describe('faults of the Internet Archive', () => {
  it('that pass are waited out', async () => {
    server.faults.push('429', '503', 'half-body', 'not-json')
    expect(await discover({ query: 'saw' })).toHaveLength(1)
  })

  it('an error in a 200 is said; a pager that repeats itself ends', async () => {
    server.faults.push('error')
    await expect(discover({ query: 'Lathe' })).rejects.toMatchObject({
      code: 'query-refused',
      message: expect.stringContaining('query syntax error'),
    })
    const before = server.searches.length
    server.faults.push('repeated')
    const repeated = discover({ query: 'two' })
    expect(await repeated).toHaveLength(2)
    expect(server.searches.length - before).toBeLessThanOrEqual(2)
  })
})

describe('a download from the Internet Archive', () => {
  it('follows its redirect, names us, and is compared with its SHA-1', async () => {
    const [found] = await discover({ urls: [details('good')] })
    const got = await download(settings, found!, path.join(folder, 'got'), { signal })
    expect(got.bytes).toBe(found?.bytes)
    const asked = server.requests.filter(({ path: at }) => at.startsWith('/7/items/'))
    expect(asked[0]?.path).toBe('/7/items/good/Lathe%20work.mp4')
    expect(asked[0]?.headers['user-agent']).toContain('(ops@example.org)')

    const [bad] = await discover({ urls: [details('damaged')] })
    const broken = download(settings, bad!, path.join(folder, 'bad'), { signal })
    await expect(broken).rejects.toMatchObject({ name: 'TransientError', code: 'damaged' })
  })
})

describe('what sources write', () => {
  it('durations become seconds', () => {
    const cases: [unknown, number | null][] = [
      ['53.7', 53.7],
      ['10:00', 600],
      ['1:02:03', 3723],
      ['00:00:00', null],
      ['about 3 minutes', null],
      ['1:2:3:4', null],
      [12, 12],
      [0, null],
      [null, null],
    ]
    for (const [value, seconds] of cases) expect(durationSeconds(value)).toBe(seconds)
  })

  it('licence addresses become SPDX ids where one exists', () => {
    const cc = 'creativecommons.org'
    const cases: [string, string][] = [
      [`http://${cc}/licenses/by/3.0/`, 'CC-BY-3.0'],
      [`https://www.${cc}/licenses/by-nc-sa/4.0/deed.de`, 'CC-BY-NC-SA-4.0'],
      [`http://${cc}/licenses/by/3.0/us`, 'CC-BY-3.0-US'],
      [`http://${cc}/licenses/by-sa/3.0/us/`, 'LicenseRef-CC-BY-SA-3.0-US'],
      [`http://${cc}/publicdomain/mark/1.0/`, 'LicenseRef-public-domain'],
      [`http://${cc}/licenses/publicdomain/`, 'LicenseRef-public-domain'],
      [`https://${cc}/publicdomain/zero/1.0/`, 'CC0-1.0'],
      [`https://${cc}/licenses/by/`, `https://${cc}/licenses/by/`],
      ['https://example.com/licence', 'https://example.com/licence'],
    ]
    for (const [address, id] of cases) expect(licenceIdOfUrl(address)).toBe(id)
  })
})
