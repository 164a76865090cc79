import { sql } from 'kysely'
import type { Database, Db } from '../config/database.ts'
import { toVectorText } from './vectors.ts'
import { isUnfiltered, matchingVideos, type VideoFilters } from './video-filters.ts'

/** A keyframe near a vector. It stands for the time from `timestamp` to `endTime`, in seconds. */
export interface KeyframeHit {
  keyframeId: string
  videoId: string
  timestamp: number
  /** The next keyframe's time; the video's end for its last one; null when that is not known. */
  endTime: number | null
  shotIndex: number
  /** Cosine similarity, 0–1 (below 0 counts as 0). */
  score: number
}

/**
 * The keyframes whose vectors are nearest to `vector` ([512] float32, L2-normalised), best first.
 * Only vectors that the model `modelId` made are compared, those of `exceptVideoId` left out.
 * `limit` is 1–1,000.
 *
 * On a server and without filters the HNSW index answers. Otherwise the sign bits do: all of them
 * (or those of the matching videos) are scanned by Hamming distance and the best are compared
 * exactly. That needs no index, and with filters it finds more than HNSW's iterative scan does.
 */
export async function nearestKeyframes(
  database: Pick<Database, 'form' | 'db'>,
  vector: Float32Array,
  options: NearestOptions & { filters?: VideoFilters },
): Promise<KeyframeHit[]> {
  const filters = options.filters ?? {}
  const rows =
    database.form === 'server' && isUnfiltered(filters)
      ? await nearestByIndex(database.db, vector, options)
      : await nearestByBits(database, vector, { ...options, filters })
  return rows.map((row) => ({
    keyframeId: row.keyframe_id,
    videoId: row.video_id,
    timestamp: row.timestamp,
    endTime: row.end_time,
    shotIndex: row.shot_index,
    score: Math.min(1, Math.max(0, 1 - row.distance)),
  }))
}

interface NearestOptions {
  modelId: number
  limit: number
  exceptVideoId?: string
}

/** The first keyframe of each of these videos; videos without keyframes are left out. */
export async function firstKeyframes(db: Db, videoIds: string[]): Promise<Map<string, string>> {
  if (videoIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('keyframes')
    .distinctOn('video_id')
    .select(['video_id', 'id'])
    .where('video_id', 'in', videoIds)
    .orderBy('video_id')
    .orderBy('timestamp')
    .execute()
  return new Map(rows.map((row) => [row.video_id, row.id]))
}

interface HitRow {
  keyframe_id: string
  video_id: string
  timestamp: number
  end_time: number | null
  shot_index: number
  distance: number
}

/**
 * Adds the time each hit stands for: to the next keyframe or the end of its shot, whichever is first.
 * `hits` has keyframe_id, video_id and distance.
 */
const HITS_WITH_TIMES = sql`
  select h.keyframe_id, h.video_id, k.timestamp, k.shot_index, h.distance,
    least(coalesce((select min(n.timestamp) from keyframes n
      where n.video_id = k.video_id and n.timestamp > k.timestamp), v.duration), s.end_time) as end_time
  from hits h
  join keyframes k on k.id = h.keyframe_id
  join videos v on v.id = h.video_id
  left join shots s on s.video_id = k.video_id and s.shot_index = k.shot_index
  order by h.distance, h.keyframe_id`

async function nearestByIndex(
  db: Db,
  vector: Float32Array,
  { modelId, limit, exceptVideoId }: NearestOptions,
): Promise<HitRow[]> {
  return await db.transaction().execute(async (trx) => {
    // The most that pgvector allows: at 40, the default, 4 of 10 videos come back, and for a text,
    // far from every picture, even 200 misses one frame in twenty.
    await sql`select set_config('hnsw.ef_search', '1000', true),
      set_config('hnsw.iterative_scan', 'strict_order', true)`.execute(trx)
    const { rows } = await sql<HitRow>`
      with hits as materialized (
        select e.keyframe_id, e.video_id, e.embedding <=> ${toVectorText(vector)}::halfvec as distance
        from keyframe_embeddings e
        where e.model_id = ${modelId} ${except(exceptVideoId, sql`e.video_id`)}
        order by e.embedding <=> ${toVectorText(vector)}::halfvec
        limit ${limit}
      ) ${HITS_WITH_TIMES}`.execute(trx)
    return rows
  })
}

async function nearestByBits(
  { form, db }: Pick<Database, 'form' | 'db'>,
  vector: Float32Array,
  { modelId, limit, exceptVideoId, filters }: NearestOptions & { filters: VideoFilters },
): Promise<HitRow[]> {
  const among = isUnfiltered(filters)
    ? sql``
    : sql`and b.video_id in (${matchingVideos(db, filters).select('v.id')})`
  // WebAssembly converts half floats one by one: cast first, and the scan takes half the time.
  const embedding = form === 'embedded' ? sql`e.embedding::vector` : sql`e.embedding`
  const query = sql`${toVectorText(vector)}::${sql.raw(form === 'embedded' ? 'vector' : 'halfvec')}`
  const { rows } = await sql<HitRow>`
    with scanned as materialized (
      select b.keyframe_id, ${weightedHamming(vector)} as bit_distance
      from keyframe_bits b
      where b.model_id = ${modelId} ${among} ${except(exceptVideoId, sql`b.video_id`)}
    ),
    candidates as materialized (
      select keyframe_id from scanned order by bit_distance
      limit (select greatest(${limit}::bigint, ${MIN_CANDIDATES},
        least(${MAX_CANDIDATES}, count(*) / 10)) from scanned)
    ),
    hits as materialized (
      select e.keyframe_id, e.video_id, ${embedding} <=> ${query} as distance
      from candidates c join keyframe_embeddings e on e.keyframe_id = c.keyframe_id
      order by distance, e.keyframe_id
      limit ${limit}
    ) ${HITS_WITH_TIMES}`.execute(db)
  return rows
}

const except = (videoId: string | undefined, column: ReturnType<typeof sql>) =>
  videoId === undefined ? sql`` : sql`and ${column} <> ${videoId}`

// How many of the bit scan's best are compared exactly: one in ten, within these bounds. A text lies
// at a wide angle from every picture, so its bits tell little: of the exact best ten for a text, 56 %
// are in the best 5 % by plain Hamming distance, 88 % by the weighted one, 98 % in its best 10 %
// (25 texts, 3,024 frames of real video, mini-vl). Looking for a frame, 2 % hold 97 % either way.
const MIN_CANDIDATES = 2_000
const MAX_CANDIDATES = 10_000

/** A component counts once above the first share of the root mean square, twice above the second. */
const LEVELS = [0.33, 1]

/**
 * Hamming distance of `b.bits` from the vector's signs, in which the vector's large components
 * count twice and its smallest, whose sign says nothing, not at all.
 */
function weightedHamming(vector: Float32Array) {
  const squares = vector.reduce((sum, value) => sum + value * value, 0)
  const rootMeanSquare = Math.sqrt(squares / vector.length)
  const terms = LEVELS.map((level) => {
    const bits = (of: (value: number) => boolean) =>
      sql`${Array.from(vector, (value) => (of(value) ? '1' : '0')).join('')}::bit(512)`
    const counts = (value: number) => Math.abs(value) > level * rootMeanSquare
    // Above 0 is 1, as in pgvector's binary_quantize.
    return sql`((b.bits & ${bits(counts)}) <~> ${bits((value) => counts(value) && value > 0)})`
  })
  return sql.join(terms, sql` + `)
}
