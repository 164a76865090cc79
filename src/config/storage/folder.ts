import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { copyFile, type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { NotFoundError } from '../../errors.ts'
import type { ObjectStat, Storage } from '../storage.ts'
import { beyondTheEnd, checkRange } from './byte-range.ts'
import { contentTypeOf } from './content-type.ts'
import { countBody } from './counted-body.ts'
import { asFolderError, errorCode, folderNotWritable } from './folder-errors.ts'
import { removeAbandoned, walkFolder } from './folder-walk.ts'
import { copyWhole, removeEmptyFolders, store, tryWriting } from './folder-write.ts'
import { checkKey, checkPrefix, INCOMING } from './object-key.ts'

/** A file being written that is older than this was left by a process that died. */
const ABANDONED_AFTER_MS = 3_600_000

/**
 * Opens a folder as object store, making it if missing: an object is the file at its key. Files are
 * written under `.incoming` inside it (so always on the same file system), flushed to the disk, and
 * renamed into place. Any number of processes may have it open.
 *
 * @param options.isAlone  no other process has it open: what is half-written belongs to a dead one
 * @throws InvalidInputError `data-folder-not-writable`
 * @throws TransientError `disk-full`
 */
export async function openFolderStorage(
  root: string,
  options: { isAlone: boolean },
): Promise<Storage> {
  const folder = path.resolve(root)
  try {
    await mkdir(path.join(folder, INCOMING), { recursive: true })
    const age = options.isAlone ? 0 : ABANDONED_AFTER_MS
    await removeAbandoned(path.join(folder, INCOMING), age)
    await tryWriting(folder)
  } catch (error) {
    throw folderNotWritable(error, folder)
  }
  return folderStorage(folder)
}

function folderStorage(root: string): Storage {
  const fileOf = (key: string) => {
    checkKey(key)
    return path.join(root, key)
  }
  const remove = async (key: string) => {
    await rm(fileOf(key), { force: true })
    await removeEmptyFolders(root, path.dirname(fileOf(key)))
  }
  const storage: Storage = {
    kind: 'folder',

    async put(key, body, { bytes, signal } = {}) {
      const counted = countBody(body, { expectedBytes: bytes, signal })
      await store(root, fileOf(key), signal, async (draft) => {
        const handle = await open(draft, 'wx')
        // Flushed before the rename: else a power cut could leave an empty file under the key.
        await pipeline(counted.stream, handle.createWriteStream({ flush: true }), { signal })
      })
      return { bytes: counted.bytes }
    },

    async putFile(key, file, { signal } = {}) {
      let bytes = 0
      await store(root, fileOf(key), signal, async (draft) => {
        bytes = await copyWhole(file, draft)
      })
      return { bytes }
    },

    async get(key, { start = 0, end, signal } = {}) {
      checkRange({ start, ...(end === undefined ? {} : { end }) })
      signal?.throwIfAborted()
      const { handle, totalBytes } = await openObject(root, fileOf(key), key)
      if (start > 0 && start >= totalBytes) {
        await handle.close()
        throw beyondTheEnd(key, start, totalBytes)
      }
      const last = Math.min(end ?? totalBytes - 1, totalBytes - 1)
      const stream = handle.createReadStream({
        start,
        // Of an empty object no byte can be named: 0 to -1 would be refused.
        end: Math.max(last, 0),
        highWaterMark: 1 << 18,
        ...(signal ? { signal } : {}),
      })
      // Who asked may not be listening yet: then an abort would end the process.
      stream.on('error', () => {})
      return { stream, bytes: last - start + 1, totalBytes, contentType: contentTypeOf(key) }
    },

    async getFile(key, file, { signal } = {}) {
      const source = fileOf(key)
      signal?.throwIfAborted()
      await mkdir(path.dirname(file), { recursive: true })
      const draft = `${file}.${randomUUID()}.part`
      try {
        await copyFile(source, draft, constants.COPYFILE_FICLONE)
        signal?.throwIfAborted()
        await rename(draft, file)
      } catch (error) {
        await rm(draft, { force: true })
        throw isMissing(error) ? notFound(key, error) : asFolderError(error, root)
      }
    },

    async stat(key) {
      const found = await statFile(fileOf(key), root)
      return found ? describe(key, found) : null
    },

    async *list(prefix) {
      checkPrefix(prefix)
      yield* walkFolder(root, prefix)
    },

    async delete(key) {
      try {
        await remove(key)
      } catch (error) {
        // A folder stands there, or a file stands in the way: so there is no such object.
        if (!['EISDIR', 'ERR_FS_EISDIR', 'ENOTDIR'].includes(errorCode(error))) {
          throw asFolderError(error, root)
        }
      }
    },

    async deletePrefix(prefix) {
      // An empty prefix would be everything: refused like an empty key.
      if (prefix === '') checkKey(prefix)
      let deleted = 0
      for await (const { key } of storage.list(prefix)) {
        await storage.delete(key)
        deleted += 1
      }
      return deleted
    },

    localPath: (key) => fileOf(key),

    signedUrl: async (key) => {
      checkKey(key)
      return null
    },

    async check() {
      try {
        await tryWriting(root)
      } catch (error) {
        throw asFolderError(error, root)
      }
    },

    [Symbol.asyncDispose]: async () => {},
  }
  return storage
}

async function openObject(
  root: string,
  file: string,
  key: string,
): Promise<{ handle: FileHandle; totalBytes: number }> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    throw isMissing(error) ? notFound(key, error) : asFolderError(error, root)
  }
  const found = await handle.stat()
  if (found.isFile()) return { handle, totalBytes: found.size }
  await handle.close()
  throw notFound(key)
}

async function statFile(file: string, root: string): Promise<Stats | null> {
  try {
    const found = await stat(file)
    return found.isFile() ? found : null
  } catch (error) {
    if (isMissing(error)) return null
    throw asFolderError(error, root)
  }
}

function describe(key: string, found: Stats): ObjectStat {
  // A replacement is a new file: its number changes even when size and clock do not.
  const etag = `"${found.ino.toString(36)}-${found.size.toString(36)}-${Math.trunc(found.mtimeMs).toString(36)}"`
  return { bytes: found.size, contentType: contentTypeOf(key), etag }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(error))
}

function notFound(key: string, cause?: unknown): NotFoundError {
  return new NotFoundError('object-not-found', `There is no stored object ${key}.`, { cause })
}
