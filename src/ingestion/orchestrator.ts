import type { Database } from '../config/database.ts'
import type { Settings } from '../config/settings.ts'
import { Requeue, type TaskQueue } from '../config/task-queue.ts'
import { InvalidInputError, PermanentError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { addCandidate, countAccepted, hasCandidate, tookVideo } from '../store/candidates.ts'
import { recordEvent } from '../store/events.ts'
import { settleTask } from '../store/finish.ts'
import { beginTask, getTask, isTaskOpen, type Task, updateTask } from '../store/tasks.ts'
import { findOrCreateVideo, lockVideo, updateVideo, type Video } from '../store/videos.ts'
import { endApifyRuns } from './apify-runs.ts'
import type { Candidate, Platform, Source } from './discovery/source.ts'

/** What finding videos needs of the running program. */
export interface IngestionServices {
  settings: Settings
  database: Database
  queue: TaskQueue
  sources: Record<Platform, Source>
  logger: Logger
}

/** Sources that name their videos beforehand: what is over the limit is said, not just left. */
const LISTED: ReadonlySet<string> = new Set(['folder', 'urls', 'upload'])

/**
 * Discovers a task's candidates and takes up to `maxVideos` of them: each gets its video row and
 * its fetch job in one transaction. What the task has already is left as it is, so that a run that
 * was killed goes on where it stopped.
 *
 * @throws whatever the source throws; Requeue when the process drains
 */
export async function runIngestion(
  services: IngestionServices,
  taskId: string,
  options: { signal: AbortSignal; draining: AbortSignal },
): Promise<void> {
  const { db } = services.database
  const task = await getTask(db, taskId)
  if (!(await beginTask(db, taskId))) return
  const source = services.sources[task.platform as Platform]
  if (!source) {
    throw new InvalidInputError('unknown-platform', `There is no source for ${task.platform}.`)
  }
  let accepted = await countAccepted(db, taskId)
  const request = {
    platform: task.platform as Platform,
    query: task.query,
    urls: task.urls,
    ...(task.path ? { path: task.path } : {}),
    limit: task.maxVideos,
  }
  // A source may wait for its service for minutes: a drain does not wait with it.
  const signal = AbortSignal.any([options.signal, options.draining])
  try {
    for await (const candidate of source.discover(request, { signal, task: { id: taskId, db } })) {
      signal.throwIfAborted()
      if (await hasCandidate(db, taskId, candidate)) continue
      if (accepted >= task.maxVideos && !LISTED.has(task.platform)) break
      const outcome = await consider(services, task, clean(candidate), accepted >= task.maxVideos)
      if (outcome === 'over') return await endApifyRuns(services, db, { taskId })
      if (outcome === 'taken') accepted++
    }
  } catch (thrown) {
    // Cancelled: what runs elsewhere for the task costs on. After a stop the next run goes on with it.
    if (options.signal.aborted) await endApifyRuns(services, db, 'ended-tasks')
    else if (options.draining.aborted) throw new Requeue()
    throw thrown
  }
  await endApifyRuns(services, db, { taskId })
  await db.transaction().execute(async (trx) => {
    await updateTask(trx, taskId, { discoveryDone: true })
    await settleTask(trx, taskId)
  })
}

/** Takes one candidate or writes down why not. `over`: the task has been cancelled meanwhile. */
async function consider(
  { settings, database, queue }: IngestionServices,
  task: Task,
  candidate: Candidate,
  isFull: boolean,
): Promise<'taken' | 'rejected' | 'over'> {
  const refusal = refusalOf(candidate, settings, task, isFull)
  return await database.db.transaction().execute(async (trx) => {
    const row = {
      platform: candidate.platform,
      sourceId: candidate.sourceId,
      url: candidate.url,
      title: candidate.title,
      rank: candidate.rank,
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
      },
    })
    if (await tookVideo(trx, task.id, video.id)) {
      return await reject('same-video', `Already taken as video ${video.id}.`, video.id)
    }
    await addCandidate(trx, task.id, {
      ...row,
      state: 'accepted',
      reasonCode: created ? null : 'known-video',
      reason: created ? null : 'The library has this video already.',
      videoId: video.id,
    })
    // Held, so that it cannot end between the count of this task and its own.
    const now = created ? video : await lockVideo(trx, video.id)
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
    return 'taken'
  })
}

/** PostgreSQL takes neither NUL nor half a surrogate pair, and sources send both. */
function clean(candidate: Candidate): Candidate {
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
function refusalOf(
  candidate: Candidate,
  settings: Settings,
  task: Task,
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
