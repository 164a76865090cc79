import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { copyFile, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { NotFoundError } from '../../errors.ts'
import { asFolderError, errorCode } from './folder-errors.ts'
import { draftName, INCOMING } from './object-key.ts'

/** Lets `write` make the draft, then moves it to `file`; a draft that fails is removed. */
export async function store(
  root: string,
  file: string,
  signal: AbortSignal | undefined,
  write: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = path.join(root, INCOMING, draftName())
  try {
    signal?.throwIfAborted()
    await write(draft)
    signal?.throwIfAborted()
    await moveInto(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    signal?.throwIfAborted()
    throw asFolderError(error, root)
  }
}

/** Copies a file, cloning its blocks where the file system can; returns the copy's size in bytes. */
export async function copyWhole(file: string, draft: string): Promise<number> {
  try {
    await copyFile(file, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  } catch (error) {
    const missing = errorCode(error) === 'ENOENT' && !(await statOrNull(file))
    if (!missing) throw error
    throw new NotFoundError('file-not-found', `There is no file ${file} to store.`, {
      cause: error,
    })
  }
  await flush(draft)
  return (await stat(draft)).size
}

/** Writes and removes a small file: the only sure sign that objects can be stored. */
export async function tryWriting(root: string): Promise<void> {
  const probe = path.join(root, INCOMING, `probe-${randomUUID()}`)
  try {
    const handle = await open(probe, 'wx')
    try {
      await handle.write('probe')
    } finally {
      await handle.close()
    }
  } finally {
    await rm(probe, { force: true })
  }
}

/** Removes `folder` and those above it, up to the root, as far as they are empty. */
export async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let empty = folder; empty !== root; empty = path.dirname(empty)) {
    try {
      await rmdir(empty)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') return
    }
  }
}

/** Renames, making the folders on the way; a delete may remove an empty one at the same moment. */
async function moveInto(draft: string, file: string): Promise<void> {
  const folder = path.dirname(file)
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rename(draft, file)
      break
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || attempt > 5) throw error
      await mkdir(folder, { recursive: true })
    }
  }
  try {
    // The rename itself is on the disk only once its folder is.
    await flush(folder)
  } catch (error) {
    // The object was deleted again, and its folder with it.
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

async function flush(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function statOrNull(file: string): Promise<Stats | null> {
  try {
    return await stat(file)
  } catch {
    return null
  }
}
