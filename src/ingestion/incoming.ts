import path from 'node:path'
import type { Storage } from '../config/storage.ts'
import { NotFoundError, PermanentError } from '../errors.ts'
import { type Downloaded, type DownloadOptions, readLocal } from './downloader.ts'

/**
 * The file of an upload that waits in the object store: read in place where the store is a folder,
 * else brought into `folder`, which exists.
 *
 * @throws PermanentError `video-gone` when it is no longer there, `empty-file`
 */
export async function takeIncoming(
  storage: Storage,
  key: string,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const inPlace = storage.localPath(key)
  const file = inPlace ?? path.join(folder, `upload${path.extname(key)}`)
  try {
    if (inPlace === null) await storage.getFile(key, file, options)
    return await readLocal(file, options)
  } catch (thrown) {
    const isGone =
      thrown instanceof NotFoundError ||
      (thrown instanceof PermanentError && thrown.code === 'video-gone')
    if (!isGone) throw thrown
    throw new PermanentError(
      'video-gone',
      'The uploaded file is no longer kept: one that could not be used goes after a day. Upload it again.',
      { cause: thrown },
    )
  }
}
