import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/**
 * Vectors that were made of texts before, by the hash of the texts; those that are not there are left
 * out.
 */
export async function promptVectorsOf(
  db: Db,
  model: { name: string; revision: string },
  hashes: string[],
): Promise<Map<string, Float32Array>> {
  const rows = await db
    .selectFrom('prompt_vectors')
    .select(['texts_hash', sql<string>`embedding::text`.as('embedding')])
    .where('model_name', '=', model.name)
    .where('model_revision', '=', model.revision)
    .where('texts_hash', 'in', [...hashes, ''])
    .execute()
  return new Map(
    rows.map((row) => [row.texts_hash, Float32Array.from(JSON.parse(row.embedding) as number[])]),
  )
}

/** Keeps vectors for the next process; several may do so at once, and all have made the same. */
export async function keepPromptVectors(
  db: Db,
  model: { name: string; revision: string },
  vectors: Map<string, Float32Array>,
): Promise<void> {
  if (vectors.size === 0) return
  await db
    .insertInto('prompt_vectors')
    .values(
      [...vectors].map(([hash, vector]) => ({
        model_name: model.name,
        model_revision: model.revision,
        texts_hash: hash,
        embedding: sql<string>`${`[${Array.from(vector).join(',')}]`}::vector`,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
