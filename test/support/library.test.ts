import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { eachDatabase, emptyDatabase } from './library.ts'

eachDatabase('a test database', (open) => {
  it('is migrated, has pgvector and is empty again after emptyDatabase', async () => {
    await using database = await open()
    await database.db
      .insertInto('ingestion_tasks')
      .values({
        query: null,
        platform: 'folder',
        urls: '[]',
        path: null,
        taxonomy: 'manufacturing',
        max_videos: 3,
        error_code: null,
        error_message: null,
        started_at: null,
        finished_at: null,
      })
      .execute()
    const distance = await sql<{ d: number }>`select '[1,0]'::vector <=> '[0,1]' as d`.execute(
      database.db,
    )
    expect(distance.rows[0]?.d).toBe(1)
    await emptyDatabase(database)
    expect(await database.db.selectFrom('ingestion_tasks').selectAll().execute()).toEqual([])
  })
})
