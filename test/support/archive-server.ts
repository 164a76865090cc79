import { createHash } from 'node:crypto'
import type http from 'node:http'
import { type MediaServer, startMediaServer } from './media-server.ts'

export interface ArchiveFileFixture {
  name: string
  format: string
  body: Buffer
  original?: string
  width?: number
  height?: number
  /** As the archive writes it: `53.7` or `10:00`. */
  length?: string
  private?: boolean
  /** Instead of the true one. */
  sha1?: string
}

export interface ArchiveItemFixture {
  identifier: string
  /** Beside identifier, mediatype `movies` and a title of its own. */
  metadata?: Record<string, string | string[] | null>
  files?: ArchiveFileFixture[]
  isDark?: boolean
}

/** `repeated`: the first page for ever, each time with a new cursor. */
export type ArchiveFault = '429' | '503' | 'half-body' | 'not-json' | 'error' | 'repeated'

export interface ArchiveServer extends MediaServer {
  /** Faults for the next API requests, one each. */
  readonly faults: ArchiveFault[]
  /** Searches, as their parameters. */
  readonly searches: URLSearchParams[]
}

/** Items of one page; the real one takes 100 to 10,000. */
const PAGE = 4

/**
 * A stand-in for the Internet Archive: the scrape API with its cursor, item metadata with numbers as
 * strings, `{}` for an unknown item, downloads behind a redirect to another path.
 * [archive.org/help/aboutsearch.htm, archive.org/developers/md-read.html]
 */
export async function startArchiveServer(items: ArchiveItemFixture[]): Promise<ArchiveServer> {
  const faults: ArchiveFault[] = []
  const searches: URLSearchParams[] = []
  const server = await startMediaServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    const parts = url.pathname.split('/').slice(1)
    if (parts[0] === 'download') {
      response.writeHead(302, { location: `/7/items/${parts.slice(1).join('/')}` }).end()
      return true
    }
    const isSearch = url.pathname === '/services/search/v1/scrape'
    if (!isSearch && parts[0] !== 'metadata') return false
    if (isSearch) searches.push(url.searchParams)
    const fault = faults.shift()
    if (fault && fault !== 'repeated') failWith(fault, response)
    else if (isSearch) json(response, scrape(url.searchParams, fault === 'repeated'))
    else json(response, metadata(decodeURIComponent(parts[1] ?? '')))
    return true
  })
  for (const { identifier, files = [] } of items) {
    for (const { name, body } of files) server.serve(`/7/items/${identifier}/${name}`, { body })
  }

  function scrape(params: URLSearchParams, isRepeated: boolean): object {
    const count = Number(params.get('count'))
    if (!(count >= 100 && count <= 10_000)) return { error: 'count must be between 100 and 10000' }
    if (params.get('sorts')?.split(',').at(-1)?.split(' ')[0] !== 'identifier') {
      return { error: 'the last sort must be by identifier' }
    }
    // Only its last part are the words that were asked for.
    const words = /\(([^()]*)\)$/.exec(params.get('q') ?? '')?.[1]?.toLowerCase() ?? ''
    const hits = items.filter(({ metadata: given, identifier }) =>
      `${identifier} ${given?.title ?? ''}`.toLowerCase().includes(words),
    )
    const from = isRepeated ? 0 : Number(params.get('cursor') ?? 0)
    const some = hits.slice(from, from + PAGE).map(({ identifier }) => ({ identifier }))
    const next = from + PAGE < hits.length ? { cursor: String(from + PAGE) } : {}
    const cursor = isRepeated ? { cursor: `${Math.random()}` } : next
    return { items: some, count: some.length, total: hits.length, ...cursor }
  }

  function metadata(identifier: string): object {
    const item = items.find((each) => each.identifier === identifier)
    if (!item) return {}
    const values = {
      identifier,
      mediatype: 'movies',
      title: `About ${identifier}`,
      licenseurl: 'http://creativecommons.org/licenses/by/3.0/',
      ...item.metadata,
    }
    return {
      created: 1_700_000_000,
      d1: 'ia800100.us.archive.org',
      dir: `/7/items/${identifier}`,
      ...(item.isDark ? { is_dark: true } : {}),
      files: (item.files ?? []).map((file) => ({
        name: file.name,
        source: file.original ? 'derivative' : 'original',
        ...(file.original ? { original: file.original } : {}),
        format: file.format,
        size: String(file.body.length),
        sha1: file.sha1 ?? createHash('sha1').update(file.body).digest('hex'),
        ...(file.width ? { width: String(file.width), height: String(file.height) } : {}),
        ...(file.length ? { length: file.length } : {}),
        ...(file.private ? { private: 'true' } : {}),
      })),
      metadata: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)),
    }
  }

  return Object.assign(server, { faults, searches })
}

function failWith(fault: ArchiveFault, response: http.ServerResponse): void {
  if (fault === 'error') json(response, { error: 'query syntax error' })
  else if (fault === '429') response.writeHead(429, { 'retry-after': '1' }).end('slow down')
  else if (fault === 'half-body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
    response.write('{"items":[{"iden', () => setTimeout(() => response.destroy(), 10))
  } else if (fault === 'not-json') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>maintenance</html>')
  } else response.writeHead(503).end('no backend')
}

function json(response: http.ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
