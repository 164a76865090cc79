import { ForgeindexError, InvalidInputError, TransientError, toError } from '../../errors.ts'

/** The system's name of an error (`ENOENT`), or '' for anything else. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? ''
}

/**
 * A file system's fault as ours; what is already ours, or came from the stream that was being
 * stored, is passed on.
 */
export function asFolderError(error: unknown, root: string): Error {
  if (error instanceof ForgeindexError) return error
  const code = errorCode(error)
  const at = (error as NodeJS.ErrnoException | undefined)?.path
  const ours = at === undefined || at.startsWith(root)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TransientError(
      'disk-full',
      `The disk under ${root} is full (${code}). Free some space; nothing half-written was kept.`,
      { cause: error },
    )
  }
  if (ours && ['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    return new TransientError(
      'storage-not-writable',
      `The storage folder ${root} does not allow this (${code}). ` +
        'Make it writable for this user, or set FORGEINDEX_DATA_DIR to another folder.',
      { cause: error },
    )
  }
  if (ours && ['ENOENT', 'EIO', 'ESTALE', 'EMFILE', 'ENFILE'].includes(code)) {
    return new TransientError(
      'storage-unreachable',
      `The storage folder ${root} cannot be used now (${code}). Is its disk attached and intact?`,
      { cause: error },
    )
  }
  if (ours && ['ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(code)) {
    return new InvalidInputError(
      'invalid-object-key',
      'In a folder, one object cannot lie below another one: use different keys for the two.',
      { cause: error },
    )
  }
  return toError(error)
}

/** What makes a folder unusable at the start, before any work is accepted. */
export function folderNotWritable(error: unknown, root: string): Error {
  const mapped = asFolderError(error, root)
  if (mapped instanceof TransientError && mapped.code === 'disk-full') return mapped
  return new InvalidInputError(
    'data-folder-not-writable',
    `The storage folder ${root} cannot be written (${errorCode(error) || toError(error).message}). ` +
      'Set FORGEINDEX_DATA_DIR to a folder of yours or change its permissions.',
    { cause: error },
  )
}
