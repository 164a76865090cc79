import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import type { S3Settings } from '../../src/config/settings.ts'

/** The server's maintenance database, from `FORGEINDEX_TEST_DATABASE_URL`; null: there is none. */
export function testDatabaseUrl(): string | null {
  return process.env.FORGEINDEX_TEST_DATABASE_URL || null
}

/**
 * A new, empty database on that server (no tables, no extension). `drop` removes it even while
 * somebody is connected; scripts/postgres.sh removes those that killed tests left.
 */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = testDatabaseUrl()
  if (!server) throw new Error('FORGEINDEX_TEST_DATABASE_URL is not set')
  const name = `forgeindex_test_${randomUUID().replaceAll('-', '')}`
  await execute(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () => execute(server, `drop database if exists ${name} with (force)`),
  }
}

/**
 * Settings for the S3 server of `FORGEINDEX_TEST_S3_ENDPOINT`, `…_ACCESS_KEY` and `…_SECRET_KEY`
 * with a bucket name of their own, which opening the storage makes; null: there is no server.
 */
export function s3TestSettings(): S3Settings | null {
  const endpoint = process.env.FORGEINDEX_TEST_S3_ENDPOINT
  if (!endpoint) return null
  return {
    endpoint,
    accessKey: process.env.FORGEINDEX_TEST_S3_ACCESS_KEY ?? '',
    secretKey: process.env.FORGEINDEX_TEST_S3_SECRET_KEY ?? '',
    bucket: `forgeindex-test-${randomUUID()}`,
    region: 'us-east-1',
    publicUrl: endpoint,
  }
}

/** A real HTTP server on a free loopback port; closing it cuts its connections. */
export async function serveHttp(
  listener: RequestListener,
): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
