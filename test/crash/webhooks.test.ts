import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openEmbedded, openServer } from '../../src/config/database.ts'
import { makeClip } from '../support/clip.ts'
import type { TaskAnswer } from '../support/own-library.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'
import { randomFrom } from '../support/random.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { type Receiver, startReceiver, verifies } from '../support/webhook-receiver.ts'
import { killWhole, seedOf, stop } from './kills.ts'

const VIDEOS = 3
const KILLS = 2
const ENDS = ['task.completed', 'task.failed', 'task.cancelled', 'video.completed', 'video.failed']

/** Kills while videos are worked on and while a message is under way, then lets it go on. */
async function killedWhileTelling(
  library: ProgramLibrary,
  receiver: Receiver,
  seed: number,
): Promise<void> {
  const random = randomFrom(seed)
  const material = path.join(library.folder, 'material')
  await mkdir(material)
  for (let i = 0; i < VIDEOS; i++) {
    await makeClip(path.join(material, `${i}.mp4`), { seconds: i + 1 })
  }
  library.variables.FORGEINDEX_IMPORT_DIRS = library.folder
  let server = await library.serve()
  const hook = await server.ask<{ id: string; secret: string }>('POST', '/api/webhooks', {
    url: receiver.url,
  })
  expect(hook.status, JSON.stringify(hook.body)).toBe(201)
  // Held when the kill comes: sent, and not known to be.
  receiver.answers.push({ status: 204, delayMs: 60_000 })
  const asked = await server.ask<TaskAnswer>('POST', '/api/ingest', { query: material })
  expect(asked.status, JSON.stringify(asked.body)).toBe(202)
  for (let kill = 0; kill < KILLS; kill++) {
    if (kill === 0) await receiver.until(({ length }) => length > 0)
    else await sleep(random() * 4_000)
    await killWhole(library, server.program)
    server = await library.serve()
  }
  const held = receiver.received[0]!
  expect(await endOfTask<TaskAnswer>(server, asked.body.id)).toMatchObject({
    status: 'completed',
    videos_processed: VIDEOS,
  })
  await receiver.until((received) => received.some(({ body }) => body.type === 'task.completed'))
  const at = `/api/webhooks/${hook.body.id}/deliveries?limit=200`
  for (const end = Date.now() + 90_000; ; await sleep(200)) {
    const { body } = await server.ask<{ items: { state: string }[] }>('GET', at)
    if (body.items.every(({ state }) => state === 'delivered')) break
    if (Date.now() > end) throw new Error(JSON.stringify(body))
  }
  await stop(server)

  for (const got of receiver.received) expect(verifies(hook.body.secret, got)).toBe(true)
  const again = receiver.received.filter(
    ({ headers }) => headers['webhook-id'] === held.headers['webhook-id'],
  )
  expect(again.length, 'the message that was under way came again').toBeGreaterThan(1)
  for (const { raw } of again) expect(raw).toBe(held.raw)

  // Exactly once in the log, at least once on the wire.
  await using database = library.databaseUrl
    ? openServer(library.databaseUrl)
    : await openEmbedded(path.join(library.dataDir, 'database'))
  const { rows } = await database.pool.query<{ type: string; about: string }>(
    `select type, coalesce(video_id, task_id)::text as about from events
     where type = any($1) order by type`,
    [ENDS],
  )
  expect(rows.map(({ type }) => type)).toEqual([
    'task.completed',
    ...Array.from({ length: VIDEOS }, () => 'video.completed'),
  ])
  expect(new Set(rows.map(({ about }) => about)).size).toBe(VIDEOS + 1)
  const messages = new Map(
    receiver.received.map(({ headers, body }) => [headers['webhook-id'], body]),
  )
  const told = [...messages.values()].map(({ data }) => data.video_id ?? data.task_id)
  expect(told.sort()).toEqual(rows.map(({ about }) => about).sort())
}

it('an embedded library that is killed while it tells tells all, each under one id', async () => {
  await using receiver = await startReceiver()
  await using library = await programLibrary({ FORGEINDEX_WEBHOOK_HOSTS: receiver.hostAndPort })
  await killedWhileTelling(library, receiver, seedOf('embedded'))
}, 300_000)

it.skipIf(!testDatabaseUrl())(
  'so does one on a server',
  async () => {
    await using receiver = await startReceiver()
    await using library = await programLibrary(
      { FORGEINDEX_WEBHOOK_HOSTS: receiver.hostAndPort },
      { form: 'server' },
    )
    await killedWhileTelling(library, receiver, seedOf('server'))
  },
  300_000,
)
