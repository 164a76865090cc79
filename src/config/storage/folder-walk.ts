import type { Dirent } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { StoredObject } from '../storage.ts'
import { asFolderError, errorCode } from './folder-errors.ts'
import { INCOMING, isDeadDraft } from './object-key.ts'

/**
 * The files below `root` whose path from there starts with `prefix`, in the order of their paths'
 * UTF-8 bytes, as S3 lists them. Only one folder's names are held in memory for each level.
 */
export async function* walkFolder(root: string, prefix: string): AsyncGenerator<StoredObject> {
  const begin = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  yield* walk(root, begin, prefix)
}

/** Removes the drafts in `folder` that are older than `ageMs`, or whose writer on this machine is gone. */
export async function removeAbandoned(folder: string, ageMs: number): Promise<void> {
  const before = Date.now() - ageMs
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    const found = entry.isFile() ? await statOrNull(file) : null
    if (!found) continue
    if (found.mtimeMs < before || isDeadDraft(entry.name)) await rm(file, { force: true })
  }
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<StoredObject> {
  for (const entry of await sortedEntries(path.join(root, folder), root)) {
    const key = folder + entry.name
    if (key === INCOMING) continue
    if (entry.isDirectory()) {
      const inside = `${key}/`
      if (inside.startsWith(prefix) || prefix.startsWith(inside)) yield* walk(root, inside, prefix)
    } else if (key.startsWith(prefix)) {
      // Null: deleted since the folder was read.
      const found = await statOrNull(path.join(root, key))
      if (found?.isFile()) yield { key, bytes: found.size, modifiedAt: found.mtime }
    }
  }
}

/** A folder counts as its name with a slash: `a.txt` comes before `a/b`, for `.` is before `/`. */
async function sortedEntries(folder: string, root: string): Promise<Dirent[]> {
  let entries: Dirent[]
  try {
    entries = await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return []
    throw asFolderError(error, root)
  }
  return entries
    .map((entry) => ({ entry, order: Buffer.from(entry.name + (entry.isDirectory() ? '/' : '')) }))
    .sort((a, b) => Buffer.compare(a.order, b.order))
    .map(({ entry }) => entry)
}

async function statOrNull(file: string) {
  try {
    return await stat(file)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}
