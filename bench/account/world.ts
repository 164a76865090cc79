import dns from 'node:dns/promises'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { instagramResult, tiktokResult, youtubeResult } from '../../test/support/apify-results.ts'
import { startApifyServer } from '../../test/support/apify-server.ts'
import { startArchiveServer } from '../../test/support/archive-server.ts'
import { makeClip, variantOf } from '../../test/support/clip.ts'
import { startCommonsServer } from '../../test/support/commons-server.ts'
import type { MediaServer } from '../../test/support/media-server.ts'
import { startNasaServer } from '../../test/support/nasa-server.ts'
import { makeDownloader } from './downloader.ts'

/** Films are longer only when they are to be turned down for it. */
export const MOST_SECONDS = 10
const TOKEN = 'apify_api_secret'
/** The name server of this world knows one public address, at which nothing is asked. */
const PUBLIC = '93.184.216.34'

/** What becomes of an archive's films, in turn. */
const KINDS = ['good', 'off-topic', 'good', 'text', 'good', 'gone', 'good', 'cut', 'same', 'long']

interface World extends AsyncDisposable {
  variables: Record<string, string>
  /** Whole films that were asked for again although they had come whole. */
  fetchedTwice(): number
}

/**
 * Stand-ins of all sources, each with faults, that have films enough for a task of `asked`. Names lead
 * to a public address, since the guard judges them; what is fetched from platforms is made by a program
 * that stands in for yt-dlp.
 */
export async function openWorld(folder: string, asked: number): Promise<World> {
  dns.lookup = (async () => [{ address: PUBLIC, family: 4 }]) as unknown as typeof dns.lookup
  const clip = await makeClip(path.join(folder, 'clip.mp4'))
  const long = await makeClip(path.join(folder, 'long.mp4'), { seconds: MOST_SECONDS + 2 })
  let number = 0
  const film = (kind: string) => {
    number++
    if (kind === 'text') return Buffer.from(`This is not a film, number ${number}.`)
    if (kind === 'long') return variantOf(long, number)
    return variantOf(clip, kind === 'same' ? 0 : number)
  }
  const title = (kind: string, n: number) =>
    kind === 'off-topic' ? `A day at sea ${n}` : `Lathe ${n}`
  const kinds = Array.from({ length: asked }, (_, i) => KINDS[i % KINDS.length]!)

  const archive = await startArchiveServer(
    kinds.map((kind, i) => ({
      identifier: `lathe-${i}`,
      metadata: { title: title(kind, i), description: 'A film.' },
      files: [{ name: 'film.mp4', format: 'h.264', body: film(kind), width: 160, height: 120 }],
    })),
  )
  archive.faults.push('429', '503', 'half-body', 'not-json', 'repeated')
  kinds.forEach((kind, i) => {
    const at = `/7/items/lathe-${i}/film.mp4`
    if (kind === 'gone') archive.serve(at, { body: '', status: 404 })
    if (kind === 'cut') archive.serve(at, { body: variantOf(clip, 5000 + i), cuts: [3000, 2000] })
  })

  const base = { media: clip, width: 640, height: 360, duration: 1 }
  const licences = [
    {},
    { metadata: { LicenseShortName: null } },
    { duration: 3600 },
    { metadata: { LicenseShortName: 'Fair use', NonFree: 'true' } },
    {},
    { mediatype: 'AUDIO', mime: 'application/ogg' },
  ]
  const commons = await startCommonsServer(
    Array.from({ length: Math.ceil(asked / 4) }, (_, i) => ({
      ...base,
      ...licences[i % licences.length],
      ...{ pageid: i + 1, name: `Lathe ${i}.webm`, media: film('good') },
    })),
  )
  commons.faults.push('503', '429', 'not-json')

  const nasa = await startNasaServer(
    Array.from({ length: Math.ceil(asked / 6) }, (_, i) => ({
      id: `Lathe ${i}, shop`,
      data: { title: `Lathe ${i}` },
      files: { '~medium.mp4': i % 4 === 3 ? null : film(i % 4 === 2 ? 'long' : 'good') },
    })),
  )
  nasa.faults.push('503', 'half-body', 'not-json')

  const apify = await startApifyServer(TOKEN, (actor) => ({
    perLook: 8,
    ...(actor.includes('tiktok') ? { ends: 'FAILED', statusMessage: 'blocked' } : {}),
    items: Array.from({ length: asked }, (_, i) => {
      if (i % 9 === 4) return { error: 'NO_RESULTS', errorDescription: 'nothing for this term' }
      if (actor.includes('youtube')) {
        return youtubeResult(i, {
          title: `Lathe ${i}`,
          duration: i % 7 === 6 ? '01:00:00' : '00:00:01',
        })
      }
      if (actor.includes('tiktok')) {
        return tiktokResult(i, { isSlideshow: i % 5 === 3, videoMeta: { duration: 1 } })
      }
      const media = i % 5 === 2 ? { type: 'Image' } : {}
      const videoUrl = apify.serve(`/cdn/${i}.mp4`, { body: film(i % 4 === 3 ? 'text' : 'good') })
      return instagramResult(i, { videoDuration: 1, displayUrl: null, videoUrl, ...media })
    }),
  }))
  apify.fail('start', '503')
  apify.fail('run', 'half-body')
  apify.fail('items', '429-at-once')
  apify.fail('items', 'not-json')
  apify.fail('items', 'same-page')

  await writeFile(path.join(folder, 'film.mp4'), clip)
  const servers: MediaServer[] = [archive, commons, nasa, apify]
  return {
    variables: {
      APIFY_API_TOKEN: TOKEN,
      APIFY_API_BASE_URL: apify.url,
      FORGEINDEX_ARCHIVE_URL: archive.url,
      FORGEINDEX_COMMONS_URL: commons.url,
      FORGEINDEX_NASA_URL: nasa.url,
      FORGEINDEX_CONTACT: 'ops@example.org',
      FORGEINDEX_YT_DLP: await makeDownloader(folder),
      ...Object.fromEntries(
        ['YOUTUBE', 'TIKTOK', 'INSTAGRAM', 'COMMONS', 'ARCHIVE', 'NASA'].map((name) => [
          `FORGEINDEX_RATE_${name}`,
          '6000',
        ]),
      ),
    },
    fetchedTwice: () =>
      servers.reduce((sum, { requests }) => {
        const times = new Map<string, number>()
        for (const { path: at, headers, method } of requests) {
          // What goes on where it was cut is no second fetch.
          if (method !== 'GET' || headers.range || !/\.(mp4|webm)$/.test(at)) continue
          if (at.startsWith('/download/')) continue
          times.set(at, (times.get(at) ?? 0) + 1)
        }
        return sum + [...times.values()].filter((count) => count > 1).length
      }, 0),
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}
