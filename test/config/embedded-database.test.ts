import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isDatabaseAway, openEmbedded } from '../../src/config/database.ts'
import { EmbeddedDatabase } from '../../src/config/embedded-database.ts'

const root = path.join(import.meta.dirname, '../..')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-embedded-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the embedded database', () => {
  it('leaves the thread that asks free while it computes', async () => {
    await using database = await openEmbedded(folder)
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const { rows } = await database.pool.query(
      'select count(*) from generate_series(1, 2000000) as n where n % 7 = 3',
    )
    clearInterval(timer)
    expect(rows).toEqual([{ count: 285_714 }])
    expect(ticks).toBeGreaterThan(10)
  })

  it('carries parameters, errors, several statements and large values', async () => {
    await using database = await openEmbedded(folder)
    const { pool } = database
    const text = 'ß∂€'.repeat(1_000_000)
    expect((await pool.query('select $1::text as a, null as b', [text])).rows).toEqual([
      { a: text, b: null },
    ])
    await expect(pool.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' })
    const both = (await pool.query('select 1 as a; select 2 as a')) as unknown as {
      rows: object[]
    }[]
    expect(both.map(({ rows }) => rows)).toEqual([[{ a: 1 }], [{ a: 2 }]])
    const many = await Promise.all(
      Array.from({ length: 50 }, (_, i) => pool.query('select $1::int as i', [i])),
    )
    expect(many.map(({ rows }) => rows[0].i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('rolls back what a connection left open when it went', async () => {
    await using database = await openEmbedded(folder)
    await database.pool.query('create table left_open (n int)')
    const client = await database.pool.connect()
    await client.query('begin')
    await client.query('insert into left_open values (1)')
    // An answer that is still due when the connection goes must not reach the next one.
    const due = client.query('select pg_sleep(0.2), 1 as of_the_first').catch((e: unknown) => e)
    client.release(new Error('given up'))
    expect((await database.pool.query('select count(*) from left_open')).rows).toEqual([
      { count: 0 },
    ])
    expect(await due).toBeInstanceOf(Error)
  })

  it('starts again from its files when its thread has died', async () => {
    const own = path.join(folder, 'dies')
    const database = new EmbeddedDatabase(own)
    const pool = new pg.Pool(database.poolConfig())
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
    await pool.query('create table kept (n int)')
    await pool.query('insert into kept values (1)')
    const open = await pool.connect()
    await open.query('begin')
    await open.query('insert into kept values (2)')
    const failed = open.query('select pg_sleep(30)').catch((error: unknown) => error)
    await (await database.open()).terminate()
    const error = await failed
    open.release(error as Error)
    expect(isDatabaseAway(error)).toBe(true)
    expect((await pool.query('select n from kept')).rows).toEqual([{ n: 1 }])
    await pool.end()
    await database.close()
  })

  it('says why it cannot open a folder', async () => {
    await expect(openEmbedded('/proc/1/nowhere')).rejects.toThrow(/ENOENT|EACCES/)
  })

  it('closes twice, and answers nobody afterwards', async () => {
    const database = new EmbeddedDatabase(null)
    await database.open()
    await Promise.all([database.close(), database.close()])
    await database.close()
    await expect(database.open()).rejects.toThrow('closed')
  })

  it('keeps a process alive for an answer, not for being open', async () => {
    expect(
      await printed(`const { pool } = await openEmbedded(null)
        pool.query('select 41 + 1 as n').then(({ rows }) => console.log(rows[0].n))`),
    ).toBe('42\n')
  })

  it('keeps a process alive until it is closed', async () => {
    expect(
      await printed(`const database = await openEmbedded(null)
        await database.pool.query('select 1')
        await database.close()
        console.log('closed')`),
    ).toBe('closed\n')
  })
})

/** What a program prints that ends by itself with exit code 0. */
async function printed(program: string): Promise<string> {
  const source = `import { openEmbedded } from './src/config/database.ts'\n${program}`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', source],
    { cwd: root, timeout: 60_000 },
  )
  return stdout
}
