import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realModels, type TaskAnswer } from '../support/own-library.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'
import { randomFrom } from '../support/random.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { inspect, killWhole, makeMaterial, seedOf, stop } from './kills.ts'

const models = realModels() ?? {}
let folder: string
let material: Awaited<ReturnType<typeof makeMaterial>>
let undisturbed: Awaited<ReturnType<typeof inspect>>
/** Milliseconds from the task's start to its end without a kill: kills fall into it. */
let workMs: number
let emptyData: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  material = await makeMaterial(path.join(folder, 'material'))
  emptyData = path.join(folder, 'empty')
  await using library = await programLibrary(models)
  expect((await library.run('migrate')).code).toBe(0)
  await cp(library.dataDir, emptyData, { recursive: true })
  const { code, stdout, stderr } = await library.run('ingest', material.folder, '--json')
  expect(code, stderr).toBe(0)
  const task: TaskAnswer & { started_at: string; finished_at: string } = JSON.parse(stdout)
  expect(task).toMatchObject({ videos_found: material.count, videos_processed: material.count })
  workMs = Date.parse(task.finished_at) - Date.parse(task.started_at)
  undisturbed = await inspect(library)
  expect(undisturbed.faults).toEqual([])
}, 240_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A kill during `ingest`, one during the `serve` that takes it up, then a `serve` to the end. */
async function withTwoKills(library: ProgramLibrary, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const kills = [random(), random()].map((share) => Math.round(share * workMs * 0.7))
  console.info(`kills after ${kills.join(' ms and ')} ms of work; ${workMs} ms without any`)

  const ingest = library.start('ingest', material.folder, '--json')
  await ingest.saw(/\d+ of \d+ videos/)
  await sleep(kills[0])
  await killWhole(library, ingest)
  const second = await library.serve()
  await sleep(kills[1])
  await killWhole(library, second.program)

  const last = await library.serve()
  const { body } = await last.ask<{ items: TaskAnswer[] }>('GET', '/api/tasks')
  expect(body.items).toHaveLength(1)
  const task = await endOfTask<TaskAnswer>(last, body.items[0]?.id ?? '')
  expect(task).toMatchObject({
    status: 'completed',
    videos_found: material.count,
    videos_processed: material.count,
    videos_failed: 0,
    progress: 1,
  })
  // The same again finds all of it known and changes nothing.
  const again = await library.run('ingest', material.folder, '--wait', '--json')
  expect(again.code, again.stderr).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ videos_processed: material.count })
  // On a server a killed program's last job comes back after its heartbeat, if another program runs.
  if (library.databaseUrl) await inspect(library)
  await stop(last)

  const { contents, faults } = await inspect(library)
  expect(faults).toEqual([])
  for (const [table, rows] of Object.entries(undisturbed.contents)) {
    expect(contents[table], table).toEqual(rows)
  }
}

test.concurrent('an embedded library killed twice ends as if nothing had happened', async () => {
  await using library = await programLibrary(models)
  await cp(emptyData, library.dataDir, { recursive: true })
  await withTwoKills(library, seedOf('embedded'))
}, 300_000)

test.skipIf(!testDatabaseUrl()).concurrent(
  'a library on a server killed twice ends as if nothing had happened',
  async () => {
    await using library = await programLibrary(models, { form: 'server' })
    await withTwoKills(library, seedOf('server'))
  },
  300_000,
)
