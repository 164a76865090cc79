import type { Db, Trx } from '../config/database.ts'

/** A model as results name it. */
export interface StoredModel {
  name: string
  revision: string
  kind: string
  dims: number | null
  runtime: string
  licence: string
  fileHashes: Record<string, string>
}

/** The id under which results of this model are kept; registers it when it is new. */
export async function modelId(db: Db | Trx, model: StoredModel): Promise<number> {
  const inserted = await db
    .insertInto('models')
    .values({
      name: model.name,
      revision: model.revision,
      kind: model.kind,
      dims: model.dims,
      runtime: model.runtime,
      licence: model.licence,
      file_hashes: JSON.stringify(model.fileHashes),
    })
    // An update that changes nothing, so that the row comes back when it was there.
    .onConflict((oc) =>
      oc.columns(['name', 'revision', 'runtime']).doUpdateSet({ licence: model.licence }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return inserted.id
}

/** The id of a model that already made results here; null when none did. */
export async function findModelId(
  db: Db,
  model: Pick<StoredModel, 'name' | 'revision' | 'runtime'>,
): Promise<number | null> {
  const row = await db
    .selectFrom('models')
    .select('id')
    .where('name', '=', model.name)
    .where('revision', '=', model.revision)
    .where('runtime', '=', model.runtime)
    .executeTakeFirst()
  return row?.id ?? null
}
