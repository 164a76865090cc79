import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { InvalidInputError } from './errors.ts'
import type { Services } from './services.ts'
import { forgetVideoRows } from './store/forgotten.ts'
import {
  type ForgottenVideo,
  forgottenAmong,
  markSwept,
  unsweptForgotten,
} from './store/tombstones.ts'

type Parts = Pick<Services, 'database' | 'queue' | 'storage' | 'settings'>

/**
 * Work that was cut off may still write an object or two after its video is gone: for this long its
 * objects are looked for again.
 */
const STRAGGLERS_MS = 3600 * 1000
const MAX_REASON = 1000
/** Tombstones that one round of housekeeping looks at. */
const ROUND = 200

/**
 * Forgets a video for good: rows, media, pictures, archives that held it. Killed anywhere, the next
 * call or the housekeeping goes on; done already, it changes nothing and gives the tombstone.
 *
 * @throws NotFoundError `video-not-found`
 * @throws InvalidInputError `reason-missing`
 */
export async function forgetVideo(
  services: Parts,
  videoId: string,
  reason: string,
): Promise<ForgottenVideo> {
  const { database, queue, storage, settings } = services
  const why = reason.trim()
  if (why === '' || why.length > MAX_REASON) {
    const expected = `a text of 1 to ${MAX_REASON} characters`
    throw new InvalidInputError('reason-missing', `reason: expected ${expected}, say why.`, {
      faults: [{ path: 'reason', expected, got: `${why.length} characters` }],
    })
  }
  const forgotten = await database.db
    .transaction()
    .execute((trx) => forgetVideoRows(trx, videoId, why))
  const id = forgotten.videoId
  await queue.cancel('fetch', { videoId: id })
  await queue.cancel('video', { videoId: id })
  await deleteObjects(storage, forgotten)
  await rm(fetchFolder(settings.dataDir, id), { recursive: true, force: true })
  return forgotten
}

/** Deletes what is still there of forgotten videos: objects, and this machine's cut downloads. */
export async function sweepForgotten({ database, storage, settings }: Parts): Promise<void> {
  const { db } = database
  for (const forgotten of await unsweptForgotten(db, ROUND)) {
    await deleteObjects(storage, forgotten)
    const isOld = Date.now() - forgotten.forgottenAt.getTime() > STRAGGLERS_MS
    if (isOld) await markSwept(db, forgotten)
  }
  const scratch = path.join(settings.dataDir, 'scratch')
  if (!existsSync(scratch)) return
  const ids = (await readdir(scratch)).flatMap((name) => /^fetch-(.+)$/.exec(name)?.[1] ?? [])
  for (const id of await forgottenAmong(db, ids)) {
    await rm(fetchFolder(settings.dataDir, id), { recursive: true, force: true })
  }
}

async function deleteObjects(storage: Parts['storage'], { objects }: ForgottenVideo) {
  for (const object of objects) {
    if (object.endsWith('/')) await storage.deletePrefix(object)
    else await storage.delete(object)
  }
}

function fetchFolder(dataDir: string, videoId: string): string {
  return path.join(dataDir, 'scratch', `fetch-${videoId}`)
}
