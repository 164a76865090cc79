import { sql } from 'kysely'
import type { Database, Db } from '../config/database.ts'
import { toVectorText } from './vectors.ts'

/** Another video that may show the same. */
export interface DuplicateCandidate {
  videoId: string
  /** Cosine similarity of the two videos' vectors, at most 1. */
  similarity: number
}

/** Nearest videos looked at: one more would have to be a duplicate of as many others. */
const NEAREST = 200
/** Videos that frames alone can bring, beside those whose average is near. */
const BY_FRAMES = 12
/** Keyframes looked at for each frame asked for. */
const FRAMES_EACH = 60
/** Finds .97 of the true neighbours among a million frame-like vectors; a copy has many frames. */
const EF_SEARCH = 120
/** Where the index gives up looking past the video's own frames, which are the nearest of all. */
const MOST_TUPLES = 4000
/** Cosine above which two frames may be the same; 180p re-encodes of mini-vl go down to .93. */
const FRAME_COSINE = 0.85
/** Differing signs of 512 at that cosine: 512 · acos(.85) / π = 90, and room for chance. */
const FRAME_BITS = 100

/**
 * Videos whose average vector is within `threshold` of this one's, and those with frames like
 * `frames` ([512] float32 each, L2-normalised), which brings excerpts of long videos. A frame that
 * many videos have (a title card) counts little. Only vectors of the same model are compared.
 */
export async function duplicateCandidates(
  { form, db }: Pick<Database, 'form' | 'db'>,
  videoId: string,
  frames: Float32Array[],
  threshold: number,
): Promise<DuplicateCandidate[]> {
  const byAverage = await nearAverages(db, videoId, threshold)
  const known = new Set(byAverage.map((candidate) => candidate.videoId))
  if (frames.length === 0) return byAverage
  const ids = await (form === 'server'
    ? withLikeFrames(db, videoId, frames)
    : withLikeBits(db, videoId, frames))
  const others = ids.filter((id) => !known.has(id)).slice(0, BY_FRAMES)
  return [...byAverage, ...(await similarities(db, videoId, others))]
}

async function nearAverages(
  db: Db,
  videoId: string,
  threshold: number,
): Promise<DuplicateCandidate[]> {
  return await db.transaction().execute(async (trx) => {
    // On a server the index finds 7 of 10 with its defaults; on the embedded one there is none to set.
    await sql`select set_config('hnsw.ef_search', ${String(2 * NEAREST)}, true),
      set_config('hnsw.iterative_scan', 'strict_order', true)`.execute(trx)
    const { rows } = await sql<{ video_id: string; similarity: number }>`
      with mine as (select embedding, model_id from video_embeddings where video_id = ${videoId}),
      near as materialized (
        select e.video_id, e.embedding <=> (select embedding from mine) as distance
        from video_embeddings e
        where e.model_id = (select model_id from mine) and e.video_id <> ${videoId}
        order by e.embedding <=> (select embedding from mine)
        limit ${NEAREST}
      )
      select video_id, least(1, 1 - distance) as similarity from near
      where 1 - distance > ${threshold} order by distance, video_id`.execute(trx)
    return rows.map((row) => ({ videoId: row.video_id, similarity: row.similarity }))
  })
}

/** Through the index, frame by frame. */
async function withLikeFrames(db: Db, videoId: string, frames: Float32Array[]): Promise<string[]> {
  return await db.transaction().execute(async (trx) => {
    await sql`select set_config('hnsw.ef_search', ${String(EF_SEARCH)}, true),
      set_config('hnsw.iterative_scan', 'strict_order', true),
      set_config('hnsw.max_scan_tuples', ${String(MOST_TUPLES)}, true)`.execute(trx)
    const modelId = sql`(select model_id from video_embeddings where video_id = ${videoId})`
    const { rows } = await sql<{ video_id: string }>`
      with hits as materialized (
        select q.n, h.video_id, min(h.distance) as distance
        from unnest(${frames.map(toVectorText)}::text[]) with ordinality as q(vector, n)
        cross join lateral (
          select e.video_id, e.embedding <=> q.vector::halfvec(512) as distance
          from keyframe_embeddings e
          where e.video_id <> ${videoId} and e.model_id = ${modelId}
          order by e.embedding <=> q.vector::halfvec(512)
          limit ${FRAMES_EACH}
        ) h
        where h.distance < ${1 - FRAME_COSINE}
        group by q.n, h.video_id
      ),
      spread as (select n, count(*) as videos from hits group by n)
      select h.video_id from hits h join spread s using (n)
      group by h.video_id
      order by sum((1 - h.distance) / s.videos) desc, h.video_id
      limit ${NEAREST}`.execute(trx)
    return rows.map((row) => row.video_id)
  })
}

/** One scan of the signs for all frames at once. */
async function withLikeBits(db: Db, videoId: string, frames: Float32Array[]): Promise<string[]> {
  const distances = frames.map(
    (frame) =>
      sql`(b.bits <~> ${Array.from(frame, (value) => (value > 0 ? '1' : '0')).join('')}::bit(512))`,
  )
  const { rows } = await sql<{ video_id: string }>`
    with scanned as materialized (
      select b.video_id, least(${sql.join(distances)}) as distance
      from keyframe_bits b
      where b.model_id = (select model_id from video_embeddings where video_id = ${videoId})
        and b.video_id <> ${videoId}
    )
    select video_id from scanned where distance < ${FRAME_BITS}
    group by video_id order by sum(${FRAME_BITS} - distance) desc, video_id
    limit ${NEAREST}`.execute(db)
  return rows.map((row) => row.video_id)
}

async function similarities(
  db: Db,
  videoId: string,
  others: string[],
): Promise<DuplicateCandidate[]> {
  if (others.length === 0) return []
  const { rows } = await sql<{ video_id: string; similarity: number }>`
    select e.video_id, least(1, 1 - (e.embedding <=> mine.embedding)) as similarity
    from video_embeddings mine
    join video_embeddings e on e.model_id = mine.model_id and e.video_id = any(${others}::uuid[])
    where mine.video_id = ${videoId}`.execute(db)
  const found = new Map(rows.map((row) => [row.video_id, row.similarity]))
  return others.flatMap((id) => {
    const similarity = found.get(id)
    return similarity === undefined ? [] : [{ videoId: id, similarity }]
  })
}
