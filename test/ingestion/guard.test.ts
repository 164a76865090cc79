import http from 'node:http'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { createGuard, guardOf } from '../../src/ingestion/guard.ts'
import { startGuardProxy } from '../../src/ingestion/guard-proxy.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'

const signal = new AbortController().signal
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

/** A guard that must refuse; nothing may arrive at the private server. */
async function expectRefused(url: string, resolve?: () => Promise<(typeof here)[]>) {
  const guard = createGuard(resolve ? { resolve } : {})
  const before = server.requests.length
  await expect(guard.check(url)).rejects.toMatchObject(refusal)
  await expect(guard.fetch(url, { signal })).rejects.toMatchObject(refusal)
  expect(server.requests.length).toBe(before)
}

describe('addresses that are refused', () => {
  it.each([
    ['dotted', '127.0.0.1'],
    ['decimal', '2130706433'],
    ['hex', '0x7f000001'],
    ['dotted hex', '0x7f.0x0.0x0.0x1'],
    ['octal', '0177.0.0.01'],
    ['short', '127.1'],
    ['with a trailing dot', '127.0.0.1.'],
    ['full-width digits', '１２７.０.０.１'],
    ['unspecified', '0.0.0.0'],
    ['a cloud metadata address', '169.254.169.254'],
    ['that one in decimal', '2852039166'],
    ['10/8', '10.1.2.3'],
    ['172.16/12', '172.31.255.255'],
    ['192.168/16', '192.168.0.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['benchmarking', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['IPv6 loopback', '[::1]'],
    ['IPv6 unspecified', '[::]'],
    ['IPv4-mapped', '[::ffff:127.0.0.1]'],
    ['IPv4-mapped in hex', '[::ffff:7f00:1]'],
    ['IPv4-compatible', '[::127.0.0.1]'],
    ['NAT64', '[64:ff9b::7f00:1]'],
    ['6to4', '[2002:7f00:1::]'],
    ['link-local', '[fe80::1]'],
    ['unique local', '[fd00::1]'],
  ])('%s', async (_form, host) => {
    await expectRefused(`http://${host}:${port}/clip.mp4`)
  })

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1:70/_x',
    'ftp://example.com/a.mp4',
    'data:video/mp4;base64,AAAA',
    'javascript:1',
    'not a url',
    '',
    'http://user@93.184.216.34/a.mp4',
    'http://user:secret@93.184.216.34/a.mp4',
    'http://93.184.216.34:22/a.mp4',
    'http://93.184.216.34:25/a.mp4',
  ])('%s', async (url) => {
    await expectRefused(url)
  })

  it('does not repeat a password in the message', async () => {
    await expect(createGuard().check('http://user:hunter22@10.0.0.1/')).rejects.toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter22') }),
    )
  })

  it('a name that resolves to loopback, also with a trailing dot', async () => {
    await expectRefused(`http://localhost:${port}/clip.mp4`)
    await expectRefused(`http://localhost.:${port}/clip.mp4`, async () => [here])
  })

  it('a name with one public and one private address', async () => {
    await expectRefused(`http://two.example:${port}/clip.mp4`, async () => [outside, here])
  })
})

describe('names that change', () => {
  it('a name that was public when checked and is private when used is refused at connect', async () => {
    let asked = 0
    const guard = createGuard({ resolve: async () => [asked++ === 0 ? outside : here] })
    const url = `http://rebind.example:${port}/clip.mp4`
    const before = server.requests.length
    await guard.check(url)
    await expect(guard.fetch(url, { signal })).rejects.toMatchObject(refusal)
    expect(asked).toBe(2)
    expect(server.requests.length).toBe(before)
  })

  it('the connection goes to the address that was judged, without asking again', async () => {
    let asked = 0
    const guard = createGuard({ resolve: async () => [asked++ === 0 ? outside : here] })
    const before = server.requests.length
    // Nothing answers on that public address and port: the request hangs or fails, but not here.
    const soon = AbortSignal.timeout(300)
    await expect(guard.fetch(`http://once.example:${port}/`, { signal: soon })).rejects.toThrow()
    expect(asked).toBe(1)
    expect(server.requests.length).toBe(before)
  })

  it('a name that does not resolve is a passing fault', async () => {
    const guard = createGuard({ resolve: async () => Promise.reject(new Error('ENOTFOUND')) })
    await expect(guard.fetch('http://nowhere.example/', { signal })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'network',
    })
  })
})

