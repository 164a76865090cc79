import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { type Database, openEmbedded, openServer } from '../../src/config/database.ts'
import { makeClip } from '../support/clip.ts'
import { contentsOf, faultsOf } from '../support/crash-check.ts'
import type { Program, ProgramLibrary, RunningServer } from '../support/program.ts'
import { testData } from '../support/test-data.ts'

/** Real footage: a worker, the same again smaller (a near-duplicate), and somebody who speaks. */
const REAL = ['worker-zone.mp4', 'worker-zone-neardup-180p.mp4', 'grid-swiz3n.mpg'] as const

/** A folder with a few short videos; with real ones among them where the test data are. */
export async function makeMaterial(folder: string): Promise<{ folder: string; count: number }> {
  await mkdir(folder, { recursive: true })
  const made = ['testsrc', 'testsrc2', 'smptebars'] as const
  for (const pattern of made) {
    await makeClip(path.join(folder, `${pattern}.mp4`), { seconds: 3, pattern })
  }
  const real = REAL.map((name) => testData(`videos/${name}`)).filter((file) => file !== null)
  for (const file of real) await copyFile(file, path.join(folder, path.basename(file)))
  return { folder, count: made.length + real.length }
}

/** The seed of this run, from FORGEINDEX_TEST_SEED or new; printed, so that it can be given again. */
export function seedOf(title: string): number {
  const seed = Number(process.env.FORGEINDEX_TEST_SEED) || Math.floor(Math.random() * 1e6) + 1
  console.info(`${title}: FORGEINDEX_TEST_SEED=${seed}`)
  return seed
}

/** Kills a program as a power cut would, and shows that nothing that it started lives on. */
export async function killWhole(library: ProgramLibrary, program: Program): Promise<void> {
  program.kill('SIGKILL')
  const { signal } = await program.ended
  expect(signal, 'the program was killed, it did not end by itself').toBe('SIGKILL')
  await untilGone(library)
}

/** A model process sees its closed channel, ffmpeg its closed pipe: no process may be left. */
export async function untilGone(library: ProgramLibrary, except: number[] = []): Promise<void> {
  const end = Date.now() + 10_000
  let left = library.processes()
  while (left.some((pid) => !except.includes(pid)) && Date.now() < end) {
    await sleep(100)
    left = library.processes()
  }
  expect(
    left.filter((pid) => !except.includes(pid)),
    'orphans of a killed program',
  ).toEqual([])
}

/** Ends a server as Ctrl-C does: it drains. */
export async function stop(server: RunningServer): Promise<void> {
  server.program.kill('SIGTERM')
  const { code, stderr } = await server.program.ended
  expect(code, stderr).toBe(0)
}

/** What a stopped library holds, and what is wrong with it. */
export async function inspect(
  library: ProgramLibrary,
): Promise<{ contents: Record<string, unknown[]>; faults: string[] }> {
  await using database = await openStopped(library)
  // On a server a dead worker's job comes back when its heartbeat is missed: after 10 s.
  const end = Date.now() + 30_000
  let faults = await faultsOf(database, library.dataDir)
  while (library.databaseUrl && faults.length > 0 && Date.now() < end) {
    await sleep(500)
    faults = await faultsOf(database, library.dataDir)
  }
  return { contents: await contentsOf(database), faults }
}

async function openStopped({ databaseUrl, dataDir }: ProgramLibrary): Promise<Database> {
  return databaseUrl ? openServer(databaseUrl) : await openEmbedded(path.join(dataDir, 'database'))
}
