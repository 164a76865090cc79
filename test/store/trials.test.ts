import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { TRIAL_TABLES } from '../../src/store/trials.ts'
import { eachDatabase } from '../support/library.ts'

eachDatabase('the tables of a trial', (open) => {
  it('have the columns of those that they stand beside', async () => {
    await using database = await open()
    const columnsIn = async (schema: string, table: string) => {
      const { rows } = await sql<{ name: string; type: string }>`
        select column_name as name, udt_name as type from information_schema.columns
        where table_schema = ${schema} and table_name = ${table} order by column_name`.execute(
        database.db,
      )
      return rows
    }
    for (const table of [...TRIAL_TABLES, 'video_labels', 'video_counts']) {
      const own = await columnsIn('public', table)
      expect(own.length, table).toBeGreaterThan(1)
      expect(await columnsIn('trial', table), table).toEqual(own)
    }
  })
})
