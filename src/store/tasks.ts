import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import type { Page } from './cursor.ts'
import { checkedId, notFound } from './ids.ts'
import { newestFirst } from './newest-first.ts'
import type {
  DiscoveryPosition,
  DuplicatePolicy,
  IngestionTasksTable,
  TaskStatus,
  VideoFailure,
} from './schema.ts'

/** How a task chooses, and what it may cost at most. */
export interface TaskRules {
  /** Further queries, tried in order once the plain one brings no more. */
  variants: string[]
  duplicates: DuplicatePolicy
  /** 0–1; null: a video need not fit the query. */
  minRelevance: number | null
  /** Bytes of all its videos together; null: no cap. */
  maxBytes: number | null
  /** Wall-clock seconds of looking for videos, from the task's start; null: no cap. */
  maxSeconds: number | null
  /** Dollars; null: the setting's cap alone. */
  maxUsd: number | null
}

/** One ingestion request and how far it is. */
export interface Task extends TaskRules {
  id: string
  query: string | null
  platform: string
  urls: string[]
  path: string | null
  taxonomy: string
  status: TaskStatus
  maxVideos: number
  discoveryDone: boolean
  position: DiscoveryPosition
  /** Nothing more is to be had: the sources ended, or a cap was reached. */
  sourcesEnded: boolean
  /** Candidates decided on so far, taken or not. */
  videosFound: number
  /** Videos that reached `completed`, flagged duplicates included. */
  videosProcessed: number
  videosFailed: number
  /** Videos flagged as near-duplicates, and candidates that turned out to be the same file. */
  videosDuplicate: number
  errorCode: string | null
  errorMessage: string | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

export interface NewTask extends Partial<TaskRules> {
  /** Where it was chosen before; else a new one. */
  id?: string
  query: string | null
  platform: string
  urls: string[]
  path: string | null
  taxonomy: string
  maxVideos: number
}

export async function createTask(trx: Trx, task: NewTask): Promise<Task> {
  const row = await trx
    .insertInto('ingestion_tasks')
    .values({
      ...(task.id ? { id: task.id } : {}),
      query: task.query,
      platform: task.platform,
      urls: JSON.stringify(task.urls),
      path: task.path,
      taxonomy: task.taxonomy,
      max_videos: task.maxVideos,
      min_relevance: task.minRelevance ?? null,
      max_bytes: task.maxBytes ?? null,
      max_seconds: task.maxSeconds ?? null,
      max_usd: task.maxUsd ?? null,
      ...(task.variants ? { variants: JSON.stringify(task.variants) } : {}),
      ...(task.duplicates ? { duplicates: task.duplicates } : {}),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toTask(row)
}

/** @throws NotFoundError `task-not-found` */
export async function getTask(db: Db | Trx, id: string): Promise<Task> {
  const row = await db
    .selectFrom('ingestion_tasks')
    .selectAll()
    .where('id', '=', checkedId('task', id))
    .executeTakeFirst()
  if (!row) throw notFound('task', id)
  return toTask(row)
}

/** Tasks, newest first. */
export async function listTasks(
  db: Db,
  options: { limit: number; cursor: string | null },
): Promise<Page<Task>> {
  return await newestFirst(db.selectFrom('ingestion_tasks').selectAll(), options, toTask)
}

/** Ids of tasks that took this video. */
export async function tasksOfVideo(db: Db | Trx, videoId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('candidates')
    .select('task_id')
    .distinct()
    .where('video_id', '=', videoId)
    .where('state', '=', 'accepted')
    // One order for all who go through them and hold each: else two would wait for each other.
    .orderBy('task_id')
    .execute()
  return rows.map((row) => row.task_id)
}

/** Videos that a task took and that failed, with why. */
export async function failedVideosOfTask(
  db: Db | Trx,
  taskId: string,
): Promise<{ id: string; failure: VideoFailure | null }[]> {
  return await db
    .selectFrom('candidates as c')
    .innerJoin('videos as v', 'v.id', 'c.video_id')
    .select(['v.id', 'v.failure'])
    .where('c.task_id', '=', taskId)
    .where('c.state', '=', 'accepted')
    .where('v.status', '=', 'failed')
    .orderBy('c.rank')
    .orderBy('c.id')
    .execute()
}

/** Ends a task that has not ended. False when it had: completed just before. */
export async function endTask(db: Db | Trx, id: string, status: TaskStatus): Promise<boolean> {
  const row = await db
    .updateTable('ingestion_tasks')
    .set({ status, finished_at: new Date() })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'running'])
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Videos a task took that are not terminal yet. */
export async function openVideoIdsOfTask(db: Db, taskId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('candidates as c')
    .innerJoin('videos as v', 'v.id', 'c.video_id')
    .select('v.id')
    .distinct()
    .where('c.task_id', '=', taskId)
    .where('c.state', '=', 'accepted')
    .where('v.status', 'not in', ['completed', 'failed'])
    .execute()
  return rows.map((row) => row.id)
}

/** Marks a task as running. False when it is over: cancelled before its turn came. */
export async function beginTask(db: Db, id: string): Promise<boolean> {
  const row = await db
    .updateTable('ingestion_tasks')
    .set({ status: 'running', started_at: sql<Date>`coalesce(started_at, now())` })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'running'])
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** True while a task has not ended; holds its row, so that a cancel waits for this transaction. */
export async function isTaskOpen(trx: Trx, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('ingestion_tasks')
    .select('status')
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row?.status === 'pending' || row?.status === 'running'
}

export type TaskChange = Partial<
  Pick<
    Task,
    | 'status'
    | 'discoveryDone'
    | 'sourcesEnded'
    | 'position'
    | 'errorCode'
    | 'errorMessage'
    | 'startedAt'
    | 'finishedAt'
  >
>

export async function updateTask(db: Db | Trx, id: string, change: TaskChange): Promise<void> {
  const row = Object.fromEntries(
    Object.entries({
      status: change.status,
      discovery_done: change.discoveryDone,
      sources_ended: change.sourcesEnded,
      position: change.position && JSON.stringify(change.position),
      error_code: change.errorCode,
      error_message: change.errorMessage,
      started_at: change.startedAt,
      finished_at: change.finishedAt,
    }).filter(([, value]) => value !== undefined),
  )
  await db.updateTable('ingestion_tasks').set(row).where('id', '=', id).execute()
}

/** Counts a task's candidates and videos anew and writes the numbers into its row. */
export async function recountTask(trx: Trx, id: string): Promise<void> {
  // Held before counting: an update that waits for another's commit would count what it saw before.
  await trx
    .selectFrom('ingestion_tasks')
    .select('id')
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
  await sql`
    update ingestion_tasks t set
      videos_found = c.found, videos_processed = c.processed,
      videos_failed = c.failed, videos_duplicate = c.duplicate, counted_at = clock_timestamp()
    from (
      select
        count(*) filter (where c.state <> 'found') as found,
        count(*) filter (where c.state = 'accepted' and v.status = 'completed') as processed,
        count(*) filter (where c.state = 'accepted' and v.status = 'failed') as failed,
        count(*) filter (where c.reason_code = 'same-content' or (c.state = 'accepted' and exists
          (select 1 from duplicate_pairs p where p.video_id_b = v.id))) as duplicate
      from candidates c left join videos v on v.id = c.video_id
      where c.task_id = ${id}
    ) c
    where t.id = ${id}`.execute(trx)
}

/** Counting this many candidates is cheap: smaller tasks are counted at each change. */
const LARGE_TASK = 500

/**
 * Holds a task's row and tells what has to be done about it: whether all of it is over, and whether
 * its counts are due. Neither grows with the task: 10,000 videos would each count 10,000.
 */
export async function lookAtTask(
  trx: Trx,
  id: string,
): Promise<{ isOver: boolean; isCountDue: boolean }> {
  // Held before looking: of two that end at once, the second sees the first one's end.
  const { rows } = await sql<{ could_end: boolean; is_due: boolean }>`
    select status = 'running' and (error_code is not null or (discovery_done and not refill_due))
        as could_end,
      videos_found < ${LARGE_TASK} or counted_at is null
        or counted_at < clock_timestamp() - interval '1 second' as is_due
    from ingestion_tasks where id = ${id} for no key update`.execute(trx)
  const task = rows[0]
  if (!task) throw notFound('task', id)
  const isOver = task.could_end && !(await hasOpenVideo(trx, id))
  return { isOver, isCountDue: task.is_due }
}

/** From the last candidate on: videos are worked on in the order in which they were found. */
async function hasOpenVideo(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from candidates c join videos v on v.id = c.video_id
    where c.task_id = ${id} and c.state = 'accepted' and v.status not in ('completed', 'failed')
    order by c.id desc limit 1`.execute(trx)
  return rows.length > 0
}

/**
 * A task lost a video that it had taken: another one is to take its place. Nothing for a task whose
 * list is what it is, that has ended, or that cannot get more. `arrived`: only a task with a cap on bytes
 * waits for that, to know what room is left.
 */
export async function askForMore(
  trx: Trx,
  id: string,
  why: 'lost' | 'arrived' = 'lost',
): Promise<void> {
  await sql`
    update ingestion_tasks set refill_due = true
    where id = ${id} and status = 'running' and not sources_ended and error_code is null
      and query is not null and urls = '[]' and path is null
      and (${why} = 'lost' or max_bytes is not null)`.execute(trx)
}

/** Running tasks that wait for more videos and that nobody looks for now. */
export async function tasksToRefill(db: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ingestion_tasks
    where refill_due and discovery_done and status = 'running' and error_code is null`.execute(db)
  return rows.map(({ id }) => id)
}

/** Takes up a task's discovery again. False when somebody else has, or the task is over. */
export async function beginRefill(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql`
    update ingestion_tasks set refill_due = false, discovery_done = false
    where id = ${id} and refill_due and discovery_done and status = 'running'
    returning id`.execute(trx)
  return rows.length > 0
}

/**
 * Ends a round of discovery. False when a video was lost meanwhile and more can be had: another round
 * is due.
 */
export async function endRound(
  trx: Trx,
  id: string,
  outcome: { sourcesEnded: boolean },
): Promise<boolean> {
  const { rows } = await sql<{ discovery_done: boolean }>`
    update ingestion_tasks set
      sources_ended = ${outcome.sourcesEnded}, refill_due = false,
      discovery_done = ${outcome.sourcesEnded} or not refill_due
    where id = ${id} returning discovery_done`.execute(trx)
  return rows[0]?.discovery_done ?? true
}

/** Videos that a task has or works on: those that failed or were turned down are not among them. */
export async function countGood(db: Db | Trx, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from candidates c join videos v on v.id = c.video_id
    where c.task_id = ${id} and c.state = 'accepted' and v.status <> 'failed'`.execute(db)
  return rows[0]?.count ?? 0
}

/** What a task's videos weigh, in bytes: stored ones as they are, the others as their source says. */
export async function bytesOfTask(
  db: Db | Trx,
  id: string,
): Promise<{ stored: number; expected: number; storedCount: number; unknown: number }> {
  const { rows } = await sql<{
    stored: number
    expected: number
    stored_count: number
    unknown: number
  }>`
    select
      coalesce(sum(v.bytes) filter (where v.storage_key is not null), 0)::float8 as stored,
      coalesce(sum(c.bytes) filter (where v.storage_key is null), 0)::float8 as expected,
      count(*) filter (where v.storage_key is not null) as stored_count,
      count(*) filter (where v.storage_key is null and c.bytes is null) as unknown
    from candidates c join videos v on v.id = c.video_id
    where c.task_id = ${id} and c.state = 'accepted'
      and (v.status <> 'failed' or v.storage_key is not null)`.execute(db)
  const row = rows[0]!
  return {
    stored: row.stored,
    expected: row.expected,
    storedCount: row.stored_count,
    unknown: row.unknown,
  }
}

/** Videos that a task took and that are still there. */
export async function countTaken(db: Db | Trx, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from candidates
    where task_id = ${id} and state = 'accepted' and video_id is not null`.execute(db)
  return rows[0]?.count ?? 0
}

function toTask(row: Selectable<IngestionTasksTable>): Task {
  return {
    id: row.id,
    query: row.query,
    platform: row.platform,
    urls: row.urls,
    path: row.path,
    taxonomy: row.taxonomy,
    status: row.status,
    maxVideos: row.max_videos,
    discoveryDone: row.discovery_done,
    videosFound: row.videos_found,
    videosProcessed: row.videos_processed,
    videosFailed: row.videos_failed,
    videosDuplicate: row.videos_duplicate,
    variants: row.variants,
    duplicates: row.duplicates,
    minRelevance: row.min_relevance,
    maxBytes: row.max_bytes,
    maxSeconds: row.max_seconds,
    maxUsd: row.max_usd,
    position: row.position,
    sourcesEnded: row.sources_ended,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}
