import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { PermanentError } from '../errors.ts'
import { asDiskFull } from './direct-download.ts'

/** Size and hash (lower-case hex) of a file in one pass, in constant memory. */
export async function hashFile(
  file: string,
  signal: AbortSignal,
  algorithm: 'sha256' | 'sha1' = 'sha256',
): Promise<{ bytes: number; hash: string }> {
  signal.throwIfAborted()
  const hash = createHash(algorithm)
  let bytes = 0
  try {
    for await (const chunk of createReadStream(file, { signal })) {
      hash.update(chunk)
      bytes += chunk.length
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new PermanentError('video-gone', `${file} is no longer there.`, { cause: thrown })
    }
    if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR') {
      throw new PermanentError('path-not-readable', `${file} cannot be read (${code}).`, {
        cause: thrown,
      })
    }
    throw asDiskFull(thrown, file)
  }
  return { bytes, hash: hash.digest('hex') }
}
