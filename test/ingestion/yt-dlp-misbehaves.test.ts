import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../src/config/settings.ts'
import { TransientError } from '../../src/errors.ts'
import { download } from '../../src/ingestion/downloader.ts'

const signal = new AbortController().signal
// A public address by number: the guard's check needs no resolver, and nothing is asked of it.
const PAGE = 'https://93.184.216.34/page'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'yt-dlp-bad-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let programs = 0

/** Settings whose yt-dlp does this after it has told its version; `cwd` is the download's folder. */
async function withProgram(script: string, more: Record<string, string> = {}): Promise<Settings> {
  const program = path.join(folder, `yt-dlp-${programs++}`)
  const head = `#!/usr/bin/env node
if (process.argv.includes('--version')) { console.log('2026.08.19'); process.exit(0) }
const fs = require('node:fs')
`
  await writeFile(program, head + script, { mode: 0o755 })
  return readSettings({
    FORGEINDEX_YT_DLP: program,
    FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
    FORGEINDEX_STALL_TIMEOUT: '0.5',
    ...more,
  })
}

async function failure(settings: Settings, url = PAGE): Promise<Error & { code: string }> {
  const job = await mkdtemp(path.join(folder, 'job-'))
  const source = { platform: 'urls', url } as const
  return await download(settings, source, job, { signal }).then(
    () => expect.fail('it succeeded'),
    (thrown) => thrown,
  )
}

