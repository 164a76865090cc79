import type { Database } from '../config/database.ts'
import type { Settings } from '../config/settings.ts'
import type { TaskQueue } from '../config/task-queue.ts'
import { PermanentError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { addCandidate, tookVideo } from '../store/candidates.ts'
import { recordEvent } from '../store/events.ts'
import { settleTask } from '../store/finish.ts'
import { isTaskOpen, type Task } from '../store/tasks.ts'
import { NO_TITLE, refusalOfForgotten } from '../store/tombstones.ts'
import {
  deleteVideo,
  findOrCreateVideo,
  lockVideo,
  updateVideo,
  type Video,
} from '../store/videos.ts'
import type { Candidate, Platform, Source } from './discovery/source.ts'

/** What finding videos needs of the running program. */
export interface IngestionServices {
  settings: Settings
  database: Database
  queue: TaskQueue
  sources: Record<Platform, Source>
  logger: Logger
}

/** How a candidate came to be considered. */
export interface Circumstances {
  /** The task has as many as it asked for: this one is only written down. */
  isFull: boolean
  /** The query variant that found it; null for the plain query. */
  variant: string | null
  /** It would take the place of a video that was lost. */
  replacement: boolean
}

/**
 * Takes one candidate or writes down why not, in one transaction with its video row and its fetch job.
 * `lost`: taken, but the library knows already that it cannot be had. `over`: the task has been
 * cancelled meanwhile.
 */
export async function consider(
  { settings, database, queue }: IngestionServices,
  task: Task,
  candidate: Candidate,
  { isFull, variant, replacement }: Circumstances,
): Promise<'taken' | 'lost' | 'rejected' | 'over'> {
  const refusal = refusalOf(candidate, settings, task, isFull)
  return await database.db.transaction().execute(async (trx) => {
    const row = {
      platform: candidate.platform,
      sourceId: candidate.sourceId,
      url: candidate.url,
      title: candidate.title,
      rank: candidate.rank,
      variant,
      bytes: candidate.bytes ?? null,
    }
    const reject = async (code: string, reason: string, videoId: string | null) => {
      await addCandidate(trx, task.id, {
        ...row,
        state: 'rejected',
        reasonCode: code,
        reason,
        videoId,
      })
      await settleTask(trx, task.id)
      return 'rejected' as const
    }
    if (!(await isTaskOpen(trx, task.id))) return 'over'
    if (refusal) return await reject(refusal.code, refusal.message, null)
    const { video, created } = await findOrCreateVideo(trx, {
      sourceUrl: candidate.url,
      platform: candidate.platform,
      sourceId: candidate.sourceId,
      title: candidate.title,
      description: candidate.description,
      duration: candidate.durationSeconds,
      taxonomy: task.taxonomy,
      openVocabulary: task.openVocabulary,
      query: task.query,
      uploader: candidate.uploader,
      uploaderUrl: candidate.uploaderUrl,
      publishedAt: candidate.publishedAt,
      licence: candidate.licence,
      licenceUrl: candidate.licenceUrl,
      licenceEvidence: candidate.licenceEvidence,
      fetchFrom: {
        url: candidate.url,
        ...(candidate.downloadUrl ? { downloadUrl: candidate.downloadUrl } : {}),
        ...(candidate.localFile ? { localFile: candidate.localFile } : {}),
        ...(candidate.incomingKey ? { incomingKey: candidate.incomingKey } : {}),
        ...(candidate.sha1 ? { sha1: candidate.sha1 } : {}),
        ...(candidate.thumbnailUrl ? { thumbnailUrl: candidate.thumbnailUrl } : {}),
        ...(candidate.captions ? { captions: candidate.captions } : {}),
      },
    })
    // Only now: the row of one that is being forgotten at this moment was waited for.
    const forgotten = await refusalOfForgotten(trx, candidate)
    if (forgotten) {
      if (created) await deleteVideo(trx, video.id)
      row.title = NO_TITLE
      return await reject(forgotten.code, forgotten.message, null)
    }
    if (await tookVideo(trx, task.id, video.id)) {
      return await reject('same-video', `Already taken as video ${video.id}.`, video.id)
    }
    await addCandidate(trx, task.id, {
      ...row,
      state: 'accepted',
      reasonCode: created ? null : 'known-video',
      reason: created ? null : 'The library has this video already.',
      videoId: video.id,
      replacement,
    })
    // Held, so that it cannot end between the count of this task and its own.
    const now = created ? video : await lockVideo(trx, video.id)
    const isLost = !created && now.status === 'failed' && !mayTryAgain(now)
    if (created || mayTryAgain(now)) {
      await updateVideo(trx, video.id, { status: 'pending', failure: null })
      await queue.enqueue('fetch', { videoId: video.id }, { transaction: trx })
      await recordEvent(
        trx,
        'video.updated',
        { videoId: video.id },
        {
          video_id: video.id,
          status: 'pending',
        },
      )
    }
    await settleTask(trx, task.id)
    return isLost ? 'lost' : 'taken'
  })
}

/** PostgreSQL takes neither NUL nor half a surrogate pair, and sources send both. */
export function clean(candidate: Candidate): Candidate {
  const text = (value: string) => value.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd')
  const orNull = (value: string | null) => (value === null ? null : text(value))
  const { publishedAt } = candidate
  return {
    ...candidate,
    title: text(candidate.title),
    description: orNull(candidate.description),
    uploader: orNull(candidate.uploader),
    publishedAt: publishedAt !== null && Number.isNaN(Date.parse(publishedAt)) ? null : publishedAt,
  }
}

/** Why a candidate is not taken, from what is known before it is fetched; null when nothing speaks against it. */
export function refusalOf(
  candidate: Candidate,
  settings: Settings,
  task: Pick<Task, 'maxVideos'>,
  isFull: boolean,
): { code: string; message: string } | null {
  if (candidate.reject) return candidate.reject
  const limit = settings.maxVideoDurationSeconds
  if (candidate.durationSeconds !== null && candidate.durationSeconds > limit) {
    return tooLong(candidate.durationSeconds, limit)
  }
  if (isFull) {
    return {
      code: 'over-limit',
      message: `The task asked for ${task.maxVideos} videos and has them; raise max_videos to take more.`,
    }
  }
  return null
}

/** The same sentence before the download (from metadata) and after it (from the file). */
export function tooLong(seconds: number, limitSeconds: number): PermanentError {
  return new PermanentError(
    'too-long',
    `The video lasts ${Math.round(seconds)} s, MAX_VIDEO_DURATION allows ${limitSeconds} s. ` +
      'Raise it to take longer videos.',
  )
}

/** A failure that may pass is tried again when a new task wants the video. */
function mayTryAgain(video: Video): boolean {
  return video.status === 'failed' && (video.failure?.retryable ?? true)
}
