import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openServer } from '../../src/config/database.ts'
import { makeClip } from '../support/clip.ts'
import { faultsOf } from '../support/crash-check.ts'
import { databaseProxy } from '../support/database-proxy.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'
import { createTestDatabase, testDatabaseUrl } from '../support/servers.ts'

const SECRET = 'hunter2-is-secret'
const server = testDatabaseUrl()

const wrong: [name: string, url: string, code: number, says: RegExp][] = [
  ['no URL', SECRET, 2, /DATABASE_URL/],
  ['of another kind', `mysql://me:${SECRET}@127.0.0.1/db`, 2, /DATABASE_URL/],
  [
    'on a port where nothing listens',
    `postgresql://me:${SECRET}@127.0.0.1:1/db`,
    1,
    /DATABASE_URL does not answer \(ECONNREFUSED\)/,
  ],
  [
    'on a host that is none',
    `postgresql://me:${SECRET}@host.invalid/db`,
    1,
    /DATABASE_URL does not answer \((ENOTFOUND|EAI_AGAIN)\)/,
  ],
]

test.each(wrong)(
  'a DATABASE_URL that is %s: said without its password',
  async (_n, url, code, says) => {
    await using library = await programLibrary({ DATABASE_URL: url })
    await refused(library, code, says, ['serve', '--port', '0'])
  },
)

test.skipIf(!server).each([
  [
    'with a wrong password',
    (url: URL) => Object.assign(url, { password: SECRET }),
    /password authentication failed/,
  ],
  [
    'with an unknown database',
    (url: URL) => Object.assign(url, { pathname: '/no_such_database' }),
    /does not exist/,
  ],
] as const)('a DATABASE_URL %s: said without its password', async (_name, change, says) => {
  const url = new URL(server ?? '')
  const { password } = url
  change(url)
  await using library = await programLibrary({ DATABASE_URL: url.href })
  const said = await refused(library, 2, says)
  expect(said).not.toContain(password)
})

/** Says the fault in a sentence. */
async function refused(
  library: ProgramLibrary,
  code: number,
  says: RegExp,
  command: string[] = ['tasks', '--json'],
): Promise<string> {
  const ended = await library.run(...command)
  expect(ended.code, ended.stderr).toBe(code)
  expect(ended.stdout).toBe('')
  expect(ended.stderr).toMatch(says)
  expect(ended.stderr).not.toMatch(/\n\s+at /)
  expect(ended.stderr).not.toContain(SECRET)
  return ended.stderr
}

test.skipIf(!server)(
  'a database that goes away for seconds: 503 meanwhile, then all is done',
  async () => {
    const database = await createTestDatabase()
    try {
      await using proxy = await databaseProxy(database.url)
      await using library = await programLibrary({ DATABASE_URL: proxy.url })
      const clips = path.join(library.folder, 'clips')
      await mkdir(clips)
      for (const pattern of ['testsrc2', 'smptebars', 'rgbtestsrc']) {
        await makeClip(path.join(clips, `${pattern}.mp4`), { seconds: 4, size: '640x480', pattern })
      }
      library.variables.FORGEINDEX_IMPORT_DIRS = clips
      const running = await library.serve()
      const { body } = await running.ask<{ id: string }>('POST', '/api/ingest', { path: clips })
      await sleep(1_500)
      await proxy.cut()
      await expect
        .poll(async () => (await running.ask('GET', '/health')).status, { timeout: 20_000 })
        .toBe(503)
      expect((await running.ask('GET', '/api/videos')).body).toMatchObject({
        status: 503,
        code: 'database-unreachable',
      })
      await sleep(2_000)
      await proxy.restore()
      await expect
        .poll(async () => (await running.ask('GET', '/health')).status, { timeout: 20_000 })
        .toBe(200)
      const task = await endOfTask<{ status: string; videos_processed: number }>(running, body.id)
      expect(task).toMatchObject({ status: 'completed', videos_processed: 3 })
      running.program.kill('SIGTERM')
      const ended = await running.program.ended
      expect(ended.code, ended.stderr).toBe(0)
      await using direct = openServer(database.url)
      expect(await faultsOf(direct, library.dataDir)).toEqual([])
    } finally {
      await database.drop()
    }
  },
  240_000,
)