describe('a yt-dlp that', () => {
  it('hangs without a word is stopped, and the download may be tried again', async () => {
    const settings = await withProgram(`setInterval(() => {}, 1000)`)
    const started = performance.now()
    expect(await failure(settings)).toMatchObject({ name: 'TransientError', code: 'network' })
    // Four stall times.
    expect(performance.now() - started).toBeGreaterThan(1900)
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('works for long but speaks is left alone', async () => {
    const settings = await withProgram(`
      let n = 0
      setInterval(() => {
        console.log('PROGRESS {"status":"downloading","downloaded_bytes":' + ++n + '}')
        if (n < 8) return
        fs.writeFileSync('original.mp4', 'film')
        console.log('DONE {"filepath":"' + process.cwd() + '/original.mp4"}')
        process.exit(0)
      }, 400)`)
    const job = await mkdtemp(path.join(folder, 'job-'))
    const got = await download(settings, { platform: 'urls', url: PAGE }, job, { signal })
    expect(got).toMatchObject({ bytes: 4, file: path.join(job, 'original.mp4') })
  })

  it.each([
    [
      'prints garbage and ends well',
      `console.log('\\0\\uFFFD<html>PROGRESS {'); console.log('PROGRESS {not json'); console.log('DONE [1,2'); console.log('FOUND null')`,
    ],
    ['ends well without a file', `console.log('FOUND {"duration":10,"is_live":false}')`],
    ['names a file that is not there', `console.log('DONE {"filepath":"original.mp4"}')`],
    [
      'names an empty file',
      `fs.writeFileSync('original.mp4', ''); console.log('DONE {"filepath":"original.mp4"}')`,
    ],
    [
      'names a folder',
      `fs.mkdirSync('original.mp4'); console.log('DONE {"filepath":"original.mp4"}')`,
    ],
    ['names a file outside its folder', `console.log('DONE {"filepath":"/etc/passwd"}')`],
    [
      'names a link to outside',
      `fs.symlinkSync('/etc/passwd', 'original.mp4'); console.log('DONE {"filepath":"original.mp4"}')`,
    ],
  ])('%s gives no file', async (_what, script) => {
    expect(await failure(await withProgram(script))).toMatchObject({
      name: 'PermanentError',
      code: 'no-file',
    })
  })

  it('ends badly without a reason is an unknown fault, which is tried again', async () => {
    const settings = await withProgram(`console.error('Segmentation fault'); process.exit(139)`)
    expect(await failure(settings)).toMatchObject({
      name: 'ForgeindexError',
      code: 'yt-dlp-failed',
    })
  })

  it('writes more than is allowed without telling is stopped', async () => {
    const settings = await withProgram(
      `const file = fs.openSync('original.mp4.part', 'w')
      setInterval(() => { fs.writeSync(file, Buffer.alloc(20_000_000)); console.log('still here') }, 100)`,
      { FORGEINDEX_MAX_UPLOAD_BYTES: '1000000' },
    )
    const error = await failure(settings)
    expect(error).toMatchObject({ name: 'PermanentError', code: 'too-large' })
    const left = (await readdir(folder)).filter((name) => name.startsWith('job-'))
    expect(left.length).toBeGreaterThan(0)
  })

  it('is stopped when the disk is as full as it may get', async () => {
    const settings = await withProgram(`setInterval(() => console.log('still here'), 100)`, {
      FORGEINDEX_MIN_FREE_BYTES: String(2 ** 50),
    })
    const error = await failure(settings)
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({ code: 'disk-full' })
    expect(error.message).toMatch(/FORGEINDEX_MIN_FREE_BYTES/)
  })
})

describe('the cookies of a platform', () => {
  const watch = 'https://www.youtube.com/watch?v=dQw4w9WgXcQ'

  it('are a private copy, gone afterwards, and the original stays as it was', async () => {
    const original = path.join(folder, 'my-cookies.txt')
    const said = path.join(folder, 'said.json')
    await writeFile(original, '# Netscape HTTP Cookie File\nsecret-of-mine\n')
    const settings = await withProgram(
      `const file = process.argv[process.argv.indexOf('--cookies') + 1]
      const stat = fs.statSync(file)
      fs.writeFileSync(${JSON.stringify(said)}, JSON.stringify({
        file, text: fs.readFileSync(file, 'utf8'), mode: stat.mode & 0o777,
        env: Object.keys(process.env).filter((name) => /COOKIES_|PROXY_Y/.test(name)),
        args: process.argv.slice(2),
      }))
      fs.writeFileSync(file, 'changed by the program')
      console.error('ERROR: [youtube] x: Private video')
      process.exit(1)`,
      {
        FORGEINDEX_COOKIES_YOUTUBE: original,
        FORGEINDEX_PROXY_YOUTUBE: 'http://me:hunter2@proxy.example:3128',
      },
    )
    const job = await mkdtemp(path.join(folder, 'job-'))
    const from = { platform: 'youtube', url: watch } as const
    // Names cannot be resolved in a test: yt-dlp is asked directly.
    const { extractInfo } = await import('../../src/ingestion/yt-dlp.ts')
    const error = await extractInfo(settings, from.url, { signal, limit: 1 }).catch((e) => e)
    expect(error).toMatchObject({ code: 'video-private' })
    const told = JSON.parse(await readFile(said, 'utf8'))
    expect(told).toMatchObject({ mode: 0o600, env: [] })
    expect(told.text).toContain('secret-of-mine')
    expect(told.file).not.toBe(original)
    expect(existsSync(told.file)).toBe(false)
    expect(existsSync(path.dirname(told.file))).toBe(false)
    expect(await readFile(original, 'utf8')).toContain('secret-of-mine')
    // The password stays with us: yt-dlp knows our own proxy only.
    expect(told.args.join(' ')).not.toMatch(/hunter2|proxy\.example/)
    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(
      /hunter2|secret-of-mine|my-cookies/,
    )
    expect(await readdir(job)).toEqual([])
  })

  it('that cannot be read are said by their setting, not by their path', async () => {
    const settings = await withProgram('', {
      FORGEINDEX_COOKIES_YOUTUBE: path.join(folder, 'no-such-file'),
    })
    const { extractInfo } = await import('../../src/ingestion/yt-dlp.ts')
    const error = await extractInfo(settings, watch, { signal, limit: 1 }).catch((e) => e)
    expect(error).toMatchObject({ name: 'PermanentError', code: 'cookies-unreadable' })
    expect(error.message).toContain('FORGEINDEX_COOKIES_YOUTUBE')
    expect(error.message).not.toContain('no-such-file')
  })
})

describe('a proxy in the settings', () => {
  it.each(['socks5://x:1', 'proxy.example:3128', 'http://', 'http://me:hunter2@ x'])(
    'that is none is refused without its text: %s',
    (value) => {
      const read = () => readSettings({ FORGEINDEX_PROXY_TIKTOK: value })
      expect(read).toThrow(/FORGEINDEX_PROXY_TIKTOK: a proxy such as/)
      expect(read).not.toThrow(/hunter2/)
    },
  )
})
