import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'

/** A video that looks like another one. */
export interface NearDuplicate {
  videoId: string
  title: string
  /** Cosine similarity of the two videos' vectors, 0–1. */
  similarity: number
  /** Storage key; null without a thumbnail. */
  thumbnailKey: string | null
  /** True when the other one came first, so that the video asked about is the flagged one. */
  isEarlier: boolean
}

/** Nearest videos looked at: one more would have to be a duplicate of as many others. */
const NEAREST = 200

/**
 * Flags every pair of this video with another whose vectors' cosine similarity is above
 * `threshold`, and forgets the pairs it had before. Only vectors of the same model are compared.
 * The later of the two is the one flagged. Returns the number of pairs; 0 without a vector.
 */
export async function replaceDuplicatePairs(
  trx: Trx,
  videoId: string,
  threshold: number,
): Promise<number> {
  await trx
    .deleteFrom('duplicate_pairs')
    .where((eb) => eb.or([eb('video_id_a', '=', videoId), eb('video_id_b', '=', videoId)]))
    .execute()
  // Two videos finishing at once must see each other: one of them waits here for the other's commit.
  await sql`select pg_advisory_xact_lock(hashtext('forgeindex.duplicate_pairs'))`.execute(trx)
  // On a server the index finds 7 of 10 with its defaults; on the embedded one there is none to set.
  await sql`select set_config('hnsw.ef_search', '1000', true), set_config('hnsw.iterative_scan', 'strict_order', true)`.execute(
    trx,
  )
  const result = await sql`
    with mine as (
      select e.embedding, e.model_id, v.created_at, v.id
      from video_embeddings e join videos v on v.id = e.video_id where e.video_id = ${videoId}
    ),
    near as materialized (
      select e.video_id, e.model_name, e.embedding <=> (select embedding from mine) as distance
      from video_embeddings e
      where e.model_id = (select model_id from mine) and e.video_id <> ${videoId}
      order by e.embedding <=> (select embedding from mine)
      limit ${NEAREST}
    )
    insert into duplicate_pairs (video_id_a, video_id_b, similarity, model_name)
    select
      case when (v.created_at, v.id) < (mine.created_at, mine.id) then v.id else mine.id end,
      case when (v.created_at, v.id) < (mine.created_at, mine.id) then mine.id else v.id end,
      least(1, 1 - near.distance), near.model_name
    from near join videos v on v.id = near.video_id cross join mine
    where 1 - near.distance > ${threshold}
    on conflict do nothing`.execute(trx)
  return Number(result.numAffectedRows ?? 0)
}

/** Near-duplicates of a video in both directions, most similar first. */
export async function nearDuplicatesOf(db: Db | Trx, videoId: string): Promise<NearDuplicate[]> {
  const { rows } = await sql<{
    video_id: string
    title: string
    similarity: number
    thumbnail_key: string | null
    is_earlier: boolean
  }>`
    select v.id as video_id, v.title, p.similarity, v.thumbnail_key,
      p.video_id_b = ${videoId} as is_earlier
    from duplicate_pairs p
    join videos v on v.id = case when p.video_id_a = ${videoId} then p.video_id_b else p.video_id_a end
    where p.video_id_a = ${videoId} or p.video_id_b = ${videoId}
    order by p.similarity desc, v.id`.execute(db)
  return rows.map((row) => ({
    videoId: row.video_id,
    title: row.title,
    similarity: row.similarity,
    thumbnailKey: row.thumbnail_key,
    isEarlier: row.is_earlier,
  }))
}

/** True when the video is the later one of some pair. */
export async function isDuplicate(db: Db | Trx, videoId: string): Promise<boolean> {
  const row = await db
    .selectFrom('duplicate_pairs')
    .select('video_id_b')
    .where('video_id_b', '=', videoId)
    .executeTakeFirst()
  return row !== undefined
}
