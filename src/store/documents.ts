import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { InvalidInputError } from '../errors.ts'
import { asWords, isUnfiltered, matchingVideos, type VideoFilters } from './video-filters.ts'

/** A query longer than this is a mistake or an attack, not a search. In UTF-16 units. */
export const MAX_QUERY_CHARACTERS = 1000

/** A video whose words answer a query. */
export interface DocumentHit {
  videoId: string
  /** Share of the query's words that it has, above 0 to 1. */
  share: number
  /** Where at least one of the words is. */
  matchedIn: MatchedField[]
}

/** Parts of a video's document by weight, A to D. */
export type MatchedField = 'title' | 'tags' | 'transcript' | 'description'

/**
 * Videos that have at least one of the words (English word forms count as the same word), those
 * with more of them first, then those with them in the weightier place (title, tags, transcript,
 * description). A query of nothing but common words ("the", "of") finds nothing.
 *
 * @throws InvalidInputError `query-too-long`
 */
export async function searchDocuments(
  db: Db,
  words: string,
  filters: VideoFilters,
  limit: number,
): Promise<DocumentHit[]> {
  const among = isUnfiltered(filters)
    ? sql``
    : sql`and d.video_id in (${matchingVideos(db, filters).select('v.id')})`
  const { rows } = await sql<{
    video_id: string
    found: number
    total: number
    in_a: boolean
    in_b: boolean
    in_c: boolean
    in_d: boolean
  }>`
    with ${queryOf(words)}
    select d.video_id, q.total,
      (select count(*) from unnest(q.lexemes) l
        where d.document @@ quote_literal(l)::tsquery) as found,
      ts_filter(d.document, '{a}') @@ q.any_word as in_a,
      ts_filter(d.document, '{b}') @@ q.any_word as in_b,
      ts_filter(d.document, '{c}') @@ q.any_word as in_c,
      ts_filter(d.document, '{d}') @@ q.any_word as in_d
    from q join video_documents d on d.document @@ q.any_word
    where true ${among}
    order by found desc, ts_rank(d.document, q.any_word) desc, d.video_id
    limit ${limit}`.execute(db)
  return rows.map((row) => ({
    videoId: row.video_id,
    share: row.found / row.total,
    matchedIn: [
      ...(row.in_a ? (['title'] as const) : []),
      ...(row.in_b ? (['tags'] as const) : []),
      ...(row.in_c ? (['transcript'] as const) : []),
      ...(row.in_d ? (['description'] as const) : []),
    ],
  }))
}

/** A stretch of speech with words of the query. Times in seconds. */
export interface SpeechHit {
  videoId: string
  startTime: number
  endTime: number
  text: string
  /** Share of the query's words said in it, above 0 to 1. */
  share: number
}

/** Speech with the words in these videos: by video the best `perVideo`, best first. */
export async function searchSpeech(
  db: Db,
  words: string,
  videoIds: string[],
  perVideo: number,
): Promise<SpeechHit[]> {
  if (videoIds.length === 0) return []
  const { rows } = await sql<{
    video_id: string
    start_time: number
    end_time: number
    text: string
    share: number
  }>`
    with ${queryOf(words)},
    found as (
      select t.video_id, s.id, s.start_time, s.end_time, s.text,
        (select count(*) from unnest(q.lexemes) l
          where to_tsvector('english', s.text) @@ quote_literal(l)::tsquery)::float8 / q.total as share
      from q
      join transcripts t on t.video_id = any(${videoIds}::uuid[])
      join transcript_segments s on s.transcript_id = t.id
        and to_tsvector('english', s.text) @@ q.any_word
    ),
    ranked as (
      select *, row_number() over (partition by video_id
        order by share desc, start_time, id) as place
      from found
    )
    select video_id, start_time, end_time, text, share from ranked
    where place <= ${perVideo} order by video_id, place`.execute(db)
  return rows.map((row) => ({
    videoId: row.video_id,
    startTime: row.start_time,
    endTime: row.end_time,
    text: row.text,
    share: row.share,
  }))
}

/**
 * Writes what full-text search reads of a video from its title, tags, transcript and description
 * as they are now. Call it in the transaction that changes one of them.
 */
export async function refreshDocument(trx: Db | Trx, videoId: string): Promise<void> {
  const part = (text: ReturnType<typeof sql>, weight: 'A' | 'B' | 'C' | 'D') =>
    sql`setweight(to_tsvector('english', coalesce(${asWords(sql`left(${text}, ${MAX_PART_CHARACTERS})`)}, '')), ${sql.lit(weight)})`
  await sql`
    insert into video_documents (video_id, document)
    select v.id,
      ${part(sql`v.title`, 'A')} ||
      ${part(sql`(select string_agg(t.tag, ' . ' order by t.tag) from video_tags t where t.video_id = v.id)`, 'B')} ||
      ${part(sql`(select t.full_text from transcripts t where t.video_id = v.id)`, 'C')} ||
      ${part(sql`v.description`, 'D')}
    from videos v where v.id = ${videoId}
    on conflict (video_id) do update set document = excluded.document`.execute(trx)
}

// A tsvector holds 1 MB at most. Four hours of speech have about 200,000 characters.
const MAX_PART_CHARACTERS = 200_000

/**
 * A CTE `q` with the query's word stems, their number, and a tsquery for any of them. It has no row
 * when no word counts.
 */
function queryOf(words: string) {
  if (words.length > MAX_QUERY_CHARACTERS) {
    throw new InvalidInputError(
      'query-too-long',
      `Expected a query of at most ${MAX_QUERY_CHARACTERS} characters, got ${words.length}: shorten it.`,
    )
  }
  return sql`stems as (
      select tsvector_to_array(to_tsvector('english', ${asWords(words.replaceAll('\0', ' '))})) as lexemes
    ),
    q as materialized (
      select lexemes, cardinality(lexemes) as total,
        (select string_agg(quote_literal(l), ' | ') from unnest(lexemes) l)::tsquery as any_word
      from stems where cardinality(lexemes) > 0
    )`
}
