import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { Page } from './cursor.ts'
import { recordEvent } from './events.ts'
import { checkedId, notFound } from './ids.ts'
import { newestFirst } from './newest-first.ts'
import type { DatasetExportsTable, ExportFormat, ExportState } from './schema.ts'

/** An archive of one version of a dataset, made in the background. */
export interface DatasetExport {
  id: string
  datasetId: string
  version: number
  format: ExportFormat
  state: ExportState
  /** Videos written so far. */
  itemsDone: number
  itemsTotal: number
  /** Size of the archive; null until it is done. */
  bytes: number | null
  errorMessage: string | null
  createdAt: Date
  finishedAt: Date | null
}

/** Where the archives of a dataset are; with an export's id, where that one is. */
export function exportsPrefix(datasetId: string): string {
  return `exports/${datasetId}/`
}

export function exportKey({ datasetId, id, format }: DatasetExport): string {
  return `${exportsPrefix(datasetId)}${id}.${format}`
}

/**
 * The export of a dataset's latest version in a format. One that failed gives way to a new one;
 * else there is one for each version and format, and `created` says that it is new.
 *
 * @throws NotFoundError `dataset-not-found`
 */
export async function findOrCreateExport(
  trx: Trx,
  datasetId: string,
  format: ExportFormat,
): Promise<{ made: DatasetExport; created: boolean }> {
  const dataset = await trx
    .selectFrom('datasets')
    .select(['id', 'version', 'video_count'])
    .where('id', '=', checkedId('dataset', datasetId))
    // Held: two who ask at once get the same, and a deletion waits.
    .forUpdate()
    .executeTakeFirst()
  if (!dataset) throw notFound('dataset', datasetId)
  const of = { dataset_id: dataset.id, version: dataset.version, format }
  await trx
    .deleteFrom('dataset_exports')
    .where((eb) => eb.and({ ...of, state: 'failed' }))
    .execute()
  const known = await trx
    .selectFrom('dataset_exports')
    .selectAll()
    .where((eb) => eb.and(of))
    .executeTakeFirst()
  if (known) return { made: toExport(known), created: false }
  const row = await trx
    .insertInto('dataset_exports')
    .values({ ...of, items_total: dataset.video_count })
    .returningAll()
    .executeTakeFirstOrThrow()
  const made = toExport(row)
  await tell(trx, 'export.updated', made)
  return { made, created: true }
}

/** @throws NotFoundError `export-not-found` */
export async function getExport(db: Db, id: string): Promise<DatasetExport> {
  const found = await findExport(db, checkedId('export', id))
  if (!found) throw notFound('export', id)
  return found
}

/** The exports of a dataset, newest first. @throws InvalidInputError `invalid-cursor` */
export async function listExports(
  db: Db,
  datasetId: string,
  options: { limit: number; cursor: string | null },
): Promise<Page<DatasetExport>> {
  const query = db.selectFrom('dataset_exports').selectAll().where('dataset_id', '=', datasetId)
  return await newestFirst(query, options, toExport)
}

/** Takes an export over for a run, from its beginning. Null when it was deleted or has ended. */
export async function beginExport(
  db: Db,
  id: string,
  runId: string,
): Promise<DatasetExport | null> {
  return await db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('dataset_exports')
      .set({ state: 'running', run_id: runId, items_done: 0 })
      .where('id', '=', id)
      .where('state', 'in', ['pending', 'running'])
      .returningAll()
      .executeTakeFirst()
    if (!row) return null
    const begun = toExport(row)
    await tell(trx, 'export.updated', begun)
    return begun
  })
}

/** Writes how far a run is. False when the export is no longer this run's. */
export async function advanceExport(
  db: Db,
  id: string,
  runId: string,
  itemsDone: number,
): Promise<boolean> {
  return await change(db, 'export.updated', { id, runId }, { items_done: itemsDone })
}

/** The archive is there. False when the export is no longer this run's. */
export async function completeExport(
  db: Db,
  id: string,
  runId: string,
  { bytes, items }: { bytes: number; items: number },
): Promise<boolean> {
  return await change(
    db,
    'export.completed',
    { id, runId },
    { state: 'done', bytes, items_done: items, finished_at: new Date() },
  )
}

/** The archive cannot be made. Does nothing to one that has ended. */
export async function failExport(db: Db, id: string, message: string): Promise<void> {
  await change(
    db,
    'export.failed',
    { id },
    { state: 'failed', error_message: message, run_id: null, finished_at: new Date() },
  )
}

/** Deletes the row and gives what it was. @throws NotFoundError `export-not-found` */
export async function deleteExport(db: Db, id: string): Promise<DatasetExport> {
  const row = await db
    .deleteFrom('dataset_exports')
    .where('id', '=', checkedId('export', id))
    .returningAll()
    .executeTakeFirst()
  if (!row) throw notFound('export', id)
  return toExport(row)
}

/** Deletes the rows of all archives, finished or not, of versions that hold this video; gives what they were. */
export async function takeExportsOfVersions(trx: Trx, videoId: string): Promise<DatasetExport[]> {
  const rows = await trx
    .deleteFrom('dataset_exports as e')
    .using('dataset_videos as d')
    .whereRef('d.dataset_id', '=', 'e.dataset_id')
    .whereRef('d.version', '=', 'e.version')
    .where('d.video_id', '=', videoId)
    .returningAll('e')
    .execute()
  return rows.map(toExport)
}

/** Null when there is none. */
export async function findExport(db: Db, id: string): Promise<DatasetExport | null> {
  const row = await db
    .selectFrom('dataset_exports')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row ? toExport(row) : null
}

/** Those of these texts that are ids of exports. */
export async function knownExportIds(db: Db, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('dataset_exports')
    .select('id')
    .where(sql<boolean>`id::text = any(${ids}::text[])`)
    .execute()
  return rows.map((row) => row.id)
}

/** Ids of exports that wait or run, are older than ten minutes, and that no job of `aliveIds` makes. */
export async function stalledExportIds(db: Db, aliveIds: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('dataset_exports')
    .select('id')
    .where('state', 'in', ['pending', 'running'])
    .where('created_at', '<', sql<Date>`now() - interval '10 minutes'`)
    .where(sql<boolean>`id <> all(${aliveIds}::uuid[])`)
    .execute()
  return rows.map((row) => row.id)
}

/** One change of one that has not ended, with its event. */
async function change(
  db: Db,
  event: 'export.updated' | 'export.completed' | 'export.failed',
  { id, runId }: { id: string; runId?: string },
  values: Partial<{
    state: ExportState
    items_done: number
    bytes: number
    error_message: string
    run_id: null
    finished_at: Date
  }>,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('dataset_exports')
      .set(values)
      .where('id', '=', id)
      .where('state', 'in', ['pending', 'running'])
      .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
      .returningAll()
      .executeTakeFirst()
    if (row) await tell(trx, event, toExport(row))
    return row !== undefined
  })
}

async function tell(
  trx: Trx,
  type: 'export.updated' | 'export.completed' | 'export.failed',
  made: DatasetExport,
): Promise<void> {
  await recordEvent(
    trx,
    type,
    {},
    {
      export_id: made.id,
      dataset_id: made.datasetId,
      format: made.format,
      state: made.state,
      items_done: made.itemsDone,
      items_total: made.itemsTotal,
    },
  )
}

function toExport(row: Selectable<DatasetExportsTable>): DatasetExport {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    version: row.version,
    format: row.format,
    state: row.state,
    itemsDone: row.items_done,
    itemsTotal: row.items_total,
    bytes: row.bytes,
    errorMessage: row.error_message,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}
