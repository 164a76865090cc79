import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { sql } from 'kysely'
import { describe } from 'vitest'
import { type Database, migrate, openEmbedded, openServer } from '../../src/config/database.ts'
import { createTestDatabase, testDatabaseUrl } from './servers.ts'

export type DatabaseForm = Database['form']

/** Opens a fresh, migrated, empty database; the test that opens it closes it. */
export type OpenTestDatabase = () => Promise<Database>

const root = path.join(import.meta.dirname, '../..')

/**
 * A fresh, migrated, empty database of that form. Closing it removes it.
 *
 * Embedded: in memory, from a snapshot that is made once per schema and kept under `.cache/`
 * (making one takes 5-10 s, loading it about 1 s). Server: a database of its own on
 * `FORGEINDEX_TEST_DATABASE_URL`, dropped by `close()`.
 */
export function openTestDatabase(form: DatabaseForm): Promise<Database> {
  return form === 'embedded' ? openFromSnapshot() : openOwnDatabase()
}

/**
 * Runs the same suite on both forms. `suite` gets a function that opens a fresh database and the
 * form's name. Without `FORGEINDEX_TEST_DATABASE_URL` the server part is skipped, by name.
 */
export function eachDatabase(
  name: string,
  suite: (open: OpenTestDatabase, form: DatabaseForm) => void,
): void {
  describe(`${name} (embedded)`, () => suite(() => openTestDatabase('embedded'), 'embedded'))
  const skipped = testDatabaseUrl() ? '' : ', skipped: FORGEINDEX_TEST_DATABASE_URL is not set'
  describe.skipIf(!testDatabaseUrl())(`${name} (server${skipped})`, () =>
    suite(() => openTestDatabase('server'), 'server'),
  )
}

/** Empties every table of ours, so that one open database serves all tests of a file. */
export async function emptyDatabase({ db }: Database): Promise<void> {
  const tables = await sql<{ name: string }>`
    select quote_ident(tablename) as name from pg_tables
    where schemaname = 'public' and tablename not like 'kysely%'`.execute(db)
  const names = tables.rows.map((row) => row.name).join(', ')
  await sql.raw(`truncate ${names} restart identity cascade`).execute(db)
}

async function openFromSnapshot(): Promise<Database> {
  const file = path.join(root, '.cache/test-library', `${await schemaHash()}.tar`)
  if (!existsSync(file)) await makeSnapshot(file)
  return openEmbedded(null, new Blob([await readFile(file)]))
}

/** Renamed into place: of two test processes that make it at once, either result is whole. */
async function makeSnapshot(file: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-snapshot-'))
  try {
    const database = await openEmbedded(folder)
    try {
      await migrate(database)
    } finally {
      await database.close()
    }
    const pglite = await PGlite.create({ dataDir: folder, extensions: { vector } })
    const dump = await pglite.dumpDataDir('none')
    await pglite.close()
    await mkdir(path.dirname(file), { recursive: true })
    const part = `${file}.${randomUUID()}`
    await writeFile(part, new Uint8Array(await dump.arrayBuffer()))
    await rename(part, file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Changes with the migrations and with PGlite, so that an old snapshot is never loaded. */
async function schemaHash(): Promise<string> {
  const hash = createHash('sha256')
  const folder = path.join(root, 'migrations')
  for (const name of (await readdir(folder)).sort()) {
    hash.update(`${name}\n`).update(await readFile(path.join(folder, name)))
  }
  for (const name of ['pglite', 'pglite-pgvector']) {
    hash.update(await readFile(path.join(root, 'node_modules/@electric-sql', name, 'package.json')))
  }
  return hash.digest('hex').slice(0, 16)
}

async function openOwnDatabase(): Promise<Database> {
  const { url, drop } = await createTestDatabase()
  const database = openServer(url)
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= database.close().then(drop)
    return closing
  }
  try {
    await migrate(database)
  } catch (error) {
    await close()
    throw error
  }
  return { ...database, close, [Symbol.asyncDispose]: close }
}
