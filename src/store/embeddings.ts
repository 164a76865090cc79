import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { checkedId, notFound } from './ids.ts'
import { toVectorText } from './vectors.ts'

/** Vectors in one INSERT: the embedded database blocks the process for 1.3 ms each. */
const INSERT_VECTORS = 16

/** A keyframe's vector, [512] float32, L2-normalised. */
export interface KeyframeVector {
  keyframeId: string
  vector: Float32Array
}

/**
 * Replaces a video's frame vectors, their sign bits, and the video's own vector (the re-normalised
 * average of its frames; null when it has no frame).
 */
export async function replaceEmbeddings(
  trx: Trx,
  videoId: string,
  model: { id: number; name: string },
  frames: KeyframeVector[],
  average: Float32Array | null,
): Promise<void> {
  await deleteEmbeddings(trx, videoId)
  for (let start = 0; start < frames.length; start += INSERT_VECTORS) {
    const batch = frames.slice(start, start + INSERT_VECTORS)
    const ids = batch.map((frame) => frame.keyframeId)
    await trx
      .insertInto('keyframe_embeddings')
      .values(
        batch.map((frame) => ({
          keyframe_id: frame.keyframeId,
          video_id: videoId,
          model_id: model.id,
          embedding: sql<string>`${toVectorText(frame.vector)}::halfvec`,
        })),
      )
      .execute()
    await trx
      .insertInto('keyframe_bits')
      .columns(['keyframe_id', 'video_id', 'model_id', 'bits'])
      .expression((eb) =>
        eb
          .selectFrom('keyframe_embeddings')
          .select([
            'keyframe_id',
            'video_id',
            'model_id',
            sql<string>`binary_quantize(embedding)::bit(512)`.as('bits'),
          ])
          .where('keyframe_id', 'in', ids),
      )
      .execute()
  }
  if (!average) return
  await trx
    .insertInto('video_embeddings')
    .values({
      video_id: videoId,
      model_id: model.id,
      model_name: model.name,
      embedding: sql<string>`${toVectorText(average)}::vector`,
    })
    .execute()
}

export async function deleteEmbeddings(trx: Trx, videoId: string): Promise<void> {
  await trx.deleteFrom('keyframe_bits').where('video_id', '=', videoId).execute()
  await trx.deleteFrom('keyframe_embeddings').where('video_id', '=', videoId).execute()
  await trx.deleteFrom('video_embeddings').where('video_id', '=', videoId).execute()
}

/** A video's frame vectors in presentation order, stored at half precision; all, or these only. */
export async function frameVectorsOf(
  db: Db | Trx,
  videoId: string,
  keyframeIds?: string[],
): Promise<KeyframeVector[]> {
  const rows = await db
    .selectFrom('keyframe_embeddings as e')
    .innerJoin('keyframes as k', 'k.id', 'e.keyframe_id')
    .select(['e.keyframe_id', sql<string>`e.embedding::text`.as('embedding')])
    .where('e.video_id', '=', videoId)
    .$if(keyframeIds !== undefined, (query) =>
      query.where('e.keyframe_id', '=', sql<string>`any(${keyframeIds}::uuid[])`),
    )
    .orderBy('k.timestamp')
    .execute()
  return rows.map((row) => ({
    keyframeId: row.keyframe_id,
    vector: Float32Array.from(JSON.parse(row.embedding) as number[]),
  }))
}

/** True when the video has a vector of its own. */
export async function hasVideoVector(db: Db | Trx, videoId: string): Promise<boolean> {
  const row = await db
    .selectFrom('video_embeddings')
    .select('model_id')
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return row !== undefined
}

/**
 * The vector of a video (the average of its frames) or of one keyframe, with the model that made it
 * and the video it belongs to; `vector` is null while there is none.
 *
 * @throws NotFoundError `video-not-found`, `keyframe-not-found`
 */
export async function storedVector(
  db: Db,
  of: { kind: 'video' | 'keyframe'; id: string },
): Promise<{ videoId: string } & ({ vector: Float32Array; modelId: number } | { vector: null })> {
  const id = checkedId(of.kind, of.id)
  const { rows } = await (of.kind === 'video'
    ? sql<{ video_id: string; model_id: number | null; embedding: string | null }>`
        select v.id as video_id, e.model_id, e.embedding::text as embedding
        from videos v left join video_embeddings e on e.video_id = v.id where v.id = ${id}`
    : sql<{ video_id: string; model_id: number | null; embedding: string | null }>`
        select k.video_id, e.model_id, e.embedding::text as embedding
        from keyframes k left join keyframe_embeddings e on e.keyframe_id = k.id
        where k.id = ${id}`
  ).execute(db)
  const [row] = rows
  if (!row) throw notFound(of.kind, of.id)
  const { video_id: videoId, model_id: modelId, embedding } = row
  if (embedding === null || modelId === null) return { videoId, vector: null }
  return { videoId, modelId, vector: Float32Array.from(JSON.parse(embedding) as number[]) }
}
