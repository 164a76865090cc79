import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realModels, type TaskAnswer } from '../support/own-library.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'
import { randomFrom } from '../support/random.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { inspect, killWhole, makeMaterial, seedOf, stop, untilGone } from './kills.ts'

const KILLS = 20
const models = realModels() ?? {}
let folder: string
let material: Awaited<ReturnType<typeof makeMaterial>>
let undisturbed: Awaited<ReturnType<typeof inspect>>

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  material = await makeMaterial(path.join(folder, 'material'))
  await using library = await programLibrary(models)
  const { code, stderr } = await library.run('ingest', material.folder)
  expect(code, stderr).toBe(0)
  undisturbed = await inspect(library)
}, 600_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The task is made by a command; from then on only plain starts of the server take it further. */
async function withKills(library: ProgramLibrary, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const done: string[] = []
  const ingest = library.start('ingest', material.folder)
  await ingest.saw(/\d+ of \d+ videos/)
  await sleep(random() * 500)
  await killWhole(library, ingest)
  for (let kill = 2; kill <= KILLS; kill += 1) {
    // Short lives first: else the work would be done after a few. Some die before they are ready.
    const program = library.start('serve', '--port', '0')
    if (random() < 0.8) await program.saw(/Forgeindex is at/)
    await sleep(random() * 1_000)
    await killWhole(library, program)
    done.push(String(kill))
  }
  console.info(`${done.length + 1} kills`)
  await finish(library)
}

async function finish(library: ProgramLibrary): Promise<void> {
  const last = await library.serve()
  const { body } = await last.ask<{ items: TaskAnswer[] }>('GET', '/api/tasks')
  expect(body.items).toHaveLength(1)
  const task = await endOfTask<TaskAnswer>(last, body.items[0]?.id ?? '')
  expect(task).toMatchObject({
    status: 'completed',
    videos_found: material.count,
    videos_processed: material.count,
    videos_failed: 0,
  })
  // On a server a killed program's last job comes back after its heartbeat, if another program runs.
  if (library.databaseUrl) await inspect(library)
  await stop(last)
  await expectAsUndisturbed(library)
}

async function expectAsUndisturbed(library: ProgramLibrary): Promise<void> {
  const { contents, faults } = await inspect(library)
  expect(faults).toEqual([])
  for (const [table, rows] of Object.entries(undisturbed.contents)) {
    expect(contents[table], table).toEqual(rows)
  }
}

test(`an embedded library killed ${KILLS} times ends as if nothing had happened`, async () => {
  await using library = await programLibrary(models)
  await withKills(library, seedOf('embedded'))
})

test.skipIf(!testDatabaseUrl())(
  `a library on a server killed ${KILLS} times ends as if nothing had happened`,
  async () => {
    await using library = await programLibrary(models, { form: 'server' })
    await withKills(library, seedOf('server'))
  },
)

test.skipIf(!testDatabaseUrl())(
  'of two workers one is killed: the other ends its work, and nothing is done twice',
  async () => {
    const random = randomFrom(seedOf('workers'))
    await using library = await programLibrary(models, { form: 'server' })
    library.variables.FORGEINDEX_IMPORT_DIRS = material.folder
    const api = await library.serve('--role', 'api')
    const workers = [library.start('worker'), library.start('worker')] as const
    for (const worker of workers) await worker.saw(/Forgeindex works/)
    const { body } = await api.ask<TaskAnswer>('POST', '/api/ingest', { path: material.folder })
    await sleep(500 + random() * 4_000)
    workers[0].kill('SIGKILL')
    expect((await workers[0].ended).signal).toBe('SIGKILL')
    const task = await endOfTask<TaskAnswer>(api, body.id)
    expect(task).toMatchObject({ status: 'completed', videos_processed: material.count })
    await sleep(12_000) // a dead worker's last job, if its work was done, ends with its heartbeat
    // Started again, as a supervisor would, it sweeps what its predecessor left in the scratch folder.
    const successor = library.start('worker')
    await successor.saw(/Forgeindex works/)
    for (const worker of [workers[1], successor]) {
      worker.kill('SIGTERM')
      expect((await worker.ended).code).toBe(0)
    }
    await stop(api)
    await untilGone(library)
    await expectAsUndisturbed(library)
  },
)

test('a library killed while its database is made opens at the next start', async () => {
  const random = randomFrom(seedOf('first start'))
  for (let kill = 1; kill <= 5; kill += 1) {
    await using library = await programLibrary()
    const program = library.start('migrate')
    await sleep(500 + random() * 4_000)
    program.kill('SIGKILL')
    await program.ended
    const { code, stderr } = await library.run('migrate')
    expect(code, stderr).toBe(0)
  }
})
