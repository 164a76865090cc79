import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kysely, Migrator, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { ForgeindexError, InvalidInputError, TransientError, toError } from '../errors.ts'
import { withoutCredentials } from '../log.ts'
import type { Schema } from '../store/schema.ts'
import { EmbeddedDatabase } from './embedded-database.ts'
import type { Settings } from './settings.ts'

export type Db = Kysely<Schema>
export type Trx = Transaction<Schema>

/** An open database: the embedded one (PGlite, one connection) or a PostgreSQL server. */
export interface Database extends AsyncDisposable {
  readonly form: 'embedded' | 'server'
  readonly db: Db
  /** The pool under `db`; the task queue shares it, so that its jobs join our transactions. */
  readonly pool: pg.Pool
  /** Closes it. Idempotent. */
  close(): Promise<void>
}

// int8 (counts, byte sizes) as a number: our values stay far below 2^53.
pg.types.setTypeParser(20, Number)

/** Folder of the .sql files, the same seen from src/ and from dist/. */
const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url))

/**
 * Opens the database that the settings name and brings its tables up to date.
 *
 * The embedded form must be opened by one process only: hold the library lock first.
 * @throws InvalidInputError `wrong-database` (reached, but not one we can use), `database-refused`
 * @throws TransientError `database-unreachable`
 */
export async function openDatabase(settings: Settings): Promise<Database> {
  const database = settings.databaseUrl
    ? openServer(settings.databaseUrl)
    : await openEmbedded(path.join(settings.dataDir, 'database'))
  try {
    if (database.form === 'server') await checkServer(database.db)
    if (settings.databaseUrlSync && settings.databaseUrlSync !== settings.databaseUrl) {
      await using direct = openServer(settings.databaseUrlSync)
      await migrate(direct)
    } else {
      await migrate(database)
    }
    return database
  } catch (error) {
    await database.close()
    throw asDatabaseError(error)
  }
}

/** The embedded database in `folder`, or in memory when null (tests). Runs no migration. */
export async function openEmbedded(folder: string | null, snapshot?: Blob): Promise<Database> {
  const embedded = new EmbeddedDatabase(folder, snapshot)
  await embedded.open()
  const pool = new pg.Pool(embedded.poolConfig())
  return asDatabase('embedded', pool, () => embedded.close())
}

/** A PostgreSQL server. Connects on first use. Runs no migration. */
export function openServer(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    application_name: 'forgeindex',
  })
  return asDatabase('server', pool, async () => {})
}

/**
 * Runs the migrations that have not run yet, in order of their names, under an advisory lock.
 * Files named `*.server.sql` run on a PostgreSQL server only.
 */
export async function migrate({ db, form }: Database): Promise<string[]> {
  const names = (await readdir(MIGRATIONS))
    .filter((name) => name.endsWith('.sql'))
    .filter((name) => form === 'server' || !name.endsWith('.server.sql'))
    .sort()
  const migrations = Object.fromEntries(
    names.map((name) => [
      name.replace(/\.sql$/, ''),
      {
        async up(trx: Kysely<unknown>) {
          await sql.raw(await readFile(path.join(MIGRATIONS, name), 'utf8')).execute(trx)
        },
      },
    ]),
  )
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw error
  return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName)
}

function asDatabase(
  form: Database['form'],
  pool: pg.Pool,
  closeUnder: () => Promise<void>,
): Database {
  // A connection lost while idle must not end the process: the next query opens a new one.
  pool.on('error', () => {})
  // The same for one lost between two queries of a transaction: the next of them fails and says so.
  pool.on('connect', (client) => client.on('error', () => {}))
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= db.destroy().then(closeUnder)
    return closing
  }
  return { form, db, pool, close, [Symbol.asyncDispose]: close }
}

/** Refuses a server that is too old, saying which version it found and which is needed. */
async function checkServer(db: Db): Promise<void> {
  const server = await sql<{ number: number; name: string }>`
    select current_setting('server_version_num')::int as number,
           current_setting('server_version') as name`.execute(db)
  const { number, name } = server.rows[0]!
  if (number < 150000) {
    throw new InvalidInputError(
      'wrong-database',
      `PostgreSQL 15 or newer is needed; DATABASE_URL names version ${name}.`,
    )
  }
  const extension = await sql<{ version: string; installed: string | null }>`
    select default_version as version, installed_version as installed
    from pg_available_extensions where name = 'vector'`.execute(db)
  const version = extension.rows[0]?.installed ?? extension.rows[0]?.version
  if (!version || compareVersions(version, '0.8.0') < 0) {
    throw new InvalidInputError(
      'wrong-database',
      `pgvector 0.8 or newer is needed in the database; found ${version ?? 'none'}. ` +
        'Install the extension on the server (package postgresql-NN-pgvector).',
    )
  }
}

/** Below 0 when `a` is older than `b`, above when newer; both like `0.8.6`, a missing part is 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** SQLSTATE classes and socket errors that pass by themselves: the server is away or starting. */
const AWAY =
  /^(08|57P0[1-3]|53300)|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|timeout exceeded when trying to connect|Connection terminated/

/** True when a failed query says that the database itself is away, not that the query is wrong. */
export function isDatabaseAway(thrown: unknown): boolean {
  // Our own errors say themselves what they are: a store or a source may be away just as well.
  if (thrown instanceof ForgeindexError) return thrown.code === 'database-unreachable'
  const error = toError(thrown) as Error & { code?: string }
  return AWAY.test(error.code ?? '') || AWAY.test(error.message)
}

/** True when a query failed because the database's disk is full (SQLSTATE 53100). */
export function isDatabaseFull(thrown: unknown): boolean {
  return (toError(thrown) as Error & { code?: string }).code === '53100'
}

function asDatabaseError(thrown: unknown): Error {
  const error = toError(thrown) as Error & { code?: string }
  const message = withoutCredentials(error.message)
  if (isDatabaseAway(error)) {
    return new TransientError(
      'database-unreachable',
      `The database named by DATABASE_URL does not answer (${error.code ?? message}). ` +
        'Check its address and that it runs.',
      { cause: error },
    )
  }
  // 28: authorisation, 3D: unknown database, 42501: not permitted.
  if (/^(28|3D|42501)/.test(error.code ?? '')) {
    return new InvalidInputError(
      'database-refused',
      `The database refused us: ${message}. Check user, password and database name in DATABASE_URL.`,
      { cause: error },
    )
  }
  return error
}

/** Names of the migrations that have run, oldest first. */
export async function migratedNames({ db }: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from kysely_migration order by timestamp, name`.execute(db)
  return rows.map((row) => row.name)
}
