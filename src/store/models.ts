import { sql } from 'kysely'
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

/** A model behind one step's results on a video; null where it is not known any more. */
export interface StepModel {
  step: string
  name: string
  revision: string | null
  licence: string | null
}

/**
 * The models that made a video's results, by step: what the last run says, with revision and licence
 * as the annotation kept them.
 */
export async function modelsOfVideo(db: Db, videoId: string): Promise<StepModel[]> {
  const { rows } = await sql<StepModel>`
    select s.step, s.model_name as name, m.value ->> 'revision' as revision,
      m.value ->> 'licence' as licence
    from step_runs s
    left join annotations a on a.video_id = s.video_id
    left join lateral (
      select value from jsonb_array_elements(a.data -> 'models') value
      where value ->> 'step' = s.step and value ->> 'name' = s.model_name limit 1
    ) m on true
    where s.video_id = ${videoId} and s.state = 'done' and s.model_name is not null
    order by s.position`.execute(db)
  return rows
}
