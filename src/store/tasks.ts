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
  /** What is looked for by words on its videos: null nothing, [] the taxonomy's words. */
  openVocabulary: string[] | null
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
  openVocabulary?: string[] | null
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
      open_vocabulary: task.openVocabulary ? JSON.stringify(task.openVocabulary) : null,
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

function toTask(row: Selectable<IngestionTasksTable>): Task {
  return {
    id: row.id,
    query: row.query,
    platform: row.platform,
    urls: row.urls,
    path: row.path,
    taxonomy: row.taxonomy,
    openVocabulary: row.open_vocabulary,
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
