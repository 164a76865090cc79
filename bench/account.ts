/**
 * `npx tsx bench/account.ts [--asked N]`: one task against stand-ins of the archives, Apify and yt-dlp, with
 * their faults on, and the account of what became of everything that was found. The last line is JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Task } from '../src/api/schemas/tasks.ts'
import { printAccount } from '../src/commands/account.ts'
import { openOwnLibrary } from '../test/support/own-library.ts'
import { MOST_SECONDS, openWorld } from './account/world.ts'

const at = process.argv.indexOf('--asked')
const asked = at === -1 ? 60 : Number(process.argv[at + 1])
const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-account-'))
try {
  await using world = await openWorld(folder, asked)
  await using library = await openOwnLibrary({
    ...world.variables,
    MAX_VIDEO_DURATION: String(MOST_SECONDS),
    FORGEINDEX_STALL_TIMEOUT: '5',
  })
  const { status, body } = await library.ask<Task>('POST', '/api/ingest', {
    ...{ query: 'lathe', platform: 'any', max_videos: asked, min_relevance: 0.2 },
  })
  if (status !== 202) throw new Error(JSON.stringify(body))
  const task = (await library.finished(body.id, 1_800_000)) as unknown as Task
  printAccount(task)
  const { account } = task
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)
  const adds = account.accepted + account.in_work + sum(account.rejected) + sum(account.failed)
  const twice = world.fetchedTwice()
  console.log(`${account.found} found = ${adds} accounted for; fetched more than once: ${twice}`)
  console.log(JSON.stringify({ status: task.status, ...account, fetched_twice: twice }))
  if (account.found !== adds) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
