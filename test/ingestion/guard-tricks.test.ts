// Long because it is a table: one line for each trick that the address guard is known to refuse.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { createGuard, type Guard } from '../../src/ingestion/guard.ts'
import { startGuardProxy } from '../../src/ingestion/guard-proxy.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { guardedInput } from '../../src/media/input-guard.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'

const run = promisify(execFile)
const signal = new AbortController().signal
const PUBLIC = '93.184.216.34'

let server: MediaServer
let folder: string

beforeAll(async () => {
  server = await startMediaServer()
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-guard-'))
})
afterAll(async () => {
  // Whatever was tried: nothing arrived.
  expect(server.requests).toEqual([])
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** `@` stands for the port of the private server. The last column is a part of the reason given. */
type Trick = [name: string, url: string, reason: RegExp]

const NUMBERS: Trick[] = [
  ['dotted', 'http://127.0.0.1:@/', /loopback/],
  ['the last of loopback', 'http://127.255.255.254:@/', /loopback/],
  ['decimal', 'http://2130706433:@/', /loopback/],
  ['hex', 'http://0x7f000001:@/', /loopback/],
  ['hex in capitals', 'http://0X7F000001:@/', /loopback/],
  ['dotted hex', 'http://0x7f.0x0.0x0.0x1:@/', /loopback/],
  ['octal', 'http://017700000001:@/', /loopback/],
  ['dotted octal', 'http://0177.0.0.01:@/', /loopback/],
  ['octal with many zeros', 'http://00000177.0.0.1:@/', /loopback/],
  ['hex, octal and decimal mixed', 'http://0x7f.00.0.1:@/', /loopback/],
  ['two parts', 'http://127.1:@/', /loopback/],
  ['three parts', 'http://127.0.1:@/', /loopback/],
  ['zero alone', 'http://0:@/', /unspecified/],
  ['a trailing dot', 'http://127.0.0.1.:@/', /loopback/],
  ['a number too large for one part', 'http://127.0.0.256:@/', /not a URL/],
  ['a number too large for IPv4', 'http://0xffffffffff:@/', /not a URL/],
  ['five parts', 'http://127.0.0.1.1:@/', /not a URL/],
]

const LETTERS: Trick[] = [
  ['full-width digits', 'http://１２７.０.０.１:@/', /loopback/],
  ['enclosed digits', 'http://①②⑦.⓪.⓪.①:@/', /loopback/],
  ['bold digits', 'http://𝟏𝟐𝟕.𝟎.𝟎.𝟏:@/', /loopback/],
  ['ideographic full stops', 'http://127。0。0。1:@/', /loopback/],
  ['a half-width full stop', 'http://127｡0｡0｡1:@/', /loopback/],
  ['a zero-width space', 'http://127.0.\u200b0.1:@/', /loopback/],
  ['a soft hyphen', 'http://127.0.0\u00ad.1:@/', /loopback/],
  ['percent-encoded digits', 'http://%31%32%37.0.0.1:@/', /loopback/],
  ['a percent-encoded dot', 'http://127%2e0.0.1:@/', /loopback/],
  ['a percent-encoded full-width dot', 'http://127%EF%BC%8E0.0.1:@/', /loopback/],
  ['a percent-encoded NUL', 'http://127.0.0.1%00.example.com:@/', /not a URL/],
  ['enclosed letters', 'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:@/', /loopback/],
  ['a long s', 'http://localho\u017ft:@/', /loopback/],
  ['full-width letters', 'http://ｌｏｃａｌｈｏｓｔ:@/', /loopback/],
]

const FORMS: Trick[] = [
  ['a user name', `http://user@${PUBLIC}/`, /user name or password/],
  ['user name and password', `http://user:secret@${PUBLIC}/`, /user name or password/],
  ['a host that is only the user name', `http://${PUBLIC}@127.0.0.1:@/`, /user name or password/],
  ['two at signs', `http://a@${PUBLIC}@127.0.0.1:@/`, /user name or password/],
  ['a space before the at sign', `http://${PUBLIC} &@127.0.0.1:@/`, /user name or password/],
  ['a semicolon as the user name', 'http://;@127.0.0.1:@/', /user name or password/],
  ['a backslash before the at sign', `http://${PUBLIC}\\@127.0.0.1:@/`, /backslash/],
  ['backslashes for slashes', 'http:\\\\127.0.0.1:@\\', /backslash/],
  ['a backslash in the path', `http://${PUBLIC}/a\\..\\b`, /backslash/],
  ['a tab in the number', 'http://127.0\t.0.1:@/', /tab/],
  ['a line break in the number', 'http://12\n7.0.0.1:@/', /line break/],
  ['a line break and a header', `http://${PUBLIC}/\r\nHost: 127.0.0.1`, /line break/],
  ['no slashes', 'http:127.0.0.1:@/', /does not begin/],
  ['one slash', 'http:/127.0.0.1:@/', /does not begin/],
  ['three slashes', 'http:///127.0.0.1:@/', /does not begin/],
  ['protocol-relative', '//127.0.0.1:@/', /not a URL/],
  ['no scheme', '127.0.0.1:@/', /not a URL|scheme/],
  ['no host', 'http://', /not a URL/],
  ['nothing', '', /not a URL/],
  ['file:', 'file:///etc/passwd', /scheme file:/],
  ['file: with a host', 'file://127.0.0.1/etc/passwd', /scheme file:/],
  ['gopher:', 'gopher://127.0.0.1:6379/_FLUSHALL', /scheme gopher:/],
  ['ftp:', `ftp://${PUBLIC}/a.mp4`, /scheme ftp:/],
  ['data:', 'data:video/mp4;base64,AAAA', /scheme data:/],
  ['blob:', 'blob:http://127.0.0.1:@/4c2c', /scheme blob:/],
  ['javascript:', 'javascript:fetch("http://127.0.0.1")', /scheme javascript:/],
  ['ws:', `ws://${PUBLIC}/`, /scheme ws:/],
  ['dict:', 'dict://127.0.0.1:11211/stats', /scheme dict:/],
  ['jar:', 'jar:http://127.0.0.1!/', /scheme jar:/],
  ["ffmpeg's concat:", 'concat:http://127.0.0.1:@/a|file:///etc/passwd', /scheme concat:/],
]

const PORTS: Trick[] = [
  ['ssh', `http://${PUBLIC}:22/`, /port 22/],
  ['mail', `http://${PUBLIC}:25/`, /port 25/],
  ['port 0', `http://${PUBLIC}:0/`, /port 0/],
  ['Docker', `http://${PUBLIC}:2375/`, /port 2375/],
  ['PostgreSQL', `http://${PUBLIC}:5432/`, /port 5432/],
  ['Redis', `http://${PUBLIC}:6379/`, /port 6379/],
  ['IRC', `http://${PUBLIC}:6667/`, /port 6667/],
  ['memcached', `https://${PUBLIC}:11211/`, /port 11211/],
  ['too large', `http://${PUBLIC}:65536/`, /not a URL/],
]

const RANGES: Trick[] = [
  ['"this network"', 'http://0.1.2.3:@/', /unspecified/],
  ['unspecified', 'http://0.0.0.0:@/', /unspecified/],
  ['10/8', 'http://10.1.2.3:@/', /private/],
  ['172.16/12', 'http://172.31.255.255:@/', /private/],
  ['192.168/16', 'http://192.168.0.1:@/', /private/],
  ['carrier-grade NAT', 'http://100.64.0.1:@/', /carrierGradeNat/],
  ["Alibaba's metadata", 'http://100.100.100.200/latest/meta-data/', /carrierGradeNat/],
  ['cloud metadata', 'http://169.254.169.254/latest/meta-data/', /linkLocal/],
  ['that in decimal', 'http://2852039166/', /linkLocal/],
  ['that in octal', 'http://0251.0376.0251.0376/', /linkLocal/],
  ['container credentials', 'http://169.254.170.2/v2/credentials', /linkLocal/],
  ["Oracle's metadata", 'http://192.0.0.192/opc/v2/', /reserved/],
  ["Azure's wire server", 'http://168.63.129.16/machine?comp=goalstate', /metadata/],
  ['documentation 1', 'http://192.0.2.1/', /reserved/],
  ['documentation 2', 'http://198.51.100.1/', /reserved/],
  ['documentation 3', 'http://203.0.113.1/', /reserved/],
  ['benchmarking', 'http://198.18.0.1/', /reserved/],
  ['6to4 relays', 'http://192.88.99.1/', /reserved/],
  ['multicast', 'http://224.0.0.1/', /multicast/],
  ['class E', 'http://240.0.0.1/', /reserved/],
  ['broadcast', 'http://255.255.255.255/', /broadcast/],
]

const IPV6: Trick[] = [
  ['loopback', 'http://[::1]:@/', /loopback/],
  ['loopback in full', 'http://[0000:0000:0000:0000:0000:0000:0000:0001]:@/', /loopback/],
  ['unspecified', 'http://[::]:@/', /unspecified/],
  ['IPv4-mapped', 'http://[::ffff:127.0.0.1]:@/', /loopback/],
  ['IPv4-mapped in hex', 'http://[::ffff:7f00:1]:@/', /loopback/],
  ['IPv4-mapped metadata', 'http://[::ffff:a9fe:a9fe]/', /linkLocal/],
  ['IPv4-compatible', 'http://[::127.0.0.1]:@/', /unassigned/],
  ['IPv4-translated', 'http://[::ffff:0:127.0.0.1]:@/', /rfc6145/],
  ['NAT64', 'http://[64:ff9b::7f00:1]:@/', /rfc6052/],
  ['NAT64 to metadata', 'http://[64:ff9b::a9fe:a9fe]/', /rfc6052/],
  ['local NAT64', 'http://[64:ff9b:1::1]/', /rfc6052/],
  ['6to4', 'http://[2002:7f00:1::]:@/', /6to4/],
  ['6to4 to metadata', 'http://[2002:a9fe:a9fe::]/', /6to4/],
  ['Teredo', 'http://[2001:0:7f00:1::]:@/', /teredo/],
  ['ISATAP', 'http://[2606:2800:220:1:0:5efe:7f00:1]:@/', /isatap/],
  ['link-local', 'http://[fe80::1]:@/', /linkLocal/],
  ['a zone', 'http://[fe80::1%25eth0]:@/', /not a URL/],
  ['a zone on loopback', 'http://[::1%25lo]:@/', /not a URL/],
  ['unique local', 'http://[fd00::1]:@/', /uniqueLocal/],
  ["AWS's metadata", 'http://[fd00:ec2::254]/latest/meta-data/', /uniqueLocal/],
  ['site-local', 'http://[fec0::1]:@/', /ite-?local/i],
  ['discard', 'http://[100::1]/', /discard/],
  ['documentation', 'http://[2001:db8::1]/', /reserved/],
  ['new documentation', 'http://[3fff::1]/', /reserved/],
  ['benchmarking', 'http://[2001:2::1]/', /benchmarking/],
  ['ORCHIDv2', 'http://[2001:20::1]/', /orchid2/],
  ['segment routing', 'http://[5f00::1]/', /segmentRouting/],
  ['multicast', 'http://[ff02::1]:@/', /multicast/],
  ['unassigned', 'http://[4000::1]/', /unassigned/],
]

/** What a resolver answers for a name that the attacker owns. */
const ANSWERS: [name: string, answers: string[], reason: RegExp][] = [
  ['loopback', ['127.0.0.1'], /loopback/],
  ['IPv6 loopback', ['::1'], /loopback/],
  ['IPv4-mapped loopback', ['::ffff:127.0.0.1'], /loopback/],
  ['metadata', ['169.254.169.254'], /linkLocal/],
  ["Azure's wire server", ['168.63.129.16'], /metadata/],
  ['that one, IPv4-mapped', ['::ffff:168.63.129.16'], /metadata/],
  ['a public address, then a private one', [PUBLIC, '10.0.0.1'], /private/],
  ['a private address, then a public one', ['10.0.0.1', PUBLIC], /private/],
  ['a link-local address with a zone', ['fe80::1%eth0'], /linkLocal/],
  ['unspecified', ['0.0.0.0'], /unspecified/],
  ['something that is no address', ['localhost'], /no address/],
  ['nothing', [], /no address/],
]

function at(text: string): string {
  return text.replace(/:@/g, `:${new URL(server.url).port}`)
}

/** By every way in: the check, a request, and the proxy that other programs go through. */
async function expectRefused(guard: Guard, url: string, reason: RegExp): Promise<void> {
  const refusal = {
    name: 'InvalidInputError',
    code: 'url-refused',
    message: expect.stringMatching(reason),
  }
  await expect(guard.check(url)).rejects.toMatchObject(refusal)
  await expect(guard.fetch(url, { signal })).rejects.toMatchObject(refusal)
  await expect(guard.fetch(url, { signal, method: 'POST', body: '{}' })).rejects.toMatchObject(
    refusal,
  )
  // What a program can put into a request line; Node's own parser hangs up on anything else.
  if (!/^[a-z]+:\/\/[\x21-\x5b\x5d-\x7e]+$/i.test(url)) return
  await using proxy = await startGuardProxy(guard)
  expect(await proxied(proxy.url, url)).toBe(403)
  expect(proxy.refusals[0]).toMatchObject({ code: 'url-refused' })
}

function proxied(proxyUrl: string, target: string): Promise<number> {
  const { hostname, port } = new URL(proxyUrl)
  return new Promise((resolve, reject) => {
    http
      .get({ host: hostname, port, path: target, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      .on('error', reject)
  })
}

describe.each([
  ['numbers', NUMBERS],
  ['letters', LETTERS],
  ['forms and schemes', FORMS],
  ['ports', PORTS],
  ['IPv4 ranges', RANGES],
  ['IPv6', IPV6],
] as [string, Trick[]][])('refused: %s', (_kind, tricks) => {
  it.each(tricks)('%s', async (_name, url, reason) => {
    await expectRefused(createGuard(), at(url), reason)
  })
})

describe('refused: names', () => {
  it.each(ANSWERS)('a name that leads to %s', async (_name, answers, reason) => {
    const guard = createGuard({
      resolve: async () => answers.map((address) => ({ address, family: 4 })),
    })
    await expectRefused(guard, at('http://name.example:@/'), reason)
    await expectRefused(guard, at('http://NAME.EXAMPLE.:@/'), reason)
    await expectRefused(guard, at('http://n\u0131me.example:@/'), reason)
  })

  it.each(['check, then use', 'every second time', 'after many good answers'])(
    'a name that changes its answer: %s',
    async (how) => {
      let asked = 0
      const good = how === 'after many good answers' ? 5 : 1
      const guard = createGuard({
        resolve: async () => {
          asked++
          const isGood = how === 'every second time' ? asked % 2 === 1 : asked <= good
          return [{ address: isGood ? PUBLIC : '127.0.0.1', family: 4 }]
        },
      })
      const url = at('http://rebind.example:@/')
      for (let i = 0; i < good; i++) await guard.check(url)
      await expect(guard.fetch(url, { signal })).rejects.toMatchObject({ code: 'url-refused' })
      expect(asked).toBe(good + 1)
    },
  )
})

describe('refused: redirects', () => {
  it.each([
    ['a private address', 'http://127.0.0.1:@/'],
    ['a decimal one', 'http://2130706433:@/'],
    ['metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['protocol-relative', '//127.0.0.1:@/'],
    ['backslashes', '\\\\127.0.0.1:@\\'],
    ['user-info', `http://u:p@${PUBLIC}/`],
    ['a service port', `http://${PUBLIC}:6379/`],
    ['file:', 'file:///etc/passwd'],
    ['gopher:', 'gopher://127.0.0.1:@/_x'],
    ['data:', 'data:text/html,x'],
    ['no URL', 'http://[::1'],
  ])('to %s', async (_name, location) => {
    await using outside = await startMediaServer()
    outside.serve('/go', { status: 302, body: '', headers: { location: at(location) } })
    const guard = createGuard({ allow: [outside.hostAndPort] })
    await expect(guard.fetch(`${outside.url}/go`, { signal })).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'url-refused',
    })
    expect(outside.requests).toHaveLength(1)
  })

  it('of a POST are not followed at all', async () => {
    await using outside = await startMediaServer()
    outside.serve('/go', { status: 307, body: '', headers: { location: '/there' } })
    const guard = createGuard({ allow: [outside.hostAndPort] })
    const request = { signal, method: 'POST', body: '{}' } as const
    expect((await guard.fetch(`${outside.url}/go`, request)).status).toBe(307)
    expect(outside.requests.map(({ path: asked }) => asked)).toEqual(['/go'])
  })
})

describe('refused: playlists that point inside', () => {
  const playlist = () =>
    `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-KEY:METHOD=AES-128,URI="${server.url}/key"\n` +
    `#EXT-X-MAP:URI="${server.url}/init.mp4"\n#EXTINF:2,\n${server.url}/secret.ts\n#EXT-X-ENDLIST\n`
  const MPD = () =>
    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"><Period><BaseURL>${server.url}/</BaseURL><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`

  it.each([
    ['HLS', 'list.m3u8', playlist],
    ['HLS with the name of a video', 'clip.mp4', playlist],
    ['a concat list', 'clip.mkv', () => `ffconcat version 1.0\nfile ${server.url}/secret.ts\n`],
    ['DASH with the name of a video', 'clip.webm', MPD],
  ])('%s, by ffprobe', async (_name, file, body) => {
    const written = path.join(folder, file)
    await writeFile(written, body())
    await expect(probe(readSettings({}), written, { signal })).rejects.toMatchObject({
      name: 'PermanentError',
      code: expect.stringMatching(/^(format-not-accepted|not-a-video)$/),
    })
  })

  it('by ffmpeg, which may open files and nothing else', async () => {
    const written = path.join(folder, 'segments.mp4')
    await writeFile(written, playlist())
    const args = [...guardedInput('ffmpeg', written), '-f', 'null', '-']
    await expect(run('ffmpeg', ['-nostdin', '-v', 'error', ...args])).rejects.toMatchObject({
      stderr: expect.stringMatching(/whitelist|Invalid data/i),
    })
    // The same playlist without the guard's options does reach out: the test can fail.
    await using bait = await startMediaServer()
    await writeFile(written.replace('.mp4', '.m3u8'), playlist().replaceAll(server.url, bait.url))
    const open = ['-nostdin', '-v', 'quiet', '-protocol_whitelist', 'file,http,tcp,crypto']
    await run('ffmpeg', [
      ...open,
      ...['-i', written.replace('.mp4', '.m3u8'), '-f', 'null', '-'],
    ]).catch(() => undefined)
    expect(bait.requests.length).toBeGreaterThan(0)
  })
})

describe('let through', () => {
  it.each([
    `http://${PUBLIC}/a.mp4`,
    `https://${PUBLIC}/a%20b.mp4?x=1&y=\\z#t`,
    `http://${PUBLIC}:8080/`,
    `https://${PUBLIC}:8443/`,
    'https://[2606:4700::1111]/',
    '  https://commons.wikimedia.org/wiki/File:A.webm ',
    'https://bücher.example/ä.mp4',
    'https://example.com/a@b.mp4',
  ])('%s', (url) => {
    expect(createGuard().checkForm(url).protocol).toMatch(/^https?:$/)
  })
})
