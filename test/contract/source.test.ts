import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { readSettings, type Settings } from '../../src/config/settings.ts'
import { openStorage, type Storage } from '../../src/config/storage.ts'
import type { DiscoveryRequest, Platform } from '../../src/ingestion/discovery/source.ts'
import { openSources } from '../../src/ingestion/discovery/sources.ts'
import { incomingKey, uploadSource } from '../../src/ingestion/discovery/upload.ts'
import { createLogger } from '../../src/log.ts'
import { goodRun } from '../support/apify-results.ts'
import { type ApifyServer, startApifyServer } from '../support/apify-server.ts'
import { type ArchiveServer, startArchiveServer } from '../support/archive-server.ts'
import { makeClip } from '../support/clip.ts'
import { type CommonsServer, startCommonsServer } from '../support/commons-server.ts'
import { type NasaServer, startNasaServer } from '../support/nasa-server.ts'
import { makeYtDlpStandIn } from '../support/yt-dlp-stand-in.ts'
import { testSource } from './source.ts'

const TOKEN = 'apify_api_secret'
let folder: string
let clips: string
let server: CommonsServer
let apify: ApifyServer
let archive: ArchiveServer
let nasa: NasaServer
let settings: Settings
let withToken: Settings
let media: string[]
let storage: Storage

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sources-'))
  clips = path.join(folder, 'clips')
  await mkdir(clips)
  const bytes = await makeClip(path.join(clips, 'one.mp4'))
  await makeClip(path.join(clips, 'two.mp4'), { pattern: 'smptebars' })
  const page = { media: bytes, width: 640, height: 360, duration: 1 }
  server = await startCommonsServer(
    Array.from({ length: 13 }, (_, i) => ({ ...page, pageid: 50 - i, name: `Lathe ${i}.webm` })),
  )
  media = ['/x.mp4', '/y.mp4'].map((at) => server.serve(at, { body: bytes }))
  apify = await startApifyServer(TOKEN, (actor) => goodRun(actor, 5, { perLook: 2 }))
  archive = await startArchiveServer(
    Array.from({ length: 9 }, (_, i) => ({
      identifier: `lathe-${i}`,
      files: [{ name: 'a.mp4', format: 'h.264', body: bytes, width: 640, height: 360 }],
    })),
  )
  nasa = await startNasaServer(
    Array.from({ length: 3 }, (_, i) => ({ id: `Lathe ${i}`, files: { '~medium.mp4': bytes } })),
  )
  const variables = {
    FORGEINDEX_COMMONS_URL: server.url,
    FORGEINDEX_ARCHIVE_URL: archive.url,
    FORGEINDEX_NASA_URL: nasa.url,
    APIFY_API_BASE_URL: apify.url,
    FORGEINDEX_CONTACT: 'ops@example.org',
    // Stand-ins: nobody's limit is kept here.
    FORGEINDEX_RATE_ARCHIVE: '6000',
    FORGEINDEX_RATE_NASA: '6000',
    FORGEINDEX_RATE_YOUTUBE: '6000',
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
    FORGEINDEX_YT_DLP: (await makeYtDlpStandIn(folder)).program,
  }
  settings = readSettings(variables)
  withToken = readSettings({ ...variables, APIFY_API_TOKEN: TOKEN })
  storage = await openStorage(settings)
  for (const [index, name] of ['b.mp4', 'a', '50 % ü#?.mp4'].entries()) {
    await storage.put(incomingKey('one', index, name), bytes)
  }
  await storage.put(incomingKey('one-more', 0, 'not-this.mp4'), bytes)
})

afterAll(async () => {
  for (const each of [server, apify, archive, nasa]) await each[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

function open(
  platform: Exclude<Platform, 'upload'>,
  given: Partial<DiscoveryRequest>,
  under: Settings = settings,
) {
  return {
    source: openSources(under, createLogger('silent'))[platform],
    request: { platform, query: null, urls: [], limit: 5, ...given },
  }
}

const watch = (id: string) => `https://www.youtube.com/watch?v=${id}`

testSource('commons, by words', () => open('commons', { query: 'lathe' }))
testSource('commons, by addresses', () =>
  open('commons', { urls: [0, 1].map((i) => `${server.url}/wiki/File:Lathe_${i}.webm`) }),
)
testSource('youtube, by words', () => open('youtube', { query: 'has 8 lathes' }))
testSource('youtube, by addresses', () =>
  open('youtube', { urls: [watch('dQw4w9WgXcQ'), watch('aaaaaaaaaaa')] }),
)
testSource('tiktok', () =>
  open('tiktok', { urls: [1, 2].map((i) => `https://www.tiktok.com/@me/video/712345678${i}`) }),
)
testSource('instagram', () =>
  open('instagram', { urls: ['A', 'B'].map((i) => `https://www.instagram.com/p/C${i}/`) }),
)
testSource('archive, by words', () => open('archive', { query: 'lathe' }))
testSource('archive, by addresses', () =>
  open('archive', { urls: [1, 2].map((i) => `${archive.url}/details/lathe-${i}`) }),
)
testSource('nasa, by words', () => open('nasa', { query: 'lathe' }))
testSource('nasa, by addresses', () =>
  open('nasa', { urls: [1, 2].map((i) => `https://images.nasa.gov/details/Lathe%20${i}`) }),
)
for (const platform of ['youtube', 'tiktok', 'instagram'] as const) {
  testSource(`${platform} through Apify`, () => open(platform, { query: 'lathe' }, withToken))
}
testSource('any', () => open('any', { query: 'lathe' }))
testSource('any, with Apify', () => open('any', { query: 'lathe' }, withToken))
testSource('urls', () => open('urls', { urls: media }))
testSource('folder', () => open('folder', { path: clips }))
testSource('upload', () => ({
  source: uploadSource(storage),
  request: { platform: 'upload', query: null, urls: [], limit: 5, path: 'incoming/one/' },
}))
