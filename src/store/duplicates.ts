import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { NotFoundError } from '../errors.ts'
import { recordEvent } from './events.ts'
import { checkedId } from './ids.ts'
import type { DuplicateKind, DuplicateVerdict } from './schema.ts'

/** A stretch of a video in seconds. */
interface Stretch {
  start: number
  end: number
}

/** Another video that was found to look like one, and how they were found to belong together. */
export interface FoundPair {
  otherId: string
  /** Cosine similarity of the two videos' vectors, at most 1. */
  similarity: number
  /** Null: it could not be compared; the similarity alone speaks. */
  kind: DuplicateKind | null
  /** Stretches of this video and of the other one; null without a match. */
  match: { first: Stretch; second: Stretch } | null
  isMirrored: boolean
  /** Time in the other one = speed · time in this one. */
  speed: number
  /** Mean correlation of the pictures, -1 to 1; null when none was compared. */
  sameness: number | null
}

/** A video that looks like another one. */
export interface NearDuplicate {
  videoId: string
  title: string
  /** Cosine similarity of the two videos' vectors, 0–1. */
  similarity: number
  /** Storage key; null without a thumbnail. */
  thumbnailKey: string | null
  /** True when the other one came first. */
  isEarlier: boolean
  /** Null for a pair of an older version that was not compared yet. */
  kind: DuplicateKind | null
  /** The stretch in the video asked about, and in the other one; null without a match. */
  match: { own: Stretch; other: Stretch } | null
  isMirrored: boolean
  /** Time in the other one = speed · time in the video asked about. */
  speed: number
  /** Which of the two is flagged as the duplicate; null: none. */
  flagged: 'this' | 'other' | null
  /** What a person said; null: nobody did. */
  verdict: DuplicateVerdict | null
  /** Names the group of duplicates that both are in; null when they are none. */
  clusterId: string | null
  /** The other one is the one of its group to keep. */
  isKeeper: boolean
}

/**
 * Which of two videos is the better one, as columns to sort by: short side in pixels, length in steps
 * of 3 % (what is missing counts, rounding does not), sound, bytes a second, age. Known of each
 * video alone, so that no three of them can each be worse than the next.
 */
const QUALITY = sql`
  least(v.width, v.height) desc nulls last,
  round(ln(greatest(v.duration, 0.1)) / ln(1.03)) desc nulls last,
  v.has_audio desc nulls last,
  v.bytes / greatest(v.duration, 0.1) desc nulls last,
  v.created_at, v.id`

/** Seconds, or share, of the lesser video that the better one may leave out: keyframes are a second apart. */
const LEFT_OUT_SECONDS = 1.5
const LEFT_OUT_SHARE = 0.05

