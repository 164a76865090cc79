import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { contentsOf, faultsOf } from '../support/crash-check.ts'
import {
  type OwnLibrary,
  openOwnLibrary,
  realModels,
  type TaskAnswer,
} from '../support/own-library.ts'
import { tinyModelSettings } from './tiny-model-settings.ts'

const PATTERNS = ['testsrc', 'testsrc2', 'smptebars'] as const

/** A folder of short videos, each of another length and content. */
export async function manyClips(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (let index = 0; index < count; index++) {
    await makeClip(path.join(folder, `clip-${String(index).padStart(2, '0')}.mp4`), {
      // Of one length they would be of one content.
      seconds: 2 + index * 0.1,
      pattern: PATTERNS[index % PATTERNS.length]!,
    })
  }
  return folder
}

/** Everything that a library holds once it has taken a folder, and what is wrong with it. */
export interface Taken {
  task: TaskAnswer
  contents: Record<string, unknown[]>
  faults: string[]
  kills: number
}

/**
 * Takes a folder of videos into a new library, and meanwhile kills model processes at random times:
 * each some time after it was first seen, up to so many in all.
 */
export async function takeWithKills(
  folder: string,
  workFolder: string,
  options: { kills: number; random(): number; longestLifeMs: number },
): Promise<Taken> {
  const models = realModels() ?? (await tinyModelSettings(path.join(workFolder, 'models')))
  await using library = await openOwnLibrary({
    ...models,
    FORGEINDEX_IMPORT_DIRS: folder,
    FORGEINDEX_PROCESS_CONCURRENCY: '3',
  })
  const { body } = await library.ask<TaskAnswer>('POST', '/api/ingest', { path: folder })
  let isOver = false
  const killing = killAtRandom(library, options, () => isOver)
  const task = await endOf(library, body.id).finally(() => {
    isOver = true
  })
  const kills = await killing
  const { database, models: host } = library.services
  const faults = await settledFaults(library)
  const contents = await contentsOf(database)
  const living = host.processIds
  expect(childrenOfThis().filter((child) => child.state.startsWith('Z'))).toEqual([])
  expect(
    childrenOfThis()
      .filter(({ command }) => command.includes('host-process'))
      .map(({ pid }) => pid)
      .sort(),
  ).toEqual([...living].sort())
  return { task, contents, faults, kills }
}

/** A task is over a moment before its last jobs are, which remove their scratch folders. */
async function settledFaults({ services, folder }: OwnLibrary): Promise<string[]> {
  const end = Date.now() + 60_000
  for (;;) {
    const faults = await faultsOf(services.database, path.join(folder, 'data'))
    if (faults.length === 0 || Date.now() > end) return faults
    await sleep(200)
  }
}

/** Without a limit of its own: the test has one, and fifty videos take their time. */
async function endOf(library: OwnLibrary, taskId: string): Promise<TaskAnswer> {
  for (;;) {
    const { body } = await library.ask<TaskAnswer>('GET', `/api/tasks/${taskId}`)
    if (['completed', 'failed', 'cancelled'].includes(body.status)) return body
    await sleep(200)
  }
}

async function killAtRandom(
  { services }: OwnLibrary,
  options: { kills: number; random(): number; longestLifeMs: number },
  isOver: () => boolean,
): Promise<number> {
  let kills = 0
  while (kills < options.kills && !isOver()) {
    const pids = services.models.processIds
    const pid = pids[Math.floor(options.random() * pids.length)]
    if (pid === undefined) {
      await sleep(10)
      continue
    }
    await sleep(options.random() * options.longestLifeMs)
    // It may have ended meanwhile, and its number be somebody else's.
    if (!services.models.processIds.includes(pid) || isOver()) continue
    process.kill(pid, 'SIGKILL')
    kills += 1
    while (services.models.processIds.includes(pid)) await sleep(5)
  }
  return kills
}

/** Processes whose parent this one is, zombies included. */
function childrenOfThis(): { pid: number; state: string; command: string }[] {
  const columns = ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)]
  return execFileSync('ps', columns)
    .toString()
    .split('\n')
    .flatMap((line) => {
      const [, pid, state = '', command = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
      return pid ? [{ pid: Number(pid), state, command }] : []
    })
}
