import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { type ProgramLibrary, programLibrary, type RunningServer } from '../support/program.ts'
import { serveHttp } from '../support/servers.ts'

let library: ProgramLibrary
let server: RunningServer
let clip: string

beforeAll(async () => {
  library = await programLibrary()
  clip = path.join(library.folder, 'clip.mp4')
  await makeClip(clip)
  server = await library.serve()
}, 240_000)
afterAll(() => library[Symbol.asyncDispose]())

const long = 'x'.repeat(10_000)
/** Arguments, exit code, and what the message must say. */
const refused: [name: string, args: string[], code: number, says: RegExp[]][] = [
  ['a path that is not there', ['ingest', '/no/such/folder'], 2, [/no file or folder \/no\/such/]],
  ['0 videos', ['ingest', 'gears', '--max-videos', '0'], 2, [/max.videos/, /at least 1/, /got 0/]],
  ['-1 videos', ['ingest', 'gears', '--max-videos', '-1'], 2, [/--max-videos/, /-1/, /whole/]],
  [
    'a thousand million videos',
    ['ingest', 'gears', '--max-videos', '1000000000'],
    2,
    [/max.videos/, /at most 10000/, /got 1000000000/],
  ],
  ['"ten" videos', ['ingest', 'gears', '--max-videos', 'ten'], 2, [/ten/, /whole number/]],
  [
    'an unknown platform',
    ['ingest', 'gears', '--platform', 'vimeo'],
    2,
    [/platform/, /youtube/, /vimeo/],
  ],
  ['an unknown option', ['ingest', 'gears', '--colour'], 2, [/unknown option '--colour'/]],
  ['an unknown command', ['injest'], 2, [/unknown command 'injest'/, /ingest/]],
  ['10,000 characters to ingest', ['ingest', long], 2, [/query/, /1000 characters/]],
  ['10,000 characters to search for', ['search', long], 2, [/1000 characters/]],
  [
    'a filter that is no JSON',
    ['search', 'x', '--filter', 'tags=cnc'],
    2,
    [/JSON object/, /tags=/],
  ],
  ['an unknown filter', ['dataset', 'create', 'x', '--filter', '{"hue":1}'], 2, [/hue/, /tags/]],
  ['an id that is none', ['videos', 'abc'], 1, [/no video with the id "abc"/]],
  ['a port beyond all ports', ['serve', '--port', '99999'], 2, [/65535/, /99999/]],
  ['a worker without a server database', ['worker'], 2, [/DATABASE_URL/]],
  [
    'this machine, by address',
    ['ingest', 'http://127.0.0.1:1/x.mp4'],
    2,
    [/127\.0\.0\.1/, /public/],
  ],
  ['the cloud’s own data', ['ingest', 'http://169.254.169.254/'], 2, [/169\.254/, /public/]],
]

test.concurrent.each(refused)(
  '%s: refused with what is expected',
  async (_name, args, code, says) => {
    const ended = await library.run(...args)
    expect(ended.code, ended.stderr).toBe(code)
    for (const pattern of says) expect(ended.stderr).toMatch(pattern)
    expect(ended.stdout).toBe('')
    expect(ended.stderr.length).toBeLessThan(2_000)
    expect(ended.stderr).not.toMatch(/\n\s+at /)
  },
)

test('a refusal with --json is one JSON value on standard error, and none on the other', async () => {
  const { code, stdout, stderr } = await library.run('ingest', '/no/such/folder', '--json')
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'path-not-found' } })
})

test('an address of this machine is refused before anything is asked of it', async () => {
  const asked: string[] = []
  await using web = await serveHttp((request, response) => {
    asked.push(request.url ?? '')
    response.end()
  })
  const list = path.join(library.folder, 'list.txt')
  await writeFile(list, `${web.url}/a.mp4\n${web.url.replace('127.0.0.1', 'localhost')}/b.mp4\n`)
  for (const what of [`${web.url}/x.mp4`, list]) {
    const { code, stderr } = await library.run('ingest', what, '--wait')
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(/public/)
  }
  expect(asked).toEqual([])
})

test('a folder without videos fails its task and says which endings are taken', async () => {
  const folder = path.join(library.folder, 'notes')
  await mkdir(folder)
  await writeFile(path.join(folder, 'notes.md'), '# Notes')
  const { code, stdout } = await library.run('ingest', folder, '--wait')
  expect(code).toBe(1)
  expect(stdout).toMatch(/There is no video in .*notes\. Expected files ending in mp4/)
})

test('every --json answer is exactly one JSON value', async () => {
  const one = async (...args: string[]) => {
    const { stdout, stderr } = await library.run(...args, '--json')
    expect(stdout, `${args.join(' ')}: ${stderr}`).toMatch(/^[^\n]+\n$/)
    return JSON.parse(stdout)
  }
  const task = await one('ingest', clip, '--wait')
  expect(task).toMatchObject({ status: 'completed', videos_processed: 1 })
  expect(await one('ingest', clip)).toMatchObject({ platform: 'folder' })
  expect((await one('tasks')).items.length).toBeGreaterThanOrEqual(2)
  expect(await one('tasks', task.id)).toMatchObject({ id: task.id })
  const { items } = await one('videos')
  expect(items).toHaveLength(1)
  expect(await one('videos', items[0].id)).toMatchObject({ title: 'clip.mp4' })
  const { results } = await one('search', 'clip')
  expect(results[0]).toMatchObject({ video_id: items[0].id })
  const dataset = await one('dataset', 'create', 'all')
  expect(dataset).toMatchObject({ name: 'all', video_count: 1 })
  expect(await one('dataset', 'list')).toMatchObject({ items: [{ id: dataset.id }] })
  expect(await one('dataset', 'show', dataset.id)).toMatchObject({ id: dataset.id })
  const file = path.join(library.folder, 'all.zip')
  expect(await one('export', dataset.id, '--out', file)).toMatchObject({ file })
  expect((await readFile(file)).subarray(0, 2).toString()).toBe('PK')
  expect((await one('models', 'list')).items.length).toBeGreaterThan(2)
  expect((await one('doctor')).checks.length).toBeGreaterThan(3)
})

test('a second server on the library is refused and told where the first one is', async () => {
  const { code, stderr } = await library.run('serve', '--port', '0')
  expect(code).toBe(1)
  expect(stderr).toContain(`Process ${server.program.pid}`)
  expect(stderr).toContain(server.url)
  expect(stderr).toContain('FORGEINDEX_DATA_DIR')
})

test('a port in use is named, and the library is free again afterwards', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as { port: number }
  server.program.kill('SIGTERM')
  expect((await server.program.ended).code).toBe(0)
  const { code, stderr } = await library.run('serve', '--port', String(port))
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`Port ${port} .* is in use .*--port`))
  await new Promise((resolve) => holder.close(resolve))
  const { code: after, stdout } = await library.run('migrate', '--json')
  expect(after).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ form: 'embedded' })
})
