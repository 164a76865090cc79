import { createHash } from 'node:crypto'
import http, { type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ServedFile {
  body: Buffer | string
  type?: string
  /** Sent as `ETag`; null sends none and leaves only `Last-Modified` out as well. */
  etag?: string | null
  /** Bytes of the body to send before the connection is cut, one number for each request. */
  cuts?: number[]
  /** Ignores Range: always the whole file. */
  noRanges?: boolean
  /** Leaves Content-Length out (chunked). */
  noLength?: boolean
  status?: number
  headers?: Record<string, string>
  /** Bytes a second; as fast as it goes when absent. */
  bytesPerSecond?: number
}

export interface SeenRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  /** As `performance.now()` tells it. */
  at: number
}

export interface MediaServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly hostAndPort: string
  readonly requests: SeenRequest[]
  /** Puts a file at a path (`/clip.mp4`) and returns its address. */
  serve(path: string, file: ServedFile): string
  /** Breaks all connections. */
  cut(): void
}

/** A real HTTP server on loopback with ranges, validators, and cuts on demand. */
export async function startMediaServer(
  answer?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean,
): Promise<MediaServer> {
  const files = new Map<string, ServedFile>()
  const requests: SeenRequest[] = []
  const server = http.createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/')
    requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      at: performance.now(),
    })
    if (answer?.(request, response)) return
    const file = files.get(path)
    if (file) send(file, request, response)
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    hostAndPort: `127.0.0.1:${port}`,
    requests,
    serve(path, file) {
      files.set(path, file)
      return `${url}${encodeURI(path)}`
    },
    cut: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function send(file: ServedFile, request: http.IncomingMessage, response: http.ServerResponse) {
  const body = Buffer.from(file.body)
  const etag =
    file.etag === undefined ? `"${createHash('sha1').update(body).digest('hex')}"` : file.etag
  const headers: Record<string, string | number> = {
    'content-type': file.type ?? 'video/mp4',
    ...(file.noRanges ? {} : { 'accept-ranges': 'bytes' }),
    ...(etag === null ? {} : { etag }),
    ...file.headers,
  }
  if (file.status) {
    response.writeHead(file.status, headers).end(body)
    return
  }
  const wanted = file.noRanges ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const stillFits = !request.headers['if-range'] || request.headers['if-range'] === etag
  let part = body
  let status = 200
  if (wanted && stillFits) {
    const start = Number(wanted[1])
    const end = wanted[2] ? Math.min(Number(wanted[2]), body.length - 1) : body.length - 1
    if (start >= body.length) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${body.length}` }).end()
      return
    }
    part = body.subarray(start, end + 1)
    status = 206
    headers['content-range'] = `bytes ${start}-${end}/${body.length}`
  }
  if (!file.noLength) headers['content-length'] = part.length
  response.writeHead(status, headers)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const cut = file.cuts?.shift()
  if (cut !== undefined && cut < part.length) {
    response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 20))
    return
  }
  if (!file.bytesPerSecond) {
    response.end(part)
    return
  }
  const step = Math.max(1, Math.round(file.bytesPerSecond / 20))
  let sent = 0
  const timer = setInterval(() => {
    response.write(part.subarray(sent, sent + step))
    sent += step
    if (sent >= part.length) {
      clearInterval(timer)
      response.end()
    }
  }, 50)
  response.on('close', () => clearInterval(timer))
}