/** Ids of the videos that a video has pairs with. */
export async function duplicatePartners(db: Db | Trx, videoId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select video_id_a as id from duplicate_pairs where video_id_b = ${videoId}
    union select video_id_b from duplicate_pairs where video_id_a = ${videoId}`.execute(db)
  return rows.map((row) => row.id)
}

/**
 * Writes a video's pairs and forgets those with `earlier` partners that are no more. A pair that
 * another video found meanwhile stays. The lesser of the two is the one flagged: when both are the
 * same from end to end, or when nearly all of it is in the better one. A person's verdict goes first.
 * Returns the number of pairs.
 */
export async function replaceDuplicatePairs(
  trx: Trx,
  videoId: string,
  modelName: string,
  found: FoundPair[],
  earlier: string[],
): Promise<number> {
  // Two videos that find each other at once must not wait for each other's rows crosswise.
  await sql`select pg_advisory_xact_lock(hashtext('forgeindex.duplicate_pairs'))`.execute(trx)
  const gone = [...new Set([...earlier, ...found.map((pair) => pair.otherId)])]
  await sql`
    delete from duplicate_pairs
    where (video_id_a = ${videoId} and video_id_b = any(${gone}::uuid[]))
      or (video_id_b = ${videoId} and video_id_a = any(${gone}::uuid[]))`.execute(trx)
  let count = 0
  for (const pair of found) {
    const { rows } = await sql<{ id: string; duration: number | null }>`
      select v.id, v.duration from videos v where v.id in (${videoId}, ${pair.otherId})
      order by ${QUALITY}`.execute(trx)
    const [better, lesser] = rows
    // Forgotten meanwhile.
    if (!better || !lesser) continue
    const ofBetter = better.id === videoId ? pair.match?.first : pair.match?.second
    const ofLesser = better.id === videoId ? pair.match?.second : pair.match?.first
    await sql`
      insert into duplicate_pairs (video_id_a, video_id_b, similarity, model_name, kind, start_a,
        end_a, start_b, end_b, is_mirrored, speed, sameness, is_duplicate)
      values (${better.id}, ${lesser.id}, ${pair.similarity}, ${modelName}, ${pair.kind},
        ${ofBetter?.start ?? null}, ${ofBetter?.end ?? null}, ${ofLesser?.start ?? null},
        ${ofLesser?.end ?? null}, ${pair.isMirrored},
        ${better.id === videoId ? pair.speed : 1 / pair.speed}, ${pair.sameness},
        coalesce((select verdict = 'duplicate' from duplicate_verdicts
            where video_id_a = least(${better.id}::uuid, ${lesser.id}::uuid)
              and video_id_b = greatest(${better.id}::uuid, ${lesser.id}::uuid)),
          ${isDuplicatePair(pair.kind, ofLesser ?? null, lesser.duration)}))`.execute(trx)
    count += 1
  }
  return count
}

/** What is found of itself, before anybody says otherwise. */
function isDuplicatePair(
  kind: DuplicateKind | null,
  ofLesser: Stretch | null,
  duration: number | null,
): boolean {
  if (kind !== 'excerpt') return kind !== 'same-scene'
  if (!ofLesser || !duration) return false
  const leftOut = duration - (ofLesser.end - ofLesser.start)
  return leftOut <= Math.max(LEFT_OUT_SECONDS, LEFT_OUT_SHARE * duration)
}

/**
 * What a person says of two videos that look alike; null takes it back. It stays when the pair is
 * computed anew.
 *
 * @throws NotFoundError `pair-not-found`
 */
export async function setDuplicateVerdict(
  db: Db,
  videoId: string,
  otherId: string,
  verdict: DuplicateVerdict | null,
): Promise<void> {
  const [one, two] = [checkedId('video', videoId), checkedId('video', otherId)].sort()
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('forgeindex.duplicate_pairs'))`.execute(trx)
    const { rows } = await sql<{
      kind: DuplicateKind | null
      start_b: number | null
      end_b: number | null
      duration: number | null
    }>`
      select p.kind, p.start_b, p.end_b, v.duration
      from duplicate_pairs p join videos v on v.id = p.video_id_b
      where (p.video_id_a, p.video_id_b) in ((${one}::uuid, ${two}::uuid), (${two}::uuid, ${one}::uuid))
      `.execute(trx)
    const pair = rows[0]
    if (!pair) {
      throw new NotFoundError(
        'pair-not-found',
        `Expected two videos that were found to look alike; ${videoId} and ${otherId} were not.`,
      )
    }
    await sql`delete from duplicate_verdicts where video_id_a = ${one} and video_id_b = ${two}`.execute(
      trx,
    )
    if (verdict) {
      await trx
        .insertInto('duplicate_verdicts')
        .values({ video_id_a: one!, video_id_b: two!, verdict })
        .execute()
    }
    const stretch =
      pair.start_b === null || pair.end_b === null ? null : { start: pair.start_b, end: pair.end_b }
    const isDuplicate = verdict
      ? verdict === 'duplicate'
      : isDuplicatePair(pair.kind, stretch, pair.duration)
    await sql`update duplicate_pairs set is_duplicate = ${isDuplicate}
      where (video_id_a, video_id_b) in ((${one}::uuid, ${two}::uuid), (${two}::uuid, ${one}::uuid))
      `.execute(trx)
    for (const id of [videoId, otherId]) {
      await recordEvent(trx, 'video.updated', { videoId: id }, { video_id: id })
    }
  })
}

