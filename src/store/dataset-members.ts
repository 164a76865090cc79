import type { Db } from '../config/database.ts'
import { decodeNumber, encodeNumber, type Page } from './cursor.ts'
import type { Dataset } from './datasets.ts'

/** A video of a dataset as a list shows it. */
export interface DatasetMember {
  videoId: string
  title: string
  /** Seconds; null when it is not known. */
  duration: number | null
  /** Storage key; null while there is no thumbnail. */
  thumbnailKey: string | null
}

/**
 * One page of the videos of a version, in its order.
 * @throws InvalidInputError `invalid-cursor`
 */
export async function listDatasetVideos(
  db: Db,
  { id, version }: Pick<Dataset, 'id' | 'version'>,
  options: { limit: number; cursor: string | null },
): Promise<Page<DatasetMember>> {
  const rows = await db
    .selectFrom('dataset_videos as d')
    .innerJoin('videos as v', 'v.id', 'd.video_id')
    .select(['d.video_id', 'd.position', 'v.title', 'v.duration', 'v.thumbnail_key'])
    .where('d.dataset_id', '=', id)
    .where('d.version', '=', version)
    .where('d.position', '>', options.cursor === null ? 0 : decodeNumber(options.cursor))
    .orderBy('d.position')
    .limit(options.limit + 1)
    .execute()
  const last = rows[options.limit - 1]
  return {
    items: rows.slice(0, options.limit).map((row) => ({
      videoId: row.video_id,
      title: row.title,
      duration: row.duration,
      thumbnailKey: row.thumbnail_key,
    })),
    nextCursor: rows.length > options.limit && last ? encodeNumber(last.position) : null,
  }
}
