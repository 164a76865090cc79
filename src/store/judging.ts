import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { settleTask } from './finish.ts'
import type { DuplicatePolicy } from './schema.ts'
import { askForMore } from './task-refill.ts'
import { isTaskOpen } from './tasks.ts'
import { asWords } from './video-filters.ts'

/** A video that a task took and to which the task's rules were not applied yet. */
export interface Unjudged {
  candidateId: number
  taskId: string
  videoId: string
  /** What the task looks for; null: relevance has no meaning. */
  query: string | null
  taxonomy: string
  minRelevance: number | null
  duplicates: DuplicatePolicy
}

/** What is to be judged of one video, or of one task's videos that are completed. */
export async function unjudged(
  db: Db,
  of: { videoId: string } | { taskId: string },
): Promise<Unjudged[]> {
  const which =
    'videoId' in of
      ? sql`c.video_id = ${of.videoId}`
      : sql`c.task_id = ${of.taskId} and v.status = 'completed'`
  const { rows } = await sql<{
    candidate_id: number
    task_id: string
    video_id: string
    query: string | null
    taxonomy: string
    min_relevance: number | null
    duplicates: DuplicatePolicy
  }>`
    select c.id as candidate_id, c.task_id, c.video_id, t.query, t.taxonomy, t.min_relevance, t.duplicates
    from candidates c
    join ingestion_tasks t on t.id = c.task_id
    join videos v on v.id = c.video_id
    where ${which} and c.state = 'accepted' and c.judged_at is null and t.status in ('pending', 'running')
      and (t.min_relevance is not null or t.duplicates = 'skip')
    order by c.task_id, c.id`.execute(db)
  return rows.map((row) => ({
    candidateId: row.candidate_id,
    taskId: row.task_id,
    videoId: row.video_id,
    query: row.query,
    taxonomy: row.taxonomy,
    minRelevance: row.min_relevance,
    duplicates: row.duplicates,
  }))
}

/** Share of a text's words (by their stems, common ones left out) in a video's title, description and tags, 0–1. */
export async function wordsShare(db: Db, videoId: string, text: string): Promise<number> {
  const { rows } = await sql<{ share: number }>`
    with q as (select tsvector_to_array(to_tsvector('english', ${asWords(text)})) as lexemes),
    d as (
      select to_tsvector('english', ${asWords(sql`left(concat_ws(' . ', v.title, v.description,
        (select string_agg(t.tag, ' . ') from video_tags t where t.video_id = v.id)), 100000)`)}) as document
      from videos v where v.id = ${videoId}
    )
    select case when cardinality(q.lexemes) = 0 then 0 else
      (select count(*) from unnest(q.lexemes) l where d.document @@ quote_literal(l)::tsquery)::float8
        / cardinality(q.lexemes) end as share
    from q, d`.execute(db)
  return rows[0]?.share ?? 0
}

/**
 * Applies a task's rules to one of its videos. Two videos that look the same and come at once: the
 * first one judged stays.
 */
export async function judge(trx: Trx, item: Unjudged, relevance: number | null): Promise<void> {
  if (!(await isTaskOpen(trx, item.taskId))) return
  const offTopic =
    item.minRelevance !== null && relevance !== null && relevance < item.minRelevance
      ? {
          code: 'off-topic',
          reason: `Its relevance to the query is ${relevance}, min_relevance asks for ${item.minRelevance}.`,
        }
      : null
  const refusal = offTopic ?? (item.duplicates === 'skip' ? await duplicateOf(trx, item) : null)
  const done = await trx
    .updateTable('candidates')
    .set({
      judged_at: new Date(),
      relevance,
      ...(refusal ? { state: 'rejected', reason_code: refusal.code, reason: refusal.reason } : {}),
    })
    .where('id', '=', item.candidateId)
    .where('state', '=', 'accepted')
    .where('judged_at', 'is', null)
    .executeTakeFirst()
  if (!refusal || (done.numUpdatedRows ?? 0n) === 0n) return
  await askForMore(trx, item.taskId)
  await settleTask(trx, item.taskId)
}

/** A video of the task that looks the same and stays. */
async function duplicateOf(
  trx: Trx,
  { taskId, videoId }: Unjudged,
): Promise<{ code: string; reason: string } | null> {
  const { rows } = await sql<{ id: string; title: string; similarity: number }>`
    select v.id, v.title, p.similarity
    from duplicate_pairs p
    join videos v on v.id = case when p.video_id_a = ${videoId} then p.video_id_b else p.video_id_a end
    join candidates c on c.video_id = v.id and c.task_id = ${taskId} and c.state = 'accepted'
    where ${videoId} in (p.video_id_a, p.video_id_b) and p.is_duplicate and v.status <> 'failed'
      and c.judged_at is not null
    order by p.similarity desc limit 1`.execute(trx)
  const like = rows[0]
  if (!like) return null
  const percent = Math.round(like.similarity * 1000) / 10
  const reason = `It looks like video ${like.id} (${like.title}), similarity ${percent} %.`
  return { code: 'near-duplicate', reason }
}

/** True when tasks turned this video down after it was taken, and none has it among its own. */
export async function isTurnedDown(trx: Trx, videoId: string): Promise<boolean> {
  const { rows } = await sql<{ is_down: boolean }>`
    select coalesce(bool_or(judged_at is not null) and not bool_or(state = 'accepted'), false) as is_down
    from candidates where video_id = ${videoId}`.execute(trx)
  return rows[0]?.is_down ?? false
}
