import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** The cheapest question there is. @throws whatever keeps the database from answering */
export async function ping(db: Db): Promise<void> {
  await sql`select 1`.execute(db)
}
