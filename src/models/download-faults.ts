import {
  ForgeindexError,
  InvalidInputError,
  NotFoundError,
  PermanentError,
  TransientError,
  toError,
} from '../errors.ts'

/** What an answer other than 2xx means for the one who asked. */
export function refused(url: string, name: string, response: Response): ForgeindexError {
  const { status } = response
  if (status === 404 || status === 410) {
    return new NotFoundError(
      'model-file-missing',
      `The hub has no ${name} (${status} for ${url}). Check HF_ENDPOINT, or put the file into the models folder by hand.`,
    )
  }
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get('retry-after'))
    return new TransientError(
      'hub-busy',
      `The hub answers ${status} for ${url}. Try again later.`,
      {
        ...(seconds > 0 && { retryAfterMs: seconds * 1000 }),
      },
    )
  }
  return new PermanentError(
    'model-access-denied',
    `The hub refuses ${url} with ${status}. The model may need a login: fetch the file by hand and put it into the models folder.`,
  )
}

/** The other side sent nothing for so long, in milliseconds. */
export function stalled(url: string, stallMs: number): TransientError {
  return new TransientError(
    'hub-unreachable',
    `Nothing came from ${url} for ${Math.round(stallMs / 1000)} s.`,
  )
}

/**
 * A fault of the disk or the network as the class that says what to do; our own stay as they are.
 *
 * @param url what was being fetched; left out where only the disk can be at fault
 */
export function installFault(error: unknown, folder: string, url = 'the hub'): ForgeindexError {
  if (error instanceof ForgeindexError) return error
  const found = toError(error)
  const cause = found.cause instanceof Error ? found.cause : found
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(folder, cause.message)
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)) {
    return new InvalidInputError(
      'models-dir-not-writable',
      `Expected to write models into ${folder}, but: ${cause.message}. Set FORGEINDEX_DATA_DIR to a folder you can write.`,
      { cause: error },
    )
  }
  const detail = cause.message || code
  if (found.message === 'terminated' || code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') {
    return cut(url, detail)
  }
  return new TransientError(
    'hub-unreachable',
    `${url} cannot be reached (${detail}). Check the network and HF_ENDPOINT, or put the files into the models folder by hand.`,
    { cause: error },
  )
}

/** The connection ended before the file did. */
export function cut(url: string, detail: string): TransientError {
  return new TransientError(
    'download-interrupted',
    `The download of ${url} was cut (${detail}). Run it again: it goes on from where it stopped.`,
  )
}

/** No room left in a folder. */
export function diskFull(folder: string, detail: string): TransientError {
  return new TransientError(
    'disk-full',
    `The disk of ${folder} is full: ${detail}. Free some space and run it again.`,
  )
}
