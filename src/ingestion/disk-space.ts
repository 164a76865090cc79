import { readdir, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PermanentError, TransientError } from '../errors.ts'

const LOOK_MS = 1000

/** The disk is as full as downloads may make it; nothing was cut off. */
export class NoRoom extends TransientError {}

/**
 * Makes sure that `neededBytes` more fit into a folder, with `reserveBytes` left for everything else
 * that lives on its disk.
 *
 * @throws NoRoom `disk-full`
 */
export async function requireDiskSpace(
  folder: string,
  neededBytes: number,
  reserveBytes: number,
): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= neededBytes + reserveBytes) return
  throw new NoRoom(
    'disk-full',
    `The disk of ${folder} has ${free} bytes free; ${neededBytes} more and a reserve of ` +
      `${reserveBytes} (FORGEINDEX_MIN_FREE_BYTES) are needed. Make room: the download goes on by itself.`,
  )
}

/**
 * Runs a program that writes into `folder` by itself, and aborts `stop` when the folder outgrows
 * `maxBytes` or the disk its reserve. The reason of the abort is the error.
 */
export async function watchFolder<T>(
  folder: string,
  limits: { maxBytes: number; reserveBytes: number },
  stop: AbortController,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      const bytes = await bytesIn(folder)
      if (bytes > limits.maxBytes) stop.abort(tooLarge(folder, limits.maxBytes))
      await requireDiskSpace(folder, 0, limits.reserveBytes)
      await sleep(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })().catch((thrown: unknown) => stop.abort(thrown))
  try {
    return await work()
  } finally {
    over.abort()
    await watching
  }
}

function tooLarge(folder: string, maxBytes: number): PermanentError {
  return new PermanentError(
    'too-large',
    `The download in ${folder} has more than ${maxBytes} bytes (FORGEINDEX_MAX_UPLOAD_BYTES).`,
  )
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder)) {
    // A part may be renamed between the listing and the look.
    bytes += (await stat(path.join(folder, name)).catch(() => null))?.size ?? 0
  }
  return bytes
}