describe('operator endpoints', () => {
  it('pass by exact host and port only', async () => {
    const guard = createGuard({ allow: [server.hostAndPort] })
    const response = await guard.fetch(`${server.url}/clip.mp4`, { signal })
    expect(await response.text()).toBe('the private bytes')
    await expect(guard.check(`http://127.0.0.1:${port + 1}/`)).rejects.toMatchObject(refusal)
    await expect(guard.check(`http://127.0.0.2:${port}/`)).rejects.toMatchObject(refusal)
    await expect(guard.check(`http://localhost:${port}/`)).rejects.toMatchObject(refusal)
    await expect(guard.check(`http://u@127.0.0.1:${port}/`)).rejects.toMatchObject(refusal)
  })

  it('come from the settings', async () => {
    const guard = guardOf(readSettings({ FORGEINDEX_COMMONS_URL: server.url }))
    expect((await guard.fetch(`${server.url}/clip.mp4`, { signal })).status).toBe(200)
    await expect(guard.check(`http://127.0.0.1:${port + 1}/`)).rejects.toMatchObject(refusal)
  })
})

describe('redirects', () => {
  it('carry no authorization to another origin, and no POST on', async () => {
    await using other = await startMediaServer()
    const headers = { authorization: 'Bearer secret', 'x-open': 'yes' }
    server.serve('/away', {
      body: '',
      status: 307,
      headers: { location: other.serve('/clip.mp4', { body: 'bytes' }) },
    })
    server.serve('/near', { body: '', status: 302, headers: { location: '/clip.mp4' } })
    const guard = createGuard({ allow: [server.hostAndPort, other.hostAndPort] })
    await (await guard.fetch(`${server.url}/near`, { signal, headers })).body?.cancel()
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer secret')
    await (await guard.fetch(`${server.url}/away`, { signal, headers })).body?.cancel()
    expect(other.requests[0]?.headers).toMatchObject({ 'x-open': 'yes' })
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization')
    const post = { signal, headers, method: 'POST', body: '{}' } as const
    expect((await guard.fetch(`${server.url}/away`, post)).status).toBe(307)
    expect(other.requests).toHaveLength(1)
  })

  it('are followed, each one checked', async () => {
    await using other = await startMediaServer()
    other.serve('/private', { body: 'secret' })
    const guard = createGuard({ allow: [server.hostAndPort] })
    const to = (location: string) =>
      server.serve('/go', { status: 302, body: '', headers: { location } })

    to('/clip.mp4')
    const response = await guard.fetch(`${server.url}/go`, { signal })
    expect(response.url).toBe(`${server.url}/clip.mp4`)
    expect(await response.text()).toBe('the private bytes')

    for (const location of [
      `${other.url}/private`,
      'http://2130706433/',
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
      'http://u:p@93.184.216.34/',
    ]) {
      to(location)
      await expect(guard.fetch(`${server.url}/go`, { signal })).rejects.toMatchObject(refusal)
    }
    expect(other.requests).toHaveLength(0)
  })

  it('end after five', async () => {
    const guard = createGuard({ allow: [server.hostAndPort] })
    server.serve('/loop', { status: 302, body: '', headers: { location: '/loop' } })
    const before = server.requests.length
    await expect(guard.fetch(`${server.url}/loop`, { signal })).rejects.toMatchObject({
      code: 'too-many-redirects',
    })
    expect(server.requests.length - before).toBe(6)
  })
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
