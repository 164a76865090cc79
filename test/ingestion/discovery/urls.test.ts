import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../../src/config/settings.ts'
import type { Candidate } from '../../../src/ingestion/discovery/source.ts'
import { openSources } from '../../../src/ingestion/discovery/sources.ts'
import { download } from '../../../src/ingestion/downloader.ts'
import { createLogger } from '../../../src/log.ts'
import { makeClip } from '../../support/clip.ts'
import { type CommonsServer, startCommonsServer } from '../../support/commons-server.ts'
import { startMediaServer } from '../../support/media-server.ts'
import { makeYtDlpStandIn } from '../../support/yt-dlp-stand-in.ts'

const signal = new AbortController().signal
let folder: string
let clip: Buffer
let server: CommonsServer
let settings: Settings

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'urls-'))
  clip = await makeClip(path.join(folder, 'clip.mp4'))
  server = await startCommonsServer([
    { pageid: 7, name: 'Mill.webm', media: clip, width: 640, height: 360, duration: 1 },
  ])
  settings = readSettings({
    FORGEINDEX_COMMONS_URL: server.url,
    FORGEINDEX_CONTACT: 'ops@example.org',
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
    FORGEINDEX_YT_DLP: (await makeYtDlpStandIn(folder)).program,
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function discover(...urls: string[]): Promise<Candidate[]> {
  return await discoverBeside([], urls)
}

/** Candidates beside those that the task has already, named by their source ids. */
async function discoverBeside(known: string[], urls: string[]): Promise<Candidate[]> {
  const found: Candidate[] = []
  const source = openSources(settings, createLogger('silent')).urls
  for await (const candidate of source.discover(
    { platform: 'urls', query: null, urls, limit: 10 },
    { signal, isKnown: async ({ sourceId }) => known.includes(sourceId) },
  )) {
    found.push(candidate)
  }
  return found
}

describe('addresses', () => {
  it('that a task has already are not asked again and keep their place', async () => {
    const urls = [1, 2, 3].map((n) => server.serve(`/media/again-${n}.mp4`, { body: clip }))
    const all = await discover(...urls)
    const before = server.requests.length
    const rest = await discoverBeside([all[0]!.sourceId, all[1]!.sourceId], urls)
    expect(rest.map(({ sourceId, rank }) => [sourceId, rank])).toEqual([[all[2]!.sourceId, 2]])
    expect(server.requests.slice(before).map(({ path: at }) => at)).toEqual(['/media/again-3.mp4'])
  })

  it('of media files are taken directly, each once whatever trackers it carries', async () => {
    const url = server.serve('/media/my clip.mp4', { body: clip })
    const found = await discover(url, `${url}?utm_source=x`, `${url}#t=5`)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      platform: 'urls',
      url,
      downloadUrl: url,
      title: 'my clip.mp4',
      bytes: clip.length,
      rank: 0,
    })
    const got = await download(settings, found[0]!, path.join(folder, 'job'), { signal })
    expect(got).toMatchObject({ bytes: clip.length, fetchedWith: 'http', title: 'my clip.mp4' })
  })

  it('of known platforms go to their sources', async () => {
    const direct = server.serve('/a.mp4', { body: clip })
    const found = await discover(
      `${server.url}/wiki/File:Mill.webm`,
      direct,
      'https://youtu.be/dQw4w9WgXcQ',
    )
    expect(
      found.map(({ platform, sourceId, rank }) => [platform, sourceId.slice(0, 11), rank]),
    ).toEqual([
      ['commons', '7', 0],
      ['urls', found[1]?.sourceId.slice(0, 11), 1],
      ['youtube', 'dQw4w9WgXcQ', 2],
    ])
  })

  it('that hold no video are refused one by one, each with its reason', async () => {
    await using other = await startMediaServer()
    const text = server.serve('/notes.txt', { body: 'hello', type: 'text/plain' })
    const empty = server.serve('/empty.mp4', { body: '' })
    const good = server.serve('/good.webm', { body: clip, type: 'application/octet-stream' })
    const found = await discover(
      text,
      empty,
      `${server.url}/gone.mp4`,
      `${other.url}/private.mp4`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
      'no address',
      good,
    )
    expect(found.map(({ reject }) => reject?.code)).toEqual([
      'not-a-video',
      'empty-file',
      'video-gone',
      'url-refused',
      'url-refused',
      'url-refused',
      'url-refused',
      undefined,
    ])
    expect(other.requests).toHaveLength(0)
  })

  it('that do not answer now are left for the download to try again', async () => {
    const busy = server.serve('/busy.mp4', { body: '', status: 503 })
    const [found] = await discover(busy)
    expect(found).toMatchObject({ url: busy })
    expect(found?.downloadUrl).toBeUndefined()
    expect(found?.reject).toBeUndefined()
  })

  it('in no number are refused', async () => {
    await expect(discover()).rejects.toMatchObject({ code: 'no-urls' })
  })
})
