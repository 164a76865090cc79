import type http from 'node:http'
import { type MediaServer, startMediaServer } from './media-server.ts'

/** A file page of the stand-in archive. */
export interface CommonsFixture {
  pageid: number
  /** Without `File:`. */
  name: string
  /** What the search finds it by, beside its name. */
  words?: string
  media: Buffer
  width: number
  height: number
  duration: number
  mediatype?: string
  mime?: string
  /** `extmetadata` values by name; LicenseShortName and Artist are set unless given here. */
  metadata?: Record<string, string | null>
  /** Transcodes by key (`480p.vp9.webm`), beside the original that is always listed. */
  transcodes?: { key: string; width: number; height: number; type?: string; media: Buffer }[]
}

export type CommonsFault = 'maxlag' | '429' | '503' | 'not-json' | 'api-error'

export interface CommonsServer extends MediaServer {
  /** Faults for the next API requests, one each. */
  readonly faults: CommonsFault[]
  /** API requests only, as their parameters. */
  readonly calls: URLSearchParams[]
}

/**
 * A stand-in for Wikimedia Commons that speaks its documented protocol: generator=search and
 * titles with prop=videoinfo, formatversion 2, pages out of rank order, properties in several
 * parts (`continue` without `batchcomplete`), errors in a 200, and the media themselves.
 * [mediawiki.org/wiki/API:Search, API:Videoinfo, API:Continue, Manual:Maxlag_parameter]
 */
export async function startCommonsServer(fixtures: CommonsFixture[]): Promise<CommonsServer> {
  const faults: CommonsFault[] = []
  const calls: URLSearchParams[] = []
  const server = await startMediaServer((request, response) => {
    const url = new URL(request.url ?? '/', server.url)
    if (url.pathname !== '/w/api.php') return false
    calls.push(url.searchParams)
    const fault = faults.shift()
    if (fault) failWith(fault, response)
    else json(response, answer(url.searchParams))
    return true
  })
  for (const fixture of fixtures) {
    server.serve(`/media/${fixture.name}`, {
      body: fixture.media,
      type: fixture.mime ?? 'video/webm',
    })
    for (const { key, media } of fixture.transcodes ?? []) {
      server.serve(`/media/transcoded/${fixture.name}/${fixture.name}.${key}`, {
        body: media,
        type: 'video/webm',
      })
    }
  }

  function answer(params: URLSearchParams): object {
    const titles = params.get('titles')
    if (titles !== null) {
      const pages = titles.split('|').map((title) => {
        const fixture = fixtures.find(({ name }) => `File:${name}` === title)
        return fixture ? page(fixture, 'all') : { ns: 6, title, missing: true }
      })
      return { batchcomplete: true, query: { pages } }
    }
    const words = (params.get('gsrsearch') ?? '').replace('filetype:video', '').toLowerCase().trim()
    const hits = fixtures.filter(({ name, words: more = '' }) =>
      `${name} ${more}`.toLowerCase().includes(words),
    )
    const limit = Number(params.get('gsrlimit') ?? 10)
    const offset = Number(params.get('gsroffset') ?? 0)
    const some = hits.slice(offset, offset + limit)
    if (some.length === 0) return { batchcomplete: true }
    // The first answer brings half of the pages' metadata, the second one the rest.
    const part = params.get('vicontinue') === null ? 'first' : 'second'
    const pages = some
      .map((fixture, i) => ({ ...page(fixture, part), index: offset + i + 1 }))
      .sort((a, b) => b.pageid - a.pageid)
    if (part === 'first') {
      return {
        continue: { vicontinue: `${offset}|more`, gsroffset: offset, continue: '||' },
        query: { pages },
      }
    }
    const rest = offset + limit < hits.length
    return {
      batchcomplete: true,
      ...(rest ? { continue: { gsroffset: offset + limit, continue: 'gsroffset||' } } : {}),
      query: { pages },
    }
  }

  function page(fixture: CommonsFixture, part: 'first' | 'second' | 'all') {
    const { pageid, name, media, width, height, duration } = fixture
    const original = `${server.url}/media/${encodeURIComponent(name)}`
    const values: Record<string, string | null> = {
      LicenseShortName: 'CC BY-SA 4.0',
      LicenseUrl: 'https://creativecommons.org/licenses/by-sa/4.0',
      Artist:
        '<a href="//commons.wikimedia.org/wiki/User:Maker" title="User:Maker">Maker &amp; Co</a>',
      ImageDescription: `<p>About <b>${name}</b></p>`,
      ...fixture.metadata,
    }
    const extmetadata = Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => [key, { value, source: 'commons-desc-page' }]),
    )
    const facts = {
      timestamp: '2024-05-06T07:08:09Z',
      user: 'Uploader',
      size: media.length,
      width,
      height,
      duration,
      url: original,
      descriptionurl: `${server.url}/wiki/File:${encodeURIComponent(name.replaceAll(' ', '_'))}`,
      mime: fixture.mime ?? 'video/webm',
      mediatype: fixture.mediatype ?? 'VIDEO',
    }
    const more = {
      extmetadata,
      derivatives: [
        { src: original, type: 'video/webm; codecs="vp9, opus"', width, height },
        ...(fixture.transcodes ?? []).map((made) => ({
          src: `${server.url}/media/transcoded/${encodeURIComponent(name)}/${encodeURIComponent(name)}.${made.key}`,
          type: made.type ?? 'video/webm; codecs="vp9, opus"',
          transcodekey: made.key,
          width: made.width,
          height: made.height,
        })),
      ],
    }
    const videoinfo = {
      first: [facts],
      second: [more],
      all: [{ ...facts, ...more }],
    }[part]
    return { pageid, ns: 6, title: `File:${name}`, videoinfo }
  }

  return Object.assign(server, { faults, calls })
}

function failWith(fault: CommonsFault, response: http.ServerResponse): void {
  if (fault === 'maxlag') {
    response.setHeader('retry-after', '5')
    json(response, { error: { code: 'maxlag', info: 'Waiting for db1: 6.2 seconds lagged.' } })
  } else if (fault === 'api-error') {
    json(response, { error: { code: 'cirrussearch-unknown', info: 'An error of the search.' } })
  } else if (fault === 'not-json') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>maintenance</html>')
  } else if (fault === '429') {
    response.writeHead(429, { 'retry-after': '1' }).end('too many requests')
  } else {
    response.writeHead(503).end('no backend')
  }
}

function json(response: http.ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}
