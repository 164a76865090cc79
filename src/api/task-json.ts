import type { TaskProgress } from '../store/task-progress.ts'
import type { Task as StoredTask } from '../store/tasks.ts'
import { isoOrNull } from './schemas/common.ts'
import type { Task, TaskAccount } from './schemas/tasks.ts'

/** A task as the API shows it. */
export function taskJson(row: StoredTask, progress: TaskProgress): Task {
  const isOver = ['completed', 'failed', 'cancelled'].includes(row.status)
  // While more may be found, what it may yet take counts too, and what failed is replaced.
  const mayGrow = !row.discoveryDone || (isSearch(row) && !row.sourcesEnded)
  const lost = mayGrow ? sum(progress.failed) : 0
  const expected = mayGrow ? Math.max(row.maxVideos, progress.accepted - lost) : progress.accepted
  const share = expected > 0 ? Math.max(0, progress.finishedShare - lost) / expected : 0
  return {
    id: row.id,
    query: row.query,
    platform: row.platform,
    status: row.status,
    max_videos: row.maxVideos,
    videos_found: row.videosFound,
    videos_processed: row.videosProcessed,
    videos_failed: row.videosFailed,
    videos_duplicate: row.videosDuplicate,
    progress: isOver ? 1 : Math.min(1, Math.round(share * 1000) / 1000),
    stages: progress.stages,
    failures: progress.failures,
    account: accountJson(row, progress),
    notes: progress.notes,
    error_message: row.errorMessage,
    error_code: row.errorCode,
    urls: row.urls,
    path: row.path,
    taxonomy: row.taxonomy,
    open_vocabulary: row.openVocabulary,
    variants: row.variants,
    duplicates: row.duplicates,
    min_relevance: row.minRelevance,
    max_bytes: row.maxBytes,
    max_seconds: row.maxSeconds,
    max_usd: row.maxUsd,
    created_at: row.createdAt.toISOString(),
    started_at: isoOrNull(row.startedAt),
    finished_at: isoOrNull(row.finishedAt),
  }
}

function accountJson(row: StoredTask, progress: TaskProgress): TaskAccount {
  const { completed, inWork, rejected, failed } = progress
  return {
    asked: row.maxVideos,
    found: completed + inWork + sum(rejected) + sum(failed),
    accepted: completed,
    in_work: inWork,
    rejected,
    failed,
    replaced: progress.replaced,
    duplicates: row.videosDuplicate,
    spare: progress.spare,
  }
}

function isSearch({ query, urls, path }: StoredTask): boolean {
  return query !== null && urls.length === 0 && path === null
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