/** Near-duplicates of a video, whichever of the two is the better one, most similar first. */
export async function nearDuplicatesOf(db: Db | Trx, videoId: string): Promise<NearDuplicate[]> {
  const { rows } = await sql<PairRow>`
    select v.id as video_id, v.title, p.similarity, v.thumbnail_key, p.kind, p.is_mirrored, p.speed,
      p.start_a, p.end_a, p.start_b, p.end_b, p.is_duplicate, d.verdict,
      (v.created_at, v.id) < (me.created_at, me.id) as is_earlier, p.video_id_a = me.id as is_better
    from videos me
    join duplicate_pairs p on me.id in (p.video_id_a, p.video_id_b)
    join videos v on v.id = case when p.video_id_a = me.id then p.video_id_b else p.video_id_a end
    left join duplicate_verdicts d on d.video_id_a = least(me.id, v.id)
      and d.video_id_b = greatest(me.id, v.id)
    where me.id = ${videoId}
    order by p.similarity desc, v.id`.execute(db)
  const cluster = rows.some((row) => row.is_duplicate) ? await clusterOf(db, videoId) : null
  return rows.map((row) => {
    const a = stretchOf(row.start_a, row.end_a)
    const b = stretchOf(row.start_b, row.end_b)
    return {
      videoId: row.video_id,
      title: row.title,
      similarity: row.similarity,
      thumbnailKey: row.thumbnail_key,
      isEarlier: row.is_earlier,
      kind: row.kind,
      match: a && b && { own: row.is_better ? a : b, other: row.is_better ? b : a },
      isMirrored: row.is_mirrored,
      speed: row.is_better ? row.speed : 1 / row.speed,
      flagged: row.is_duplicate ? (row.is_better ? 'other' : 'this') : null,
      verdict: row.verdict,
      clusterId: row.is_duplicate ? (cluster?.id ?? null) : null,
      isKeeper: row.is_duplicate && cluster?.keeperId === row.video_id,
    }
  })
}

interface PairRow {
  video_id: string
  title: string
  similarity: number
  thumbnail_key: string | null
  kind: DuplicateKind | null
  is_mirrored: boolean
  speed: number
  start_a: number | null
  end_a: number | null
  start_b: number | null
  end_b: number | null
  is_duplicate: boolean
  verdict: DuplicateVerdict | null
  is_earlier: boolean
  is_better: boolean
}

function stretchOf(start: number | null, end: number | null): Stretch | null {
  return start === null || end === null ? null : { start, end }
}

/**
 * The group of duplicates that a video is in: all that pairs reach from it, the best first. Worked
 * out when asked for, so that no order of arrival and no video taken away can leave it wrong. Its id is the
 * least of its members' ids. Null for a video without a duplicate.
 */
export async function clusterOf(
  db: Db | Trx,
  videoId: string,
): Promise<{ id: string; keeperId: string; videoIds: string[] } | null> {
  const { rows } = await sql<{ id: string }>`
    with recursive members (id) as (
      select ${videoId}::uuid
      union
      select case when p.video_id_a = m.id then p.video_id_b else p.video_id_a end
      from members m
      join duplicate_pairs p on p.is_duplicate and m.id in (p.video_id_a, p.video_id_b)
    )
    select v.id from members m join videos v on v.id = m.id order by ${QUALITY}`.execute(db)
  const videoIds = rows.map((row) => row.id)
  if (videoIds.length < 2) return null
  return { id: videoIds.toSorted()[0]!, keeperId: videoIds[0]!, videoIds }
}

/** True when a better video that shows the same is there. */
export async function isDuplicate(db: Db | Trx, videoId: string): Promise<boolean> {
  const row = await db
    .selectFrom('duplicate_pairs')
    .select('video_id_b')
    .where('video_id_b', '=', videoId)
    .where('is_duplicate', '=', true)
    .executeTakeFirst()
  return row !== undefined
}
