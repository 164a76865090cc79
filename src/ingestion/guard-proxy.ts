import http from 'node:http'
import net, { type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { InvalidInputError, toError } from '../errors.ts'
import type { Guard } from './guard.ts'

const CONNECT_TIMEOUT_MS = 10_000

/** Headers that speak about one connection only (RFC 9110, 7.6.1), and the proxy's own. */
const HOP_HEADERS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'upgrade',
]

/** A running proxy. Close it when the program that uses it has ended. */
export interface GuardProxy extends AsyncDisposable {
  /** For `--proxy`: `http://127.0.0.1:PORT`. */
  readonly url: string
  /** What was refused so far: the first one is usually why the program behind it failed. */
  readonly refusals: InvalidInputError[]
}

/**
 * Connects to an address that the guard has judged by way of an upstream proxy: it is told the
 * number, not the name, so that it cannot be led elsewhere.
 */
async function connectThrough(upstream: URL, guard: Guard, url: URL): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const lookup = guard.lookupFor(url)
  const address =
    lookup && !net.isIP(host)
      ? await new Promise<string>((resolve, reject) => {
          lookup(host, {}, (error, found) => {
            if (error) reject(error)
            else resolve(String(found))
          })
        })
      : host
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const authority = `${net.isIPv6(address) ? `[${address}]` : address}:${port}`
  const { username, password } = upstream
  const key = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return await new Promise((resolve, reject) => {
    const request = http.request({
      host: upstream.hostname.replace(/^\[|\]$/g, ''),
      port: upstream.port || 80,
      method: 'CONNECT',
      path: authority,
      agent: false,
      timeout: CONNECT_TIMEOUT_MS,
      headers: {
        host: authority,
        ...(username && { 'proxy-authorization': `Basic ${key.toString('base64')}` }),
      },
    })
    request.once('connect', (answer, socket: Socket, head) => {
      if (answer.statusCode === 200) {
        socket.setTimeout(0)
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
        return
      }
      socket.destroy()
      reject(new Error(`The proxy answered ${answer.statusCode}.`))
    })
    request.once('timeout', () => request.destroy(new Error('The proxy did not answer in time.')))
    request.once('error', reject)
    request.end()
  })
}

/**
 * An HTTP proxy on loopback that lets a program which resolves names itself (yt-dlp) reach only
 * what the guard lets through: each request and each tunnel is checked, and connected to the very
 * addresses that were judged. A refusal is a 403, an unreachable host a 502.
 *
 * @param upstream  a proxy that all connections go through, judged all the same; may hold a password
 */
export async function startGuardProxy(
  guard: Guard,
  upstream: string | null = null,
): Promise<GuardProxy> {
  const through = upstream === null ? null : new URL(upstream)
  const refusals: InvalidInputError[] = []
  const sockets = new Set<Duplex>()
  const agent = new http.Agent({ keepAlive: true })

  function statusOf(thrown: unknown): number {
    if (!(thrown instanceof InvalidInputError)) return 502
    refusals.push(thrown)
    return 403
  }

  const server = http.createServer((incoming, answer) => {
    forward(guard, through ?? agent, incoming, answer, statusOf)
  })
  server.on('connect', (request, client, head) => {
    sockets.add(client)
    client.once('close', () => sockets.delete(client))
    tunnel(guard, through, request.url ?? '', client as Socket, head, statusOf, (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
  })
  server.on('clientError', (_error, socket) => socket.destroy())

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as net.AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    refusals,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      agent.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** Plain http: the request line carries the whole address. */
function forward(
  guard: Guard,
  by: http.Agent | URL,
  incoming: http.IncomingMessage,
  answer: http.ServerResponse,
  statusOf: (thrown: unknown) => number,
): void {
  function fail(thrown: unknown): void {
    const status = statusOf(thrown)
    if (answer.headersSent) answer.destroy()
    else answer.writeHead(status, { 'content-type': 'text/plain' }).end(toError(thrown).message)
  }

  let url: URL
  try {
    url = guard.checkForm(incoming.url ?? '')
  } catch (thrown) {
    fail(thrown)
    return
  }
  const headers = { ...incoming.headers }
  for (const name of HOP_HEADERS) delete headers[name]
  const lookup = guard.lookupFor(url)
  const upstream = http.request(url, {
    ...(by instanceof URL
      ? {
          createConnection: (
            _: unknown,
            created: (error: Error | null, socket: Duplex) => void,
          ) => {
            connectThrough(by, guard, url).then(
              (socket) => created(null, socket),
              (error) => created(toError(error), null as never),
            )
            return null
          },
        }
      : { agent: by }),
    method: incoming.method,
    headers: { ...headers, host: url.host },
    ...(lookup && { lookup }),
  })
  upstream.on('response', (response) => {
    const passed = { ...response.headers }
    for (const name of HOP_HEADERS) delete passed[name]
    answer.writeHead(response.statusCode ?? 502, passed)
    response.on('error', () => answer.destroy())
    response.pipe(answer)
  })
  upstream.on('error', fail)
  answer.on('close', () => upstream.destroy())
  incoming.pipe(upstream)
}

/** CONNECT: bytes both ways, after the target was judged. `opened` is told of the upstream socket. */
function tunnel(
  guard: Guard,
  through: URL | null,
  authority: string,
  client: Socket,
  head: Buffer,
  statusOf: (thrown: unknown) => number,
  opened: (socket: Socket) => void,
): void {
  let open = false
  function fail(thrown: unknown): void {
    const status = statusOf(thrown)
    if (open) client.destroy()
    else client.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
  }

  client.on('error', () => client.destroy())
  let url: URL
  try {
    url = guard.checkForm(`https://${authority}`)
  } catch (thrown) {
    fail(thrown)
    return
  }
  function join(upstream: Socket): void {
    open = true
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) upstream.write(head)
    upstream.pipe(client)
    client.pipe(upstream)
  }
  function watch(upstream: Socket): void {
    opened(upstream)
    upstream.on('error', fail)
    upstream.on('close', () => client.end())
    client.on('close', () => upstream.destroy())
    if (client.destroyed) upstream.destroy()
  }
  if (through) {
    connectThrough(through, guard, url).then((upstream) => {
      watch(upstream)
      join(upstream)
    }, fail)
    return
  }
  const lookup = guard.lookupFor(url)
  const upstream = net.connect({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 443),
    ...(lookup && { lookup }),
  })
  watch(upstream)
  upstream.once('connect', () => join(upstream))
}
