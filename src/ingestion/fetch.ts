import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../config/database.ts'
import type { Storage } from '../config/storage.ts'
import { Requeue } from '../config/task-queue.ts'
import { NotFoundError, TransientError, toError } from '../errors.ts'
import { probe } from '../media/ffprobe.ts'
import { mergeCandidates } from '../store/candidates.ts'
import { recordEvent } from '../store/events.ts'
import { settleTask } from '../store/finish.ts'
import { takeOutForgotten } from '../store/forgotten.ts'
import type { FetchFrom, StoredCaptions } from '../store/schema.ts'
import { noteTask } from '../store/task-notes.ts'
import { tasksOfVideo } from '../store/tasks.ts'
import {
  deleteVideo,
  findVideoByContent,
  getVideo,
  lockVideoIfThere,
  updateVideo,
  type Video,
} from '../store/videos.ts'
import type { SavedCaptions } from './captions.ts'
import type { Platform } from './discovery/source.ts'
import { type Downloaded, download } from './downloader.ts'
import { userAgent } from './http.ts'
import { takeIncoming } from './incoming.ts'
import { limitsOf, NotYet } from './limits.ts'
import { type IngestionServices, tooLong } from './take.ts'

const CANCEL_LOOKS = 5
const CANCEL_LOOK_MS = 200

export interface FetchServices extends IngestionServices {
  storage: Storage
}

/**
 * Brings one video's file into storage and hands it to the pipeline. A file that the library has
 * already under another address becomes that video: nothing is stored or processed twice.
 *
 * @throws PermanentError when it can never be had or used, TransientError when it may later
 */
export async function fetchVideo(
  services: FetchServices,
  videoId: string,
  options: { signal: AbortSignal },
): Promise<void> {
  const { settings, database } = services
  try {
    // Two jobs for one video would fetch it twice: the second comes back when the first is done.
    await limitsOf(settings).alone(`video ${videoId}`, () => fetchOnce(services, videoId, options))
  } catch (thrown) {
    if (!(thrown instanceof NotYet)) throw thrown
    if (thrown.code === 'cooling-down') await noteCoolDown(database.db, videoId, thrown)
    // Nothing went wrong, so this is no try: other videos have their turn meanwhile.
    throw new Requeue(thrown.retryAfterMs / 1000 + Math.random())
  }
}

/** Tells the tasks that wait for this video why it takes longer. */
async function noteCoolDown(db: Db, videoId: string, { message }: NotYet): Promise<void> {
  const note = { code: 'cooling-down', message: message.replace(/ for \d+ s/, ''), count: 1 }
  for (const taskId of await tasksOfVideo(db, videoId)) await noteTask(db, taskId, note)
}

async function fetchOnce(
  services: FetchServices,
  videoId: string,
  options: { signal: AbortSignal },
): Promise<void> {
  const { settings, database, storage, queue } = services
  const { db } = database
  const video = await getVideo(db, videoId)
  if (video.storageKey && (await storage.stat(video.storageKey))) {
    // A run killed between its commit and its clean-up left these.
    await rm(path.join(settings.dataDir, 'scratch', `fetch-${videoId}`), {
      recursive: true,
      force: true,
    })
    await dropUpload(storage, video)
    await queue.enqueue('video', { videoId })
    return
  }
  // Cancelled before its turn came.
  if (video.status === 'failed' || video.status === 'completed') return
  // Kept when the fetch is cut: the next try goes on from what is there.
  const folder = path.join(settings.dataDir, 'scratch', `fetch-${videoId}`)
  await mkdir(folder, { recursive: true })
  let keep = false
  try {
    const from: FetchFrom = video.fetchFrom ?? { url: video.sourceUrl }
    const onBegin = () => markDownloading(db, videoId)
    if (from.incomingKey) await onBegin()
    const got = from.incomingKey
      ? await takeIncoming(storage, from.incomingKey, folder, options)
      : await download(
          settings,
          { platform: video.platform as Platform, thumbnailUrl: null, ...from },
          folder,
          { ...options, onBegin },
        )
    const info = await probe(settings, got.file, { ...options, content: got.sha256 })
    if (info.durationSeconds > settings.maxVideoDurationSeconds) {
      throw tooLong(info.durationSeconds, settings.maxVideoDurationSeconds)
    }
    const known = await findVideoByContent(db, got.sha256)
    if (known && known.id !== videoId) {
      await merge(services, video, known)
    } else {
      await store(services, video, got, options)
    }
  } catch (error) {
    keep = options.signal.aborted || error instanceof TransientError
    if (options.signal.aborted && (await isCancelled(db, videoId))) {
      await rm(folder, { recursive: true, force: true })
    }
    throw error
  } finally {
    if (!keep) {
      await rm(folder, { recursive: true, force: true })
      await dropUpload(storage, video)
    }
  }
}

/** Whether the work was stopped for good, not with its process: its row says so a moment later. */
async function isCancelled(db: Db, videoId: string): Promise<boolean> {
  try {
    for (let look = 0; look < CANCEL_LOOKS; look++) {
      if ((await getVideo(db, videoId)).status === 'failed') return true
      await sleep(CANCEL_LOOK_MS)
    }
  } catch (thrown) {
    // Removed altogether; or the database is closed or away, and then this is no cancelling.
    return thrown instanceof NotFoundError
  }
  return false
}

