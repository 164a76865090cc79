import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { makeClip, variantOf } from '../support/clip.ts'
import { faultsOf } from '../support/crash-check.ts'
import { databaseProxy } from '../support/database-proxy.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { type OwnLibrary, openOwnLibrary, type TaskAnswer } from '../support/own-library.ts'
import { createTestDatabase, s3TestSettings } from '../support/servers.ts'

/** A media server that can be away, and tells how many downloads are under way. */
export interface Media extends AsyncDisposable {
  server: MediaServer
  urls: string[]
  isDown: boolean
  /** Answers a request itself when it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
  /** Answers that are not over. */
  open(): number
}

/** `count` videos, each of some 20 kB at this pace. */
export async function openMedia(count: number, bytesPerSecond: number): Promise<Media> {
  const folder = await mkdtemp(path.join(tmpdir(), 'outages-'))
  const clip = await makeClip(path.join(folder, 'clip.mp4'))
  await rm(folder, { recursive: true })
  let open = 0
  const server = await startMediaServer((request, response) => {
    if (media.isDown) {
      request.socket.destroy()
      return true
    }
    if (media.intercept?.(request, response)) return true
    open++
    response.once('close', () => open--)
    return false
  })
  const media: Media = {
    server,
    urls: Array.from({ length: count }, (_, i) =>
      server.serve(`/${i}.mp4`, { body: variantOf(clip, i), bytesPerSecond }),
    ),
    isDown: false,
    intercept: null,
    open: () => open,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return media
}

export const variablesFor = ({ server }: Media) => ({
  // The stand-in is an operator's endpoint here, so that the guard lets it pass.
  FORGEINDEX_COMMONS_URL: server.url,
  FORGEINDEX_STALL_TIMEOUT: '5',
})

export async function begin(library: OwnLibrary, urls: string[]): Promise<string> {
  const { status, body } = await library.ask<TaskAnswer>('POST', '/api/ingest', { urls })
  expect(status, JSON.stringify(body)).toBe(202)
  return body.id
}

/** Waits until some of a task's videos are being downloaded. */
export async function underWay(media: Media, library: OwnLibrary): Promise<void> {
  const downloading = () =>
    library.services.database.pool.query(`select from videos where status = 'downloading'`)
  await expect
    .poll(async () => (await downloading()).rowCount ?? 0, { timeout: 30_000 })
    .toBeGreaterThan(0)
  await expect.poll(() => media.open(), { timeout: 10_000 }).toBeGreaterThan(0)
}

/** Every video is here, once, and nothing half is left. */
export async function expectWhole(library: OwnLibrary, taskId: string, count: number) {
  expect(await library.finished(taskId)).toMatchObject({
    status: 'completed',
    videos_found: count,
    videos_processed: count,
    videos_failed: 0,
  })
  const { database, settings } = library.services
  await expect
    .poll(async () => await faultsOf(database, settings.dataDir), { timeout: 30_000 })
    .toEqual([])
}

/** The media server is away for a while in the middle of a task. */
export async function networkDown(outageMs: number): Promise<void> {
  await using media = await openMedia(6, 10_000)
  await using library = await openOwnLibrary(variablesFor(media))
  const taskId = await begin(library, media.urls)
  await underWay(media, library)
  media.isDown = true
  media.server.cut()
  await sleep(outageMs)
  media.isDown = false
  await expectWhole(library, taskId, media.urls.length)
}

/** The database is away for a while in the middle of a task. */
export async function databaseDown(outageMs: number): Promise<void> {
  const database = await createTestDatabase()
  try {
    await using proxy = await databaseProxy(database.url)
    await using media = await openMedia(6, 10_000)
    await using library = await openOwnLibrary({
      ...variablesFor(media),
      DATABASE_URL: proxy.url,
    })
    const taskId = await begin(library, media.urls)
    await underWay(media, library)
    await proxy.cut()
    await sleep(outageMs)
    await proxy.restore()
    await expect
      .poll(async () => (await library.ask('GET', '/health')).status, { timeout: 60_000 })
      .toBe(200)
    await expectWhole(library, taskId, media.urls.length)
  } finally {
    await database.drop()
  }
}

/** The object store is away for a while in the middle of a task; null: there is none to try it with. */
export async function storageDown(outageMs: number): Promise<void> {
  const s3 = s3TestSettings()
  if (!s3) return
  await using proxy = await databaseProxy(s3.endpoint)
  await using media = await openMedia(6, 10_000)
  await using library = await openOwnLibrary({
    ...variablesFor(media),
    MINIO_ENDPOINT: new URL(proxy.url).origin,
    MINIO_ACCESS_KEY: s3.accessKey,
    MINIO_SECRET_KEY: s3.secretKey,
    MINIO_BUCKET: s3.bucket,
  })
  const taskId = await begin(library, media.urls)
  await underWay(media, library)
  await proxy.cut()
  await sleep(outageMs)
  const { body } = await library.ask('GET', '/health')
  expect(body).toMatchObject({ status: 'down', checks: { storage: { ok: false } } })
  expect((await library.ask('GET', `/api/tasks/${taskId}`)).body).toMatchObject({
    status: 'running',
    videos_failed: 0,
  })
  await proxy.restore()
  expect(await library.finished(taskId)).toMatchObject({
    status: 'completed',
    videos_processed: media.urls.length,
    videos_failed: 0,
  })
  await library.services.storage.deletePrefix('videos/')
}

/** What lies in a folder of the data folder; empty when there is none. */
export function filesIn(library: OwnLibrary, folder: string): string[] {
  const at = path.join(library.services.settings.dataDir, folder)
  if (!existsSync(at)) return []
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(at, path.join(entry.parentPath, entry.name)))
}
