import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { isRunning } from '../config/running.ts'

/**
 * A part that has not grown for this long, in milliseconds, and whose process is gone is nobody's.
 * The time is for folders shared between containers, where a process id tells less.
 */
const ABANDONED_MS = 10_000

/**
 * A part file for a download that is this caller's alone: two processes never write into one.
 * What an earlier try left is taken over by renaming it, which only one of two can do.
 *
 * @returns its path; the file may not exist yet
 * @throws the system's own error when the folder cannot be read
 */
export async function claimPart(target: string): Promise<string> {
  const own = `${target}.${process.pid}-${randomUUID().slice(0, 8)}.part`
  for (const left of [`${target}.part`, ...(await abandonedParts(target))]) {
    if (await moved(left, own)) return own
  }
  return own
}

/** Gives an unfinished part file back for the next try; the longer of two stays. */
export async function leavePart(part: string, target: string): Promise<void> {
  const shared = `${target}.part`
  const [ours, theirs] = await Promise.all([sizeOf(part), sizeOf(shared)])
  if (ours > theirs) await moved(part, shared)
  else await rm(part, { force: true })
}

/** Parts of processes that were killed: their id names no process and they have stopped growing. */
async function abandonedParts(target: string): Promise<string[]> {
  const folder = path.dirname(target)
  const prefix = `${path.basename(target)}.`
  const found: string[] = []
  for (const name of await readdir(folder)) {
    const pid =
      name.startsWith(prefix) && /^(\d+)-[0-9a-f]{8}\.part$/.exec(name.slice(prefix.length))?.[1]
    if (!pid || isRunning(Number(pid))) continue
    const file = path.join(folder, name)
    const changed = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    )
    if (Date.now() - changed > ABANDONED_MS) found.push(file)
  }
  return found
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
