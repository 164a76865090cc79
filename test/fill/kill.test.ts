import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Task } from '../../src/api/schemas/tasks.ts'
import { inspect, killWhole, seedOf, stop } from '../crash/kills.ts'
import {
  downloads,
  type FilmKind,
  filmSettings,
  startFilmArchive,
} from '../support/archive-films.ts'
import type { ArchiveServer } from '../support/archive-server.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'
import { randomFrom } from '../support/random.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const ASKED = 12
const KILLS = 3
const FAULTS: FilmKind[] = ['text', 'gone', 'too-long', 'same']

let server: ArchiveServer
beforeAll(async () => {
  server = await startFilmArchive({
    // Every third one cannot be had or is there already.
    embedded: Array.from({ length: 40 }, (_, i) => (i % 3 === 1 ? FAULTS[i % 4]! : 'good')),
    server: Array.from({ length: 40 }, (_, i) => (i % 3 === 1 ? FAULTS[i % 4]! : 'good')),
  })
})
afterAll(() => server?.[Symbol.asyncDispose]())

async function withKills(library: ProgramLibrary, word: string): Promise<void> {
  const random = randomFrom(seedOf(word))
  let id = ''
  for (let kill = 0; kill < KILLS; kill++) {
    const running = await library.serve()
    if (kill === 0) {
      const wish = { platform: 'archive', query: word, max_videos: ASKED }
      const { status, body } = await running.ask<Task>('POST', '/api/ingest', wish)
      expect(status, JSON.stringify(body)).toBe(202)
      id = body.id
    }
    await sleep(300 + random() * 3000)
    await killWhole(library, running.program)
  }
  const last = await library.serve()
  const task = await endOfTask<Task>(last, id)
  const { account } = task
  expect(task.status).toBe('completed')
  expect(account).toMatchObject({ asked: ASKED, accepted: ASKED, in_work: 0 })
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)
  expect(account.found).toBe(ASKED + sum(account.rejected) + sum(account.failed))
  // A job that was cut after its work is given back later than the task may end.
  if (library.databaseUrl) await inspect(library)
  await stop(last)
  const { contents, faults } = await inspect(library)
  expect(faults).toEqual([])
  expect(contents.videos).toHaveLength(ASKED + sum(account.failed))
  // What was cut is asked for again, four at a time; what was here is not.
  const again = [...downloads(server)].filter(
    ([at, times]) => at.includes(`/${word}-`) && times > 1,
  )
  expect(again.length).toBeLessThanOrEqual(KILLS * 4)
  expect(Math.max(0, ...again.map(([, times]) => times))).toBeLessThanOrEqual(1 + KILLS)
}

test('an embedded library killed again and again takes exactly what was asked for', async () => {
  await using library = await programLibrary(filmSettings(server))
  await withKills(library, 'embedded')
}, 300_000)

test.skipIf(!testDatabaseUrl())(
  'a library on a server killed again and again takes exactly what was asked for',
  async () => {
    await using library = await programLibrary(filmSettings(server), { form: 'server' })
    await withKills(library, 'server')
  },
  300_000,
)
