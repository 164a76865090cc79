import { createHash } from 'node:crypto'
import type { Db, Trx } from '../config/database.ts'
import { tagsOf } from './tags.ts'

/** Writes the annotation of a video over the one before it. */
export async function saveAnnotation(
  trx: Trx,
  videoId: string,
  annotation: Record<string, unknown>,
): Promise<void> {
  const data = JSON.stringify(annotation)
  const row = {
    data,
    sha256: createHash('sha256').update(data).digest('hex'),
    created_at: new Date(),
  }
  await trx
    .insertInto('annotations')
    .values({ video_id: videoId, ...row })
    .onConflict((oc) => oc.column('video_id').doUpdateSet(row))
    .execute()
}

/** A video's annotation; null before the pipeline made one. */
export async function annotationOf(
  db: Db | Trx,
  videoId: string,
): Promise<Record<string, unknown> | null> {
  const row = await db
    .selectFrom('annotations')
    .select('data')
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return row?.data ?? null
}

/** Writes a video's present tags into its annotation, after a person changed them. */
export async function refreshAnnotationTags(trx: Trx, videoId: string): Promise<void> {
  const annotation = await annotationOf(trx, videoId)
  if (!annotation) return
  const tags = (await tagsOf(trx, videoId)).map(({ tag }) => tag)
  await saveAnnotation(trx, videoId, { ...annotation, tags })
}
