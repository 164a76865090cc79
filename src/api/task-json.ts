import type { TaskProgress } from '../store/task-progress.ts'
import type { Task as StoredTask } from '../store/tasks.ts'
import { isoOrNull } from './schemas/common.ts'
import type { Task } from './schemas/tasks.ts'

/** A task as the API shows it. */
export function taskJson(row: StoredTask, progress: TaskProgress): Task {
  const isOver = ['completed', 'failed', 'cancelled'].includes(row.status)
  // While it still searches, what it may yet take counts too.
  const expected = row.discoveryDone
    ? progress.accepted
    : Math.max(row.maxVideos, progress.accepted)
  const share = expected > 0 ? progress.finishedShare / expected : 0
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
    notes: progress.notes,
    error_message: row.errorMessage,
    error_code: row.errorCode,
    urls: row.urls,
    path: row.path,
    taxonomy: row.taxonomy,
    created_at: row.createdAt.toISOString(),
    started_at: isoOrNull(row.startedAt),
    finished_at: isoOrNull(row.finishedAt),
  }
}
