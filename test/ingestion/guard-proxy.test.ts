import http from 'node:http'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGuard } from '../../src/ingestion/guard.ts'
import { startGuardProxy } from '../../src/ingestion/guard-proxy.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'

const refusal = { name: 'InvalidInputError', code: 'url-refused' }
const here = { address: '127.0.0.1', family: 4 }
const outside = { address: '93.184.216.34', family: 4 }

let server: MediaServer
let port: number

beforeAll(async () => {
  server = await startMediaServer()
  port = Number(new URL(server.url).port)
  server.serve('/clip.mp4', { body: 'the private bytes' })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

describe('the proxy for programs that resolve names themselves', () => {
  it('passes an operator endpoint and refuses the rest, plain and tunnelled', async () => {
    await using other = await startMediaServer()
    await using proxy = await startGuardProxy(createGuard({ allow: [server.hostAndPort] }))

    expect(await throughProxy(proxy.url, `${server.url}/clip.mp4`)).toEqual({
      status: 200,
      body: 'the private bytes',
    })
    expect((await throughProxy(proxy.url, `${other.url}/x`)).status).toBe(403)
    expect((await throughProxy(proxy.url, 'http://2130706433/')).status).toBe(403)
    expect((await throughProxy(proxy.url, `http://localhost:${port}/`)).status).toBe(403)
    expect(await tunnelStatus(proxy.url, other.hostAndPort)).toBe(403)
    expect(await tunnelStatus(proxy.url, `localhost:${port}`)).toBe(403)
    expect(await tunnelStatus(proxy.url, '[::ffff:127.0.0.1]:443')).toBe(403)
    expect(await tunnelStatus(proxy.url, 'nonsense')).not.toBe(200)
    expect(await tunnelStatus(proxy.url, server.hostAndPort)).toBe(200)
    expect(other.requests).toHaveLength(0)
    expect(proxy.refusals.length).toBeGreaterThanOrEqual(6)
    expect(proxy.refusals[0]).toMatchObject(refusal)
  })

  it('refuses a name whose answer changed after a first look', async () => {
    let asked = 0
    const guard = createGuard({ resolve: async () => [asked++ === 0 ? outside : here] })
    await using proxy = await startGuardProxy(guard)
    const url = `http://rebind.example:${port}/clip.mp4`
    await guard.check(url)
    const before = server.requests.length
    expect((await throughProxy(proxy.url, url)).status).toBe(403)
    expect(await tunnelStatus(proxy.url, `rebind.example:${port}`)).toBe(403)
    expect(server.requests.length).toBe(before)
  })

  it('carries bytes both ways through a tunnel', async () => {
    await using proxy = await startGuardProxy(createGuard({ allow: [server.hostAndPort] }))
    const socket = await openTunnel(proxy.url, server.hostAndPort)
    socket.write(`GET /clip.mp4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toContain('the private bytes')
  })

  it('goes through an upstream proxy, judged before and by number', async () => {
    const asked: { authority: string; key: string | undefined }[] = []
    await using upstream = await startUpstreamProxy((authority, key) =>
      asked.push({ authority, key }),
    )
    const guard = createGuard({
      allow: [server.hostAndPort],
      resolve: async (hostname) => [
        hostname === 'inside.example'
          ? { address: '10.0.0.7', family: 4 }
          : { address: '93.184.216.34', family: 4 },
      ],
    })
    const through = `http://me:p%40ss@${upstream.hostAndPort}`
    await using proxy = await startGuardProxy(guard, through)
    server.serve('/clip.mp4', { body: 'film' })
    expect(await throughProxy(proxy.url, `${server.url}/clip.mp4`)).toEqual({
      status: 200,
      body: 'film',
    })
    expect(await tunnelStatus(proxy.url, server.hostAndPort)).toBe(200)
    const key = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(asked).toEqual([
      { authority: server.hostAndPort, key },
      { authority: server.hostAndPort, key },
    ])
    // A public name is asked for by its number; what leads inside is not asked for at all.
    expect(await tunnelStatus(proxy.url, 'media.example:443')).toBe(502)
    expect(asked.at(-1)?.authority).toBe('93.184.216.34:443')
    expect(await tunnelStatus(proxy.url, 'inside.example:443')).toBe(403)
    expect((await throughProxy(proxy.url, 'http://inside.example/')).status).toBe(403)
    expect(await tunnelStatus(proxy.url, '127.0.0.1:443')).toBe(403)
    expect(asked).toHaveLength(3)
  })

  it('says 502 when the upstream proxy is not there, and never its password', async () => {
    await using gone = await startUpstreamProxy(() => {})
    const { hostAndPort } = gone
    await gone[Symbol.asyncDispose]()
    const guard = createGuard({ allow: [server.hostAndPort] })
    await using proxy = await startGuardProxy(guard, `http://me:hunter2@${hostAndPort}`)
    const answer = await throughProxy(proxy.url, `${server.url}/clip.mp4`)
    expect(answer.status).toBe(502)
    expect(answer.body).not.toContain('hunter2')
    expect(await tunnelStatus(proxy.url, server.hostAndPort)).toBe(502)
  })
})

/** A proxy that connects to loopback only; anything else is a 502. */
async function startUpstreamProxy(
  told: (authority: string, key: string | undefined) => void,
): Promise<{ hostAndPort: string } & AsyncDisposable> {
  const proxy = http.createServer()
  const sockets = new Set<net.Socket>()
  proxy.on('connection', (socket) => sockets.add(socket))
  proxy.on('connect', (request, client, head) => {
    told(request.url ?? '', request.headers['proxy-authorization'])
    const [host, port] = (request.url ?? '').split(':')
    if (host !== '127.0.0.1') {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      return
    }
    const socket = net.connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.write(head)
      socket.pipe(client).pipe(socket)
    })
    client.on('error', () => socket.destroy())
    client.on('close', () => socket.destroy())
    socket.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as net.AddressInfo
  return {
    hostAndPort: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function throughProxy(proxyUrl: string, target: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port: proxyPort } = new URL(proxyUrl)
    http
      .get({ host: hostname, port: proxyPort, path: target, agent: false }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      })
      .on('error', reject)
  })
}

async function openTunnel(proxyUrl: string, authority: string): Promise<net.Socket> {
  return await new Promise((resolve, reject) => {
    const { hostname, port: proxyPort } = new URL(proxyUrl)
    const request = http.request({
      host: hostname,
      port: proxyPort,
      method: 'CONNECT',
      path: authority,
      agent: false,
    })
    request.on('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket as net.Socket)
      else {
        socket.destroy()
        reject(new Error(String(response.statusCode)))
      }
    })
    request.on('error', reject)
    request.end()
  })
}

async function tunnelStatus(proxyUrl: string, authority: string): Promise<number> {
  try {
    ;(await openTunnel(proxyUrl, authority)).destroy()
    return 200
  } catch (thrown) {
    return Number((thrown as Error).message)
  }
}
