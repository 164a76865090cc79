import { type Selectable, sql } from 'kysely'
import type { Db } from '../config/database.ts'
import type { Page } from './cursor.ts'
import { checkedId, notFound } from './ids.ts'
import { newestFirst } from './newest-first.ts'
import type { DatasetsTable } from './schema.ts'
import { matchingVideos, type VideoFilters } from './video-filters.ts'

/** A saved filter and the latest frozen list of what it matched. */
export interface Dataset {
  id: string
  name: string
  description: string | null
  /** By the contract's snake_case names. */
  filters: Record<string, unknown>
  /** The filters in words; null for one that was made before they were kept. */
  filtersText: string | null
  videoCount: number
  /** Videos of the version that have been forgotten since it was frozen. */
  removedCount: number
  /** Length of the version's videos together. */
  totalSeconds: number
  version: number
  /** The taxonomy in use when it was frozen. */
  taxonomy: Record<string, unknown>
  createdAt: Date
}

/** One video of a version, as it was when the version was frozen. */
export interface DatasetItem {
  videoId: string
  /** From 1, by the videos' creation. */
  position: number
  /** Hash of the video file; empty when it was not known. */
  contentSha256: string
  annotation: Record<string, unknown>
  /** What the library knows of the video today; facts of the file, which do not change. */
  video: DatasetVideo
}

export interface DatasetVideo {
  title: string
  sourceUrl: string
  platform: string
  category: string
  duration: number | null
  width: number | null
  height: number | null
  fps: number | null
  hasAudio: boolean | null
  uploader: string | null
  licence: string | null
  licenceUrl: string | null
  licenceEvidence: unknown
  fetchedAt: Date | null
  fetchedWith: string | null
}

/**
 * Makes a dataset and freezes version 1 of it: every matching video that is completed and has an
 * annotation, with a copy of the annotation, by creation. What happens to the library later does not
 * change it, except that a forgotten video leaves it, which `removedCount` tells.
 */
export async function createFrozenDataset(
  db: Db,
  dataset: {
    name: string
    description: string | null
    filters: VideoFilters
    filtersJson: Record<string, unknown>
    filtersText: string
    taxonomy: Record<string, unknown>
  },
): Promise<Dataset> {
  return await db.transaction().execute(async (trx) => {
    const { id } = await trx
      .insertInto('datasets')
      .values({
        name: dataset.name,
        description: dataset.description,
        filters: JSON.stringify(dataset.filtersJson),
        filters_text: dataset.filtersText,
        taxonomy: JSON.stringify(dataset.taxonomy),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const frozen = await trx
      .insertInto('dataset_videos')
      .columns([
        'dataset_id',
        'version',
        'video_id',
        'position',
        'content_sha256',
        'annotation_sha256',
        'annotation',
      ])
      .expression(
        matchingVideos(trx, { ...dataset.filters, status: ['completed'] })
          .innerJoin('annotations as n', 'n.video_id', 'v.id')
          .select([
            sql<string>`${id}::uuid`.as('dataset_id'),
            sql<number>`1`.as('version'),
            'v.id as video_id',
            sql<number>`row_number() over (order by v.created_at, v.id)`.as('position'),
            sql<string>`coalesce(v.content_sha256, '')`.as('content_sha256'),
            'n.sha256 as annotation_sha256',
            sql<string>`n.data`.as('annotation'),
          ]),
      )
      .executeTakeFirst()
    const row = await trx
      .updateTable('datasets')
      .set({
        video_count: Number(frozen.numInsertedOrUpdatedRows ?? 0),
        total_seconds: trx
          .selectFrom('dataset_videos as d')
          .innerJoin('videos as v', 'v.id', 'd.video_id')
          .select(sql<number>`coalesce(sum(v.duration), 0)`.as('seconds'))
          .where('d.dataset_id', '=', id),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    return toDataset(row)
  })
}

/** More chosen videos than this are left out of a listed dataset's filters. */
const MOST_LISTED_IDS = 50

/** One page of the datasets, newest first. @throws InvalidInputError `invalid-cursor` */
export async function listDatasets(
  db: Db,
  options: { limit: number; cursor?: string | null },
): Promise<Page<Dataset>> {
  const query = db
    .selectFrom('datasets')
    .selectAll()
    // Thousands of chosen videos in each would make the page megabytes large: the words count them.
    .select(
      sql<Record<string, unknown>>`case
        when jsonb_array_length(coalesce(filters -> 'video_ids', '[]')) > ${MOST_LISTED_IDS}
        then filters - 'video_ids' else filters end`.as('filters'),
    )
  return await newestFirst(
    query,
    { limit: options.limit, cursor: options.cursor ?? null },
    toDataset,
  )
}

/** @throws NotFoundError `dataset-not-found` */
export async function getDataset(db: Db, id: string): Promise<Dataset> {
  const row = await db
    .selectFrom('datasets')
    .selectAll()
    .where('id', '=', checkedId('dataset', id))
    .executeTakeFirst()
  if (!row) throw notFound('dataset', id)
  return toDataset(row)
}

/** Deletes a dataset with its versions and the rows of its exports. @throws NotFoundError */
export async function deleteDataset(db: Db, id: string): Promise<void> {
  const row = await db
    .deleteFrom('datasets')
    .where('id', '=', checkedId('dataset', id))
    .returning('id')
    .executeTakeFirst()
  if (!row) throw notFound('dataset', id)
}

/** The videos of a version in order, read `batch` at a time: memory does not grow with the dataset. */
export async function* datasetItems(
  db: Db,
  { id, version }: Pick<Dataset, 'id' | 'version'>,
  { batch }: { batch: number },
): AsyncGenerator<DatasetItem> {
  let after = 0
  for (;;) {
    const rows = await db
      .selectFrom('dataset_videos as d')
      .innerJoin('videos as v', 'v.id', 'd.video_id')
      .select([
        'd.video_id',
        'd.position',
        'd.content_sha256',
        'd.annotation',
        'v.title',
        'v.source_url',
        'v.platform',
        'v.category',
        'v.duration',
        'v.width',
        'v.height',
        'v.fps',
        'v.has_audio',
        'v.uploader',
        'v.licence',
        'v.licence_url',
        'v.licence_evidence',
        'v.fetched_at',
        'v.fetched_with',
      ])
      .where('d.dataset_id', '=', id)
      .where('d.version', '=', version)
      .where('d.position', '>', after)
      .orderBy('d.position')
      .limit(batch)
      .execute()
    for (const row of rows) {
      yield {
        videoId: row.video_id,
        position: row.position,
        contentSha256: row.content_sha256,
        annotation: row.annotation,
        video: {
          title: row.title,
          sourceUrl: row.source_url,
          platform: row.platform,
          category: row.category,
          duration: row.duration,
          width: row.width,
          height: row.height,
          fps: row.fps,
          hasAudio: row.has_audio,
          uploader: row.uploader,
          licence: row.licence,
          licenceUrl: row.licence_url,
          licenceEvidence: row.licence_evidence,
          fetchedAt: row.fetched_at,
          fetchedWith: row.fetched_with,
        },
      }
    }
    const last = rows.at(-1)
    if (!last || rows.length < batch) return
    after = last.position
  }
}

function toDataset(row: Selectable<DatasetsTable>): Dataset {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    filters: row.filters,
    filtersText: row.filters_text,
    videoCount: row.video_count,
    removedCount: row.removed_count,
    totalSeconds: row.total_seconds,
    version: row.version,
    taxonomy: row.taxonomy,
    createdAt: row.created_at,
  }
}