/** Its turn has come. @throws Requeue when the video was cancelled meanwhile: the next look ends it */
async function markDownloading(db: Db, videoId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const now = await lockVideoIfThere(trx, videoId)
    if (!now || now.status === 'failed' || now.status === 'completed') throw new Requeue()
    if (now.status === 'downloading') return
    await updateVideo(trx, videoId, { status: 'downloading' })
    const told = { video_id: videoId, status: 'downloading' }
    await recordEvent(trx, 'video.updated', { videoId }, told)
  })
}

/** An upload's object has served: it is stored, known already, or can never be used. */
async function dropUpload(storage: Storage, video: Video): Promise<void> {
  const key = video.fetchFrom?.incomingKey
  if (key) await storage.delete(key)
}

async function store(
  services: FetchServices,
  video: Video,
  got: Downloaded,
  options: { signal: AbortSignal },
): Promise<void> {
  const { database, storage, queue } = services
  const storageKey = `videos/${video.id}/original${safeExtension(got.file)}`
  await storage.putFile(storageKey, got.file, options)
  let thumbnailKey: string | null = null
  if (got.thumbnail) {
    thumbnailKey = `videos/${video.id}/source-thumbnail${safeExtension(got.thumbnail)}`
    await storage.putFile(thumbnailKey, got.thumbnail, options)
  }
  const captions = got.captions ? await storeCaptions(storage, video, got.captions, options) : null
  try {
    const isKept = await database.db.transaction().execute(async (trx) => {
      if (!(await lockVideoIfThere(trx, video.id))) return false
      await updateVideo(trx, video.id, {
        storageKey,
        thumbnailKey,
        captions,
        contentSha256: got.sha256,
        bytes: got.bytes,
        fetchedWith: tool(got.fetchedWith),
        fetchedAt: new Date(),
        // What the source's search did not know, the download often does.
        ...(got.title && isPlaceholder(video) ? { title: got.title } : {}),
        ...(video.description === null && got.description ? { description: got.description } : {}),
        ...(video.uploader === null && got.uploader ? { uploader: got.uploader } : {}),
        ...(video.uploaderUrl === null && got.uploaderUrl ? { uploaderUrl: got.uploaderUrl } : {}),
        ...(video.publishedAt === null && got.publishedAt ? { publishedAt: got.publishedAt } : {}),
        ...(video.licence === null && got.licence
          ? { licence: got.licence, licenceEvidence: got.licenceEvidence ?? null }
          : {}),
      })
      // Only now: the hash is ours, so nobody else's file of this content can be forgotten after this.
      if (await takeOutForgotten(trx, video.id, got.sha256)) return false
      await queue.enqueue('video', { videoId: video.id }, { transaction: trx })
      return true
    })
    // Forgotten, by itself or as the same file under another address.
    if (!isKept) await storage.deletePrefix(`videos/${video.id}/`)
  } catch (thrown) {
    // 23505, unique violation: another fetch stored the same file in between.
    const known = isUniqueViolation(thrown)
      ? await findVideoByContent(database.db, got.sha256)
      : null
    if (!known || known.id === video.id) throw thrown
    await merge(services, video, known)
  }
}

/** The captions beside the video's file: the transcription step reads them there. */
async function storeCaptions(
  storage: Storage,
  video: Video,
  { file, ...captions }: SavedCaptions,
  options: { signal: AbortSignal },
): Promise<StoredCaptions> {
  const key = `videos/${video.id}/captions.${captions.format}`
  await storage.putFile(key, file, options)
  return { key, ...captions }
}

/** Every task that wanted this video has the one that is kept; this row and its objects go. */
async function merge({ database, storage, queue }: FetchServices, video: Video, kept: Video) {
  await database.db.transaction().execute(async (trx) => {
    const tasks = await tasksOfVideo(trx, video.id)
    // Held, so that the kept one cannot end between our count of its tasks and its own.
    const now = await lockVideoIfThere(trx, kept.id)
    if (!now) throw new TransientError('changed-meanwhile', 'The same file was removed just now.')
    await mergeCandidates(trx, video.id, kept)
    await deleteVideo(trx, video.id)
    if (now.status === 'failed' && now.failure?.retryable) {
      await updateVideo(trx, kept.id, { status: 'pending', failure: null })
      await queue.enqueue(
        now.storageKey ? 'video' : 'fetch',
        { videoId: kept.id },
        { transaction: trx },
      )
    }
    for (const taskId of tasks) await settleTask(trx, taskId)
  })
  await storage.deletePrefix(`videos/${video.id}/`)
}

/** An extension that is safe in a key: `.mp4`; empty when the name has none like that. */
function safeExtension(file: string): string {
  const extension = path.extname(file).toLowerCase()
  return /^\.[a-z0-9]{1,5}$/.test(extension) ? extension : ''
}

/** With a version: what we fetched ourselves is named by ours. */
function tool(fetchedWith: string): string {
  return /\d/.test(fetchedWith) ? fetchedWith : `${userAgent({ contact: null })} ${fetchedWith}`
}

/** A URL stands in for the title until the download tells it. */
function isPlaceholder(video: Video): boolean {
  return video.title === '' || /^https?:\/\//.test(video.title)
}

function isUniqueViolation(thrown: unknown): boolean {
  return (toError(thrown) as Error & { code?: string }).code === '23505'
}
