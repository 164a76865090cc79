import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** Versions of the database and its vector extension, such as `17.6` and `0.8.1`. */
export interface DatabaseVersions {
  postgres: string
  pgvector: string
}

/** A question as cheap as there is. @throws whatever keeps the database from answering */
export async function ping(db: Db): Promise<DatabaseVersions> {
  const { rows } = await sql<DatabaseVersions>`
    select split_part(current_setting('server_version'), ' ', 1) as postgres, extversion as pgvector
    from pg_extension where extname = 'vector'`.execute(db)
  return rows[0]!
}
