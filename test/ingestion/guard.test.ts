import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { createGuard, guardOf } from '../../src/ingestion/guard.ts'
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
