import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { decodeNumbers, encodeNumbers, type Page } from './cursor.ts'
import type { CandidateState } from './schema.ts'
import { askForMore } from './task-refill.ts'

/** A video that a task found: whether it was taken, and if not, why. */
export interface StoredCandidate {
  platform: string
  sourceId: string
  url: string
  title: string
  /** Place in the source's order, from 0. */
  rank: number
  state: CandidateState
  reasonCode: string | null
  reason: string | null
  videoId: string | null
  /** The query variant that found it; null for the plain query. */
  variant: string | null
  /** 0–1, how well it fits the query; null when that was not measured. */
  relevance: number | null
}

/** What is kept of a candidate beside what its owner is shown. */
export interface CandidateExtras {
  /** It takes the place of a video that was lost. */
  replacement?: boolean
  /** Size that the source states. */
  bytes?: number | null
  /** state found: what is needed to take it later. */
  detail?: object
}

/** Adds a candidate. False when the task had it already: a run that goes on after a crash meets it again. */
export async function addCandidate(
  db: Db | Trx,
  taskId: string,
  candidate: Omit<StoredCandidate, 'variant' | 'relevance'> &
    Partial<Pick<StoredCandidate, 'variant' | 'relevance'>> &
    CandidateExtras,
): Promise<boolean> {
  const result = await db
    .insertInto('candidates')
    .values({
      task_id: taskId,
      platform: candidate.platform,
      source_id: candidate.sourceId,
      url: candidate.url,
      title: candidate.title,
      rank: candidate.rank,
      state: candidate.state,
      reason_code: candidate.reasonCode,
      reason: candidate.reason,
      video_id: candidate.videoId,
      variant: candidate.variant ?? null,
      relevance: candidate.relevance ?? null,
      replacement: candidate.replacement ?? false,
      bytes: candidate.bytes ?? null,
      detail: candidate.detail ? JSON.stringify(candidate.detail) : null,
    })
    // A spare one that is decided on takes its own place.
    .onConflict((oc) =>
      oc
        .columns(['task_id', 'platform', 'source_id'])
        .doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          reason_code: eb.ref('excluded.reason_code'),
          reason: eb.ref('excluded.reason'),
          video_id: eb.ref('excluded.video_id'),
          replacement: eb.ref('excluded.replacement'),
          detail: eb.ref('excluded.detail'),
        }))
        .where('candidates.state', '=', 'found')
        .where((eb) => eb('excluded.state', '<>', 'found')),
    )
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/**
 * One page of a task's candidates in the source's order. One that was taken and whose video failed
 * has the failure as its reason.
 *
 * @throws InvalidInputError `invalid-cursor`
 */
export async function candidatesOfTask(
  db: Db,
  taskId: string,
  options: { state: CandidateState | null; limit: number; cursor: string | null },
): Promise<Page<StoredCandidate>> {
  let query = db
    .selectFrom('candidates')
    .leftJoin('videos', (join) =>
      join
        .onRef('videos.id', '=', 'candidates.video_id')
        .on('candidates.state', '=', 'accepted')
        .on('videos.status', '=', 'failed'),
    )
    .selectAll('candidates')
    .select('videos.failure')
    .where('candidates.task_id', '=', taskId)
  if (options.state) query = query.where('candidates.state', '=', options.state)
  if (options.cursor) {
    const [rank, id] = decodeNumbers(options.cursor, 2)
    query = query.where(
      sql<boolean>`(candidates.rank, candidates.id) > (${rank}::float8, ${id}::float8)`,
    )
  }
  const rows = await query
    .orderBy('candidates.rank')
    .orderBy('candidates.id')
    .limit(options.limit + 1)
    .execute()
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  return {
    items: page.map((row) => ({
      platform: row.platform,
      sourceId: row.source_id,
      url: row.url,
      title: row.title,
      rank: row.rank,
      state: row.state,
      reasonCode: row.failure?.code ?? row.reason_code,
      reason: row.failure?.message ?? row.reason,
      videoId: row.video_id,
      variant: row.variant,
      relevance: row.relevance,
    })),
    nextCursor: rows.length > page.length && last ? encodeNumbers(last.rank, last.id) : null,
  }
}

/** True when the task already has this candidate. */
export async function hasCandidate(
  db: Db | Trx,
  taskId: string,
  candidate: Pick<StoredCandidate, 'platform' | 'sourceId'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('candidates')
    .select('id')
    .where('task_id', '=', taskId)
    .where('platform', '=', candidate.platform)
    .where('source_id', '=', candidate.sourceId)
    .executeTakeFirst()
  return row !== undefined
}

/** The best `limit` candidates that were found and not needed so far, in the source's order. */
export async function spareCandidates(
  db: Db | Trx,
  taskId: string,
  limit: number,
): Promise<{ detail: unknown; variant: string | null }[]> {
  return await db
    .selectFrom('candidates')
    .select(['detail', 'variant'])
    .where('task_id', '=', taskId)
    .where('state', '=', 'found')
    .orderBy('rank')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** How many candidates of a task were taken, those included that were turned down afterwards. */
export async function countTakenEver(db: Db | Trx, taskId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from candidates where task_id = ${taskId} and (state = 'accepted'
      or reason_code in ('same-content', 'near-duplicate', 'off-topic'))`.execute(db)
  return rows[0]?.count ?? 0
}

/** How many candidates a task has in reserve, and how many took the place of another. */
export async function countSpare(
  db: Db | Trx,
  taskId: string,
): Promise<{ spare: number; replacements: number }> {
  const { rows } = await sql<{ spare: number; replacements: number }>`
    select count(*) filter (where state = 'found') as spare,
      count(*) filter (where replacement) as replacements
    from candidates where task_id = ${taskId}`.execute(db)
  return rows[0]!
}

/** True when the task took this video under another candidate. */
export async function tookVideo(db: Db | Trx, taskId: string, videoId: string): Promise<boolean> {
  const row = await db
    .selectFrom('candidates')
    .select('id')
    .where('task_id', '=', taskId)
    .where('video_id', '=', videoId)
    .where('state', '=', 'accepted')
    .executeTakeFirst()
  return row !== undefined
}

/**
 * The file behind `videoId` turned out to be that of `keptId`. Every task that took the one now has
 * the other; a task that has both keeps one, and the second candidate says why it was not taken.
 */
export async function mergeCandidates(
  trx: Trx,
  videoId: string,
  kept: { id: string; title: string },
): Promise<void> {
  const rows = await trx
    .selectFrom('candidates')
    .select(['id', 'task_id'])
    .where('video_id', '=', videoId)
    .where('state', '=', 'accepted')
    .execute()
  for (const row of rows) {
    const twice = await tookVideo(trx, row.task_id, kept.id)
    await trx
      .updateTable('candidates')
      .set(
        twice
          ? {
              video_id: kept.id,
              state: 'rejected',
              reason_code: 'same-content',
              reason: `The file is the same as that of video ${kept.id} (${kept.title}).`,
            }
          : { video_id: kept.id },
      )
      .where('id', '=', row.id)
      .execute()
    if (twice) await askForMore(trx, row.task_id)
  }
}
