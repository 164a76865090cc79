import type http from 'node:http'
import { type MediaServer, startMediaServer } from './media-server.ts'

export interface NasaFixture {
  /** May hold spaces and commas. */
  id: string
  /** Fields of `data[0]` beside nasa_id, title and media_type. */
  data?: Record<string, unknown>
  /** Endings of its files (`~medium.mp4`) with their bytes; null lists the file and does not have it. */
  files: Record<string, Buffer | null>
  /** The result names no list of files, so that /asset must be asked. */
  noHref?: boolean
}

/** `repeated`: the first page for ever. */
export type NasaFault = '429' | '503' | 'half-body' | 'not-json' | '400' | 'repeated'

export interface NasaServer extends MediaServer {
  /** Faults for the next API requests, one each. */
  readonly faults: NasaFault[]
  readonly searches: URLSearchParams[]
}

/**
 * A stand-in for NASA's image and video library: search with pages of `page_size`, `collection.json` as
 * a bare list, `/asset/ID` as a collection, addresses with `http:` and raw spaces.
 * [images.nasa.gov API documentation v1.22.0]
 */
export async function startNasaServer(fixtures: NasaFixture[]): Promise<NasaServer> {
  const faults: NasaFault[] = []
  const searches: URLSearchParams[] = []
  const server = await startMediaServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    const path = decodeURIComponent(url.pathname)
    const id = /^\/(?:asset\/([^/]+)|video\/([^/]+)\/collection\.json)$/.exec(path)
    if (path !== '/search' && !id) return false
    if (path === '/search') searches.push(url.searchParams)
    const fault = faults.shift()
    if (fault && fault !== 'repeated') failWith(fault, response)
    else if (path === '/search') json(response, search(url.searchParams, fault === 'repeated'))
    else answerFiles(id![1] ?? id![2] ?? '', id![1] !== undefined, response)
    return true
  })
  for (const { id, files } of fixtures) {
    for (const [ending, body] of Object.entries(files)) {
      if (body) server.serve(`/video/${id}/${id}${ending}`, { body })
    }
  }

  function search(params: URLSearchParams, isRepeated: boolean): object {
    const [q, id] = [params.get('q')?.toLowerCase() ?? '', params.get('nasa_id')]
    const hits = fixtures.filter((each) =>
      id ? each.id === id : `${each.id} ${each.data?.title ?? ''}`.toLowerCase().includes(q),
    )
    const size = Number(params.get('page_size'))
    const page = isRepeated ? 1 : Number(params.get('page'))
    const items = hits.slice((page - 1) * size, page * size).map((each) => ({
      ...(each.noHref ? {} : { href: `${server.url}/video/${each.id}/collection.json` }),
      data: [{ nasa_id: each.id, title: `About ${each.id}`, media_type: 'video', ...each.data }],
      links: [{ href: `${server.url}/video/${each.id}/${each.id}~thumb.jpg`, rel: 'preview' }],
    }))
    const metadata = { total_hits: hits.length }
    return { collection: { version: '1.1', href: 'x', items, metadata } }
  }

  function answerFiles(id: string, isAsset: boolean, response: http.ServerResponse): void {
    const fixture = fixtures.find((each) => each.id === id)
    if (!fixture) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ reason: `No assets found for ID=${id}` }))
      return
    }
    const files = Object.keys(fixture.files).map((end) => `${server.url}/video/${id}/${id}${end}`)
    if (!isAsset) json(response, files)
    else json(response, { collection: { version: '1.1', items: files.map((href) => ({ href })) } })
  }

  return Object.assign(server, { faults, searches })
}

function failWith(fault: NasaFault, response: http.ServerResponse): void {
  if (fault === '400') {
    response.writeHead(400, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ reason: 'Expected q parameter' }))
  } else if (fault === '429') response.writeHead(429, { 'retry-after': '1' }).end('slow down')
  else if (fault === 'half-body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
    response.write('{"collection":{"it', () => setTimeout(() => response.destroy(), 10))
  } else if (fault === 'not-json') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>maintenance</html>')
  } else response.writeHead(503).end('no backend')
}

function json(response: http.ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
