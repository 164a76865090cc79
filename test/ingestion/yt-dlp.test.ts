// Long because the same local server and program serve every case.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { readSettings, type Settings } from '../../src/config/settings.ts'
import type { DiscoveryRequest } from '../../src/ingestion/discovery/source.ts'
import { openSources } from '../../src/ingestion/discovery/sources.ts'
import { download } from '../../src/ingestion/downloader.ts'
import { checkYtDlp, ytDlpProgram } from '../../src/ingestion/yt-dlp.ts'
import { FORMAT, FORMAT_ORDER } from '../../src/ingestion/yt-dlp-download.ts'
import { createLogger } from '../../src/log.ts'
import { makeClip } from '../support/clip.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { makeYtDlpStandIn } from '../support/yt-dlp-stand-in.ts'

const run = promisify(execFile)
const signal = new AbortController().signal
const program = ytDlpProgram(readSettings({}))
const found = path.isAbsolute(program) && existsSync(program)

let folder: string
let server: MediaServer
let settings: Settings
let clip: Buffer

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'yt-dlp-'))
  clip = await makeClip(path.join(folder, 'clip.mp4'), { seconds: 2 })
  server = await startMediaServer()
  settings = readSettings({
    FORGEINDEX_COMMONS_URL: server.url,
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const jobFolder = () => mkdtemp(path.join(folder, 'job-'))

describe('the check of the program', () => {
  it('says what is missing and how to mend it', async () => {
    const check = await checkYtDlp({ ytDlp: path.join(folder, 'no-such-program') })
    expect(check).toMatchObject({ version: null, ok: false })
    expect(check.detail).toContain('pip install')
  })

  it('refuses a version with known holes and takes the first one without', async () => {
    const old = await makeYtDlpStandIn(folder, '2026.06.09')
    const first = await makeYtDlpStandIn(folder, '2026.07.04')
    expect(await checkYtDlp({ ytDlp: old.program })).toMatchObject({
      version: '2026.06.09',
      ok: false,
    })
    expect(await checkYtDlp({ ytDlp: first.program })).toMatchObject({
      version: '2026.07.04',
      ok: true,
    })
    await expect(
      download(
        { ...settings, ytDlp: old.program },
        { platform: 'urls', url: `${server.url}/x` },
        await jobFolder(),
        { signal },
      ),
    ).rejects.toMatchObject({ code: 'yt-dlp-unusable' })
    expect(await old.calls()).toEqual([])
  })
})

describe.skipIf(!found)(`the real yt-dlp (${program})`, () => {
  it('fetches the video of a page with its thumbnail and what the page says', async () => {
    const poster = await sharp({
      create: { width: 64, height: 48, channels: 3, background: '#c80' },
    })
      .webp()
      .toBuffer()
    const media = server.serve('/clip.mp4', { body: clip })
    const picture = server.serve('/poster.webp', { body: poster, type: 'image/webp' })
    const page = server.serve('/page.html', {
      type: 'text/html',
      body: `<html><head><title>A lathe at work</title>
        <meta property="og:title" content="A lathe at work">
        <meta property="og:image" content="${picture}">
        <script type="application/ld+json">${JSON.stringify({
          '@context': 'https://schema.org',
          '@type': 'VideoObject',
          name: 'A lathe at work',
          description: 'Chips fly',
          contentUrl: media,
          thumbnailUrl: picture,
          uploadDate: '2024-05-06',
          duration: 'PT2S',
        })}</script></head><body></body></html>`,
    })
    const job = await jobFolder()
    const progress: number[] = []
    const got = await download(settings, { platform: 'urls', url: page }, job, {
      signal,
      onProgress: (received) => progress.push(received),
    })
    expect(got).toMatchObject({
      file: path.join(job, 'original.mp4'),
      bytes: clip.length,
      title: 'A lathe at work',
      description: 'Chips fly',
      durationSeconds: 2,
      publishedAt: '2024-05-06T00:00:00.000Z',
    })
    expect(got.fetchedWith).toMatch(/^yt-dlp \d{4}\.\d{2}\.\d{2}$/)
    expect(await readFile(got.file)).toEqual(clip)
    expect(got.thumbnail).toBe(path.join(job, 'thumbnail.jpg'))
    expect(await sharp(got.thumbnail!).metadata()).toMatchObject({ format: 'jpeg', width: 64 })
    expect((await readdir(job)).sort()).toEqual(['original.mp4', 'thumbnail.jpg'])
    expect(progress.at(-1)).toBe(clip.length)
  })

  it('finds the videos of a page and of a feed, each under its own address', async () => {
    const one = server.serve('/one.mp4', { body: clip })
    const two = server.serve('/two.mp4', { body: clip })
    const page = server.serve('/two.html', {
      type: 'text/html',
      body: `<html><head><title>Two</title></head><body><video src="${one}"></video><video src="${two}"></video></body></html>`,
    })
    const three = server.serve('/three.mp4', { body: clip })
    const item = (url: string) =>
      `<item><title>Item</title><enclosure url="${url}" type="video/mp4"/></item>`
    const feed = server.serve('/feed.xml', {
      type: 'application/rss+xml',
      body: `<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>${item(two)}${item(three)}</channel></rss>`,
    })
    const candidates = []
    const source = openSources(settings, createLogger('silent')).urls
    const request: DiscoveryRequest = {
      platform: 'urls',
      query: null,
      urls: [page, feed],
      limit: 5,
    }
    for await (const candidate of source.discover(request, { signal })) {
      candidates.push(candidate)
    }
    expect(candidates.map(({ url, rank, reject }) => [url, rank, reject])).toEqual([
      [one, 0, undefined],
      [two, 1, undefined],
      [three, 2, undefined],
    ])
  })

  it('is kept from private addresses that a page leads it to', async () => {
    await using other = await startMediaServer()
    // Not even an environment that excepts every host from the proxy lets it out.
    vi.stubEnv('NO_PROXY', '*').stubEnv('no_proxy', '*')
    const media = other.serve('/secret.mp4', { body: clip })
    const page = server.serve('/trap.html', {
      type: 'text/html',
      body: `<html><head><title>Trap</title></head><body><video src="${media}"></video></body></html>`,
    })
    const jump = server.serve('/jump.html', {
      status: 302,
      body: '',
      type: 'text/html',
      headers: { location: `${other.url}/x.html` },
    })
    onTestFinished(() => void vi.unstubAllEnvs())
    for (const url of [page, jump]) {
      await expect(
        download(settings, { platform: 'urls', url }, await jobFolder(), { signal }),
      ).rejects.toMatchObject({ code: 'url-refused' })
    }
    expect(other.requests).toHaveLength(0)
  })

  it('fetches a segmented stream through the same guard', async () => {
    await using other = await startMediaServer()
    const made = await mkdtemp(path.join(folder, 'hls-'))
    await run('ffmpeg', [
      ...['-nostdin', '-v', 'error', '-i', path.join(folder, 'clip.mp4'), '-c', 'copy'],
      ...['-f', 'hls', '-hls_time', '1', '-hls_list_size', '0', path.join(made, 'list.m3u8')],
    ])
    for (const name of await readdir(made)) {
      const type = name.endsWith('.m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp2t'
      server.serve(`/hls/${name}`, { body: await readFile(path.join(made, name)), type })
    }
    const list = await readFile(path.join(made, 'list.m3u8'), 'utf8')
    const got = await download(
      settings,
      { platform: 'urls', url: `${server.url}/hls/list.m3u8` },
      await jobFolder(),
      { signal },
    )
    expect(got.bytes).toBeGreaterThan(10_000)

    const trap = server.serve('/hls/trap.m3u8', {
      body: list.replace(/^list0\.ts$/m, `${other.url}/secret.ts`),
      type: 'application/vnd.apple.mpegurl',
    })
    await expect(
      download(settings, { platform: 'urls', url: trap }, await jobFolder(), { signal }),
    ).rejects.toMatchObject({ code: 'url-refused' })
    expect(other.requests).toHaveLength(0)
  })

  it('ends without a file, and says why, when the video is too large, too long or missing', async () => {
    const media = server.serve('/big.mp4', { body: clip })
    const small = { ...settings, maxUploadBytes: 1000 }
    await expect(
      download(small, { platform: 'urls', url: media }, await jobFolder(), { signal }),
    ).rejects.toMatchObject({ name: 'PermanentError', code: 'too-large' })

    const page = server.serve('/long.html', {
      type: 'text/html',
      body: `<html><head><title>Long</title><script type="application/ld+json">${JSON.stringify({
        '@context': 'https://schema.org',
        '@type': 'VideoObject',
        name: 'Long',
        contentUrl: media,
        duration: 'PT2H',
      })}</script></head></html>`,
    })
    await expect(
      download(settings, { platform: 'urls', url: page }, await jobFolder(), { signal }),
    ).rejects.toMatchObject({ name: 'PermanentError', code: 'too-long' })

    await expect(
      download(settings, { platform: 'urls', url: `${server.url}/gone.mp4` }, await jobFolder(), {
        signal,
      }),
    ).rejects.toMatchObject({ name: 'PermanentError', code: 'video-gone' })
  })

  it('stops within seconds when it is aborted, and leaves no process', async () => {
    const media = server.serve('/slow.mp4', {
      body: Buffer.alloc(2_000_000, 1),
      bytesPerSecond: 50_000,
    })
    const stop = new AbortController()
    const job = await jobFolder()
    const going = download(settings, { platform: 'urls', url: media }, job, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(going).rejects.toThrow('enough')
    const { stdout } = await run('ps', ['-eo', 'args'])
    expect(stdout).not.toContain(media)
  })

  it.each([
    [
      'lying 1080p and 720p',
      [
        [1920, 1080],
        [1280, 720],
        [640, 360],
      ],
      '1280x720',
    ],
    [
      'upright 1080p and 720p',
      [
        [1080, 1920],
        [720, 1280],
        [360, 640],
      ],
      '720x1280',
    ],
    [
      'an odd height',
      [
        [1280, 738],
        [854, 492],
      ],
      '854x492',
    ],
    [
      'nothing small enough',
      [
        [1920, 1080],
        [2560, 1440],
      ],
      null,
    ],
  ] as [string, number[][], string | null][])('chooses among %s', async (_name, sizes, chosen) => {
    const info = {
      id: 'x',
      title: 'x',
      extractor: 'generic',
      extractor_key: 'Generic',
      webpage_url: 'https://example.com/x',
      formats: sizes.flatMap(([width, height]) => [
        {
          format_id: `${width}x${height}`,
          url: `https://example.com/${width}.mp4`,
          ext: 'mp4',
          vcodec: 'avc1',
          acodec: 'mp4a',
          protocol: 'https',
          width,
          height,
        },
        {
          format_id: `rtmp-${width}`,
          url: `rtmp://example.com/${width}`,
          ext: 'flv',
          vcodec: 'avc1',
          acodec: 'mp4a',
          protocol: 'rtmp',
          width: 1280,
          height: 720,
          quality: 10,
        },
      ]),
    }
    const file = path.join(folder, `info-${sizes[0]!.join('x')}.json`)
    await writeFile(file, JSON.stringify(info))
    const asked = run(program, [
      ...['--ignore-config', '--load-info-json', file, '--simulate', '--print', 'format_id'],
      ...['-f', FORMAT, '-S', FORMAT_ORDER],
    ])
    if (chosen === null) await expect(asked).rejects.toThrow('Requested format is not available')
    else expect((await asked).stdout.trim()).toBe(chosen)
  })
})
