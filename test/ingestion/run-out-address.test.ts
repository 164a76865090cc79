import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { download } from '../../src/ingestion/downloader.ts'
import { makeClip } from '../support/clip.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { makeYtDlpStandIn, type YtDlpStandIn } from '../support/yt-dlp-stand-in.ts'

const signal = new AbortController().signal
let folder: string
let server: MediaServer
let program: YtDlpStandIn

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'run-out-'))
  server = await startMediaServer()
  program = await makeYtDlpStandIn(folder)
  server.serve('/good.mp4', { body: await makeClip(path.join(folder, 'clip.mp4')) })
  server.serve('/expired.mp4', { body: 'URL signature expired', type: 'text/plain', status: 403 })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

it('a media address of Instagram is taken while it is good; then its page is asked', async () => {
  // The stand-in is an operator's endpoint here, so that the guard lets it pass.
  const settings = readSettings({
    FORGEINDEX_COMMONS_URL: server.url,
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
    FORGEINDEX_YT_DLP: program.program,
  })
  // A public address by number: the guard's check needs no resolver, and nothing is asked of it.
  const page = { platform: 'instagram', url: 'https://93.184.216.34/p/Cab/' } as const
  const good = { ...page, downloadUrl: `${server.url}/good.mp4` }
  const got = await download(settings, good, path.join(folder, 'one'), { signal })
  expect(got.fetchedWith).toBe('http')
  expect(await program.calls()).toHaveLength(0)
  const expired = { ...page, downloadUrl: `${server.url}/expired.mp4` }
  await download(settings, expired, path.join(folder, 'two'), { signal }).catch(() => undefined)
  expect((await program.calls()).map((args) => args.at(-1))).toEqual([page.url])
})
