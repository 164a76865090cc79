import { sql } from 'kysely'
import type { Database } from '../../src/config/database.ts'

/** Uniform numbers in [0, 1) from a seed (mulberry32), the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A random direction, [512] float32, L2-normalised. */
export function randomUnit(random: () => number): Float32Array {
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return unit(Float32Array.from({ length: 512 }, gaussian))
}

/** `a` moved towards `b`: normalised a + share·b. */
export function mixed(a: Float32Array, b: Float32Array, share: number): Float32Array {
  return unit(a.map((value, i) => value + share * b[i]!))
}

export function unit(vector: Float32Array): Float32Array {
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  return vector.map((value) => value / length)
}

/**
 * Vectors of frames as they are in videos: each video a direction of its own, its frames a random
 * walk around it, so that neighbours are nearly equal (cosine about 0.98, first to last about 0.6).
 */
export function frameVectors(random: () => number, frames: number): Float32Array[] {
  let current = randomUnit(random)
  return Array.from({ length: frames }, () => {
    current = mixed(current, randomUnit(random), 0.2)
    return current
  })
}

/** Inserts a completed video and a keyframe a second, one for each vector. Returns the video's id. */
export async function insertVideoWithFrames(
  { db }: Database,
  video: { name: string; platform?: string; modelId: number },
  vectors: Float32Array[],
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into videos (source_url, platform, source_id, title, taxonomy, status, duration)
    values (${`file:///${video.name}`}, ${video.platform ?? 'folder'}, ${video.name},
      ${video.name}, 'manufacturing', 'completed', ${vectors.length})
    returning id`.execute(db)
  const videoId = rows[0]!.id
  await sql`
    with given as (
      select ordinality - 1 as n, text::halfvec(512) as embedding
      from unnest(${vectors.map(shortText)}::text[]) with ordinality as g(text)
    ),
    frames as (
      insert into keyframes
        (video_id, timestamp, frame_index, shot_index, is_scene_change, scene_score, storage_key)
      select ${videoId}::uuid, n, n * 30, n / 10, n % 10 = 0, 0, 'k' || n from given
      returning id, timestamp
    ),
    vectors as (
      insert into keyframe_embeddings (keyframe_id, video_id, model_id, embedding)
      select f.id, ${videoId}::uuid, ${video.modelId}, g.embedding
      from frames f join given g on g.n = f.timestamp
      returning keyframe_id, embedding
    )
    insert into keyframe_bits (keyframe_id, video_id, model_id, bits)
    select keyframe_id, ${videoId}::uuid, ${video.modelId}, binary_quantize(embedding)::bit(512)
    from vectors`.execute(db)
  return videoId
}

/** Registers a model to name vectors with; returns its id. */
export async function insertModel({ db }: Database, name = 'test-clip'): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into models (name, revision, kind, runtime, licence)
    values (${name}, 'r1', 'clip', 'onnxruntime-node', 'MIT') returning id`.execute(db)
  return rows[0]!.id
}

/** Five digits are more than a halfvec keeps, and half the text. */
function shortText(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => value.toFixed(5)).join(',')}]`
}
