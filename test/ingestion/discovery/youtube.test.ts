import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../../src/config/settings.ts'
import type { Candidate, SitePlatform } from '../../../src/ingestion/discovery/source.ts'
import { openSources } from '../../../src/ingestion/discovery/sources.ts'
import { createLogger } from '../../../src/log.ts'
import { makeYtDlpStandIn, type YtDlpStandIn } from '../../support/yt-dlp-stand-in.ts'

const signal = new AbortController().signal
let folder: string
let program: YtDlpStandIn
let settings: Settings

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'youtube-'))
  program = await makeYtDlpStandIn(folder)
  settings = readSettings({
    FORGEINDEX_YT_DLP: program.program,
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
  })
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function discover(
  request: { query?: string; urls?: string[]; limit?: number; platform?: SitePlatform },
  take = Number.POSITIVE_INFINITY,
): Promise<Candidate[]> {
  const { query = null, urls = [], limit = 10, platform = 'youtube' } = request
  const found: Candidate[] = []
  const source = openSources(settings, createLogger('silent'))[platform]
  for await (const candidate of source.discover({ platform, query, urls, limit }, { signal })) {
    found.push(candidate)
    if (found.length >= take) break
  }
  return found
}

const watch = (id: string) => `https://www.youtube.com/watch?v=${id}`

describe('a youtube search', () => {
  it('gives what yt-dlp lists: nulls, doubles and lists left out, live ones refused', async () => {
    const found = await discover({ query: 'has 9 CNC', limit: 10 })
    expect(found.map(({ title, rank, reject }) => [title, rank, reject?.code])).toEqual([
      ['Video 0', 0, undefined],
      ['Video 1', 1, undefined],
      ['Video 2', 2, 'live'],
      ['Video 6', 3, undefined],
      ['Video 7', 4, undefined],
      ['Video 8', 5, undefined],
    ])
    expect(found[0]).toEqual({
      platform: 'youtube',
      sourceId: 'vid00000000',
      url: watch('vid00000000'),
      title: 'Video 0',
      rank: 0,
      description: 'About 0',
      durationSeconds: 60,
      uploader: 'Channel',
      uploaderUrl: 'https://www.youtube.com/@channel',
      publishedAt: null,
      licence: null,
      licenceUrl: null,
      licenceEvidence: null,
      thumbnailUrl: 'https://i.ytimg.com/vi/vid00000000/hq720.jpg',
    })
  })

  it('asks for more only while the caller keeps pulling, and ends at its bound', async () => {
    const before = (await program.calls()).length
    expect(await discover({ query: 'lathe', limit: 10 }, 10)).toHaveLength(10)
    expect((await program.calls()).length - before).toBe(1)
    // 3 × 10 + 20 results at most, three of them no videos.
    expect(await discover({ query: 'lathe', limit: 10 })).toHaveLength(47)
    const asked = (await program.calls()).slice(before).map((args) => args.at(-1))
    expect(asked).toEqual([
      'ytsearch20:lathe',
      'ytsearch20:lathe',
      'ytsearch40:lathe',
      'ytsearch50:lathe',
    ])
  })

  it('runs yt-dlp shut off from configuration, plug-ins and the open network', async () => {
    await discover({ query: '--exec rm\n; $(x)', limit: 1 }, 1)
    const args = (await program.calls()).at(-1)!
    for (const flag of ['--ignore-config', '--no-plugin-dirs', '--no-update']) {
      expect(args).toContain(flag)
    }
    expect(args[args.indexOf('--proxy') + 1]).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(args.slice(-2)).toEqual(['--', 'ytsearch7:--exec rm ; $(x)'])
  })

  it('that cannot reach youtube is a passing fault', async () => {
    await expect(discover({ query: 'unreachable' })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'network',
    })
  })
})

describe('youtube addresses', () => {
  it('of one video give what its page says', async () => {
    const [found] = await discover({ urls: ['https://youtu.be/dQw4w9WgXcQ?si=x'] })
    expect(found).toMatchObject({
      sourceId: 'dQw4w9WgXcQ',
      url: watch('dQw4w9WgXcQ'),
      title: 'One video',
      durationSeconds: 61.5,
      width: 1280,
      height: 720,
      bytes: 1234568,
      uploader: 'Maker',
      publishedAt: '2023-11-14T22:13:20.000Z',
      licence: 'LicenseRef-CC-BY-YouTube',
      licenceEvidence: {
        field: 'license',
        value: 'Creative Commons Attribution license (reuse allowed)',
        page: watch('dQw4w9WgXcQ'),
      },
    })
  })

  it('of a channel give the videos of its tabs', async () => {
    const found = await discover({ urls: ['https://www.youtube.com/@someone'], limit: 3 })
    expect(found.map(({ title }) => title)).toEqual([
      'Video 10',
      'Video 11',
      'Video 20',
      'Video 21',
    ])
    const args = (await program.calls()).at(-1)!
    expect(args[args.indexOf('--playlist-items') + 1]).toBe('1:29')
  })

  it('that fail leave the others alone: refused for good, or without facts for now', async () => {
    const found = await discover({
      urls: [
        watch('privateprvt'),
        watch('botcheck___'),
        watch('unreachable'),
        watch('dQw4w9WgXcQ'),
      ],
    })
    expect(
      found.map(({ sourceId, reject, durationSeconds }) => [
        sourceId,
        reject?.code,
        durationSeconds,
      ]),
    ).toEqual([
      ['privateprvt', 'video-private', null],
      ['botcheck___', 'bot-check', null],
      ['unreachable', undefined, null],
      ['dQw4w9WgXcQ', undefined, 61.5],
    ])
  })
})

describe.each(['tiktok', 'instagram'] as const)('%s', (platform) => {
  it('says plainly that a search by words needs a token', async () => {
    await expect(discover({ platform, query: 'lathe' })).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'apify-token-required',
      message: expect.stringContaining('APIFY_API_TOKEN'),
    })
  })
})
