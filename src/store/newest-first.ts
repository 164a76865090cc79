import { type SelectQueryBuilder, sql } from 'kysely'
import { decodeCursor, encodeCursor, type Page } from './cursor.ts'
import type { Schema } from './schema.ts'

/**
 * A page of rows in the order of their creation, newest first. The query selects from one table that
 * has `created_at` and `id`; whatever it filters by stays.
 *
 * @throws InvalidInputError `invalid-cursor`
 */
export async function newestFirst<Table extends keyof Schema, Row extends { id: string }, Item>(
  query: SelectQueryBuilder<Schema, Table, Row>,
  options: { limit: number; cursor: string | null },
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const after = options.cursor ? decodeCursor(options.cursor) : null
  const rows = await query
    .$if(after !== null, (narrowed) =>
      narrowed.where(
        sql<boolean>`(created_at, id) < (${after?.createdAt}::timestamptz, ${after?.id}::uuid)`,
      ),
    )
    // As text it keeps its microseconds: a Date would cut them off, and a row would come twice.
    .select(sql<string>`created_at::text`.as('position'))
    .orderBy(sql`created_at`, 'desc')
    .orderBy(sql`id`, 'desc')
    .limit(options.limit + 1)
    .execute()
  const page = rows.slice(0, options.limit) as (Row & { position: string })[]
  const last = page.at(-1)
  return {
    items: page.map(toItem),
    nextCursor:
      rows.length > page.length && last
        ? encodeCursor({ createdAt: last.position, id: last.id })
        : null,
  }
}
