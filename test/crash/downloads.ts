import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { type Database, openEmbedded, openServer } from '../../src/config/database.ts'
import { makeClip, variantOf } from '../support/clip.ts'
import { faultsOf } from '../support/crash-check.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import type { TaskAnswer } from '../support/own-library.ts'
import { endOfTask, type ProgramLibrary } from '../support/program.ts'
import { randomFrom } from '../support/random.ts'
import { killWhole, stop } from './kills.ts'

/** Bytes a second of one download: some are under way at each kill. */
const BYTES_PER_SECOND = 60_000

/** A media server with `count` different videos, each slow enough to be killed on its way. */
export async function servedVideos(
  folder: string,
  count: number,
): Promise<{ server: MediaServer; urls: string[]; bytes: number } & AsyncDisposable> {
  await mkdir(folder, { recursive: true })
  const clip = await makeClip(path.join(folder, 'clip.mp4'))
  const server = await startMediaServer()
  const urls = Array.from({ length: count }, (_, i) =>
    server.serve(`/video-${i}.mp4`, {
      body: variantOf(clip, i),
      bytesPerSecond: BYTES_PER_SECOND,
    }),
  )
  return {
    server,
    urls,
    bytes: variantOf(clip, 0).length,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/**
 * Kills the program again and again while it fetches the videos of one task, then lets it end. All
 * are there, each was fetched by one run or gone on with where a killed one stopped, and nothing half
 * is left. Returns how many requests beyond one each the kills have cost, how many of those went on
 * where one was cut, and how many kills hit a program that was not ready yet.
 */
export async function fetchWithKills(
  library: ProgramLibrary,
  videos: { server: MediaServer; urls: string[] },
  options: { kills: number; seed: number; longestMs?: number },
): Promise<{ extra: number; resumed: number; early: number }> {
  const random = randomFrom(options.seed)
  // The stand-in is an operator's endpoint here, so that the guard lets it pass.
  library.variables.FORGEINDEX_COMMONS_URL = videos.server.url
  const killedAt: number[] = []
  let early = 0
  let taskId: string | null = null
  for (let kill = 1; kill <= options.kills; kill++) {
    if (taskId === null) {
      const server = await library.serve()
      const { status, body } = await server.ask<TaskAnswer>('POST', '/api/ingest', {
        urls: videos.urls,
      })
      expect(status, JSON.stringify(body)).toBe(202)
      taskId = body.id
      await sleep(random() * 3000)
      killedAt.push(performance.now())
      await killWhole(library, server.program)
      continue
    }
    const program = library.start('serve', '--port', '0')
    // Some die before they are ready.
    if (random() < 0.8) await program.saw(/Forgeindex is at/)
    else early++
    await sleep(random() * 2500)
    killedAt.push(performance.now())
    await killWhole(library, program)
  }
  const last = await library.serve()
  const task = await endOfTask<TaskAnswer>(last, taskId ?? '', options.longestMs)
  expect(task).toMatchObject({
    status: 'completed',
    videos_found: videos.urls.length,
    videos_processed: videos.urls.length,
    videos_failed: 0,
  })
  await stop(last)
  await using database = await openStopped(library)
  expect(await faultsOf(database, library.dataDir)).toEqual([])
  const { rows } = await database.pool.query<{ videos: number; contents: number }>(
    `select count(*) as videos, count(distinct content_sha256) as contents from videos`,
  )
  expect(rows).toEqual([{ videos: videos.urls.length, contents: videos.urls.length }])
  return { ...requestsBeyondOne(videos.server, killedAt), early }
}

/** Between two requests for one file lies a kill; of those, the ones that went on are `resumed`. */
function requestsBeyondOne({ requests }: MediaServer, killedAt: number[]) {
  const byPath = new Map<string, typeof requests>()
  for (const request of requests) {
    // The search for type and size asks for one byte.
    if (request.headers.range === 'bytes=0-0') continue
    byPath.set(request.path, [...(byPath.get(request.path) ?? []), request])
  }
  let extra = 0
  let resumed = 0
  for (const [name, asked] of byPath) {
    for (const [i, request] of asked.entries()) {
      if (i === 0) continue
      extra++
      if (request.headers.range) resumed++
      const before = asked[i - 1]!.at
      const hasKill = killedAt.some((at) => before < at && at < request.at)
      expect(hasKill, `${name} was asked for twice without a kill between`).toBe(true)
    }
  }
  return { extra, resumed }
}

async function openStopped({ databaseUrl, dataDir }: ProgramLibrary): Promise<Database> {
  return databaseUrl ? openServer(databaseUrl) : await openEmbedded(path.join(dataDir, 'database'))
}
