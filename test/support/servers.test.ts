import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createTestDatabase, testDatabaseUrl } from './servers.ts'

const skipped = testDatabaseUrl() ? '' : ' (skipped: FORGEINDEX_TEST_DATABASE_URL is not set)'

describe.skipIf(!testDatabaseUrl())(`a test database on the server${skipped}`, () => {
  it('is PostgreSQL 15 or later with pgvector 0.8 or later, whose HNSW index on halfvec(512) finds the nearest', async () => {
    const database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const rows = async (statement: string) => (await client.query(statement)).rows
    try {
      await client.query('create extension vector')
      const [found] = await rows(
        `select current_setting('server_version_num')::int as server, extversion as vector
         from pg_extension where extname = 'vector'`,
      )
      expect(found.server).toBeGreaterThanOrEqual(150_000)
      expect(Number.parseFloat(found.vector)).toBeGreaterThanOrEqual(0.8)
      await client.query(`
        create table frames (id int primary key, e halfvec(512) not null);
        create index frames_hnsw on frames using hnsw (e halfvec_cosine_ops)
          with (m = 16, ef_construction = 200);
        insert into frames
          select i, array_agg(sin(i * j * 0.7) + cos(i + j * j))::vector::halfvec
          from generate_series(1, 300) i, generate_series(1, 512) j group by i`)
      // 300 rows are few: the planner would rightly read them all.
      await client.query('set enable_seqscan = off')
      const nearest = 'select id from frames order by e <=> (select e from frames where id = 42)'
      const plan = JSON.stringify(await rows(`explain ${nearest} limit 3`))
      expect(plan).toContain('Index Scan using frames_hnsw')
      expect((await rows(`${nearest} limit 3`))[0].id).toBe(42)
    } finally {
      await client.end()
      await database.drop()
    }
  })

  it('is gone after drop, even with somebody connected', async () => {
    const database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    client.on('error', () => {})
    await client.connect()
    await database.drop()
    const late = new pg.Client({ connectionString: database.url })
    await expect(late.connect()).rejects.toMatchObject({ code: '3D000' })
  })
})
