import { type FileHandle, open, rename } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'undici'
import { PermanentError, TransientError } from '../errors.ts'
import { NoRoom, requireDiskSpace } from './disk-space.ts'
import {
  openPart,
  type Part,
  startOver,
  type WholeFile,
  wholeFrom,
  writeNote,
} from './download-part.ts'
import type { Guard } from './guard.ts'
import { errorOfStatus } from './http.ts'
import { NotYet } from './limits.ts'
import { extensionOf, kindOfContent } from './media-type.ts'

/** Attempts in a row that bring no new byte before the download counts as failed. */
const FRUITLESS_ATTEMPTS = 4
const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 120_000
/** Others fill the same disk meanwhile: looked at after so many bytes. */
const SPACE_CHECK_BYTES = 8 * 1024 ** 2

export interface DirectDownloadOptions {
  signal: AbortSignal
  headers: Record<string, string>
  maxBytes: number
  /** So much of the disk stays free; 0 when absent. */
  reserveBytes?: number
  /** Slows the transfer down to this on average; as fast as it comes when absent. */
  maxBytesPerSecond?: number
  /** Called before each request: the place to wait for one's turn. */
  beforeRequest?(): Promise<void>
  onProgress?(received: number, total: number | null): void
}

/**
 * Fetches a media file over HTTP into `folder`. It is written as `.part` and renamed when whole; a
 * cut is continued with Range and If-Range where the server names its version of the file, also
 * after a restart of the program on the same folder. Otherwise it starts over.
 *
 * @throws PermanentError `not-a-video`, `too-large`, `empty-file`, `video-gone`, `access-denied`
 * @throws TransientError `network`, `rate-limited`, `server-fault`, `disk-full`
 */
export async function downloadDirect(
  guard: Guard,
  url: string,
  folder: string,
  options: DirectDownloadOptions,
): Promise<WholeFile> {
  const partFile = path.join(folder, 'original.part')
  const before = await wholeFrom(partFile, url)
  if (before) {
    options.onProgress?.(before.bytes, before.bytes)
    return before
  }
  const part = await openPart(partFile, url)
  let fruitless = 0
  for (;;) {
    const before = part.bytes
    try {
      const name = `original.${await receive(guard, url, part, options)}`
      const whole = { name, bytes: part.bytes, sha256: part.hash.digest('hex') }
      // A program killed from here on finds the file again instead of fetching it twice.
      await writeNote(part, { url, validator: part.validator, whole })
      const file = path.join(folder, name)
      await rename(part.file, file)
      return { file, bytes: whole.bytes, sha256: whole.sha256 }
    } catch (thrown) {
      options.signal.throwIfAborted()
      // Everybody who asks this platform waits now, not only this download.
      if (thrown instanceof NotYet) throw thrown
      if (thrown instanceof TransientError && thrown.code === 'rate-limited') throw thrown
      // Only the reserve is touched: what is here may stay until there is room.
      if (thrown instanceof NoRoom) throw thrown
      const passing = thrown instanceof TransientError && thrown.code !== 'disk-full'
      if (!passing) {
        await startOver(part)
        throw thrown
      }
      fruitless = part.bytes > before ? 0 : fruitless + 1
      const waitMs = thrown.retryAfterMs ?? FIRST_WAIT_MS * 2 ** fruitless
      if (fruitless >= FRUITLESS_ATTEMPTS || waitMs > MAX_WAIT_MS) throw thrown
      await sleep(waitMs, undefined, { signal: options.signal })
    }
  }
}

/** One request: the rest of the file from where the part ends. Returns the file's extension. */
async function receive(
  guard: Guard,
  url: string,
  part: Part,
  options: DirectDownloadOptions,
): Promise<string> {
  if (part.bytes > 0 && part.validator === null) await startOver(part)
  const range =
    part.bytes > 0 && part.validator !== null
      ? { range: `bytes=${part.bytes}-`, 'if-range': part.validator }
      : {}
  await options.beforeRequest?.()
  const response = await guard.fetch(url, {
    signal: options.signal,
    // Compressed bytes could neither be counted nor continued.
    headers: { ...options.headers, ...range, 'accept-encoding': 'identity' },
  })
  try {
    if (response.status === 416 && part.bytes > 0) return await afterPastTheEnd(response, part)
    if (!response.ok) throw errorOfStatus(response, url)
    const total = await place(response, url, part)
    if (total !== null && total > options.maxBytes) throw tooLarge(url, options)
    const folder = path.dirname(part.file)
    const needed = total === null ? 0 : total - part.bytes
    await requireDiskSpace(folder, needed, options.reserveBytes ?? 0)
    await writeBody(response, url, part, total, options)
    if (part.bytes === 0) throw new PermanentError('empty-file', `${url} holds no bytes.`)
    return extensionOf(response.headers.get('content-type'), response.url || url)
  } finally {
    if (!response.bodyUsed) await response.body?.cancel()
  }
}

/**
 * Brings the part in line with the answer: kept when it is continued, emptied when the whole file
 * comes. Returns the size of the whole file, null when unknown.
 */
async function place(response: Response, url: string, part: Part): Promise<number | null> {
  const type = response.headers.get('content-type')
  if (kindOfContent(type) !== 'media') {
    throw new PermanentError('not-a-video', `${url} is ${type ?? 'unnamed'}, not a video file.`)
  }
  const validator = validatorOf(response)
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
    if (range && Number(range[1]) === part.bytes && validator === part.validator) {
      return range[2] === '*' ? null : Number(range[2])
    }
    await startOver(part)
    throw new TransientError('network', `${url} was continued at the wrong place; starting over.`)
  }
  if (part.bytes > 0) await startOver(part)
  part.validator = validator
  await writeNote(part, validator ? { url, validator } : null)
  const length = response.headers.get('content-length')
  const isEncoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity'
  if (isEncoded) part.validator = null
  return length === null || isEncoded ? null : Number(length)
}

async function writeBody(
  response: Response,
  url: string,
  part: Part,
  total: number | null,
  options: DirectDownloadOptions,
): Promise<void> {
  const startedAt = performance.now()
  const startBytes = part.bytes
  let checkedAt = part.bytes
  const handle = await open(part.file, part.bytes > 0 ? 'r+' : 'w')
  try {
    for await (const chunk of bodyOf(response, url, options.signal)) {
      if (part.bytes + chunk.length > options.maxBytes) throw tooLarge(url, options)
      await writeAll(handle, chunk, part)
      if (part.bytes - checkedAt >= SPACE_CHECK_BYTES) {
        await requireDiskSpace(path.dirname(part.file), 0, options.reserveBytes ?? 0)
        checkedAt = part.bytes
      }
      options.onProgress?.(part.bytes, total)
      if (options.maxBytesPerSecond) {
        const dueMs = ((part.bytes - startBytes) / options.maxBytesPerSecond) * 1000
        const aheadMs = dueMs - (performance.now() - startedAt)
        if (aheadMs > 20) await sleep(aheadMs, undefined, { signal: options.signal })
      }
    }
  } finally {
    await handle.close()
  }
  if (total !== null && part.bytes < total) {
    throw new TransientError('network', `${url} broke off at ${part.bytes} of ${total} bytes.`)
  }
}

/** The body's chunks; a broken connection becomes a TransientError. */
async function* bodyOf(
  response: Response,
  url: string,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  try {
    if (response.body) yield* response.body
  } catch (cause) {
    signal.throwIfAborted()
    throw new TransientError('network', `${url} broke off.`, { cause })
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, part: Part): Promise<void> {
  let done = 0
  try {
    while (done < chunk.length) {
      const left = chunk.length - done
      const { bytesWritten } = await handle.write(chunk, done, left, part.bytes + done)
      done += bytesWritten
    }
  } catch (thrown) {
    throw asDiskFull(thrown, part.file)
  }
  part.hash.update(chunk)
  part.bytes += chunk.length
}

/** A full disk passes when someone makes room; other file errors stay what they are. */
export function asDiskFull(thrown: unknown, file: string): unknown {
  const { code } = thrown as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown
  return new TransientError(
    'disk-full',
    `The disk is full: ${path.dirname(file)} takes no more bytes. Make room, then try again.`,
    { cause: thrown },
  )
}

/** 416 means that the part is whole already, or that it belongs to another file. */
async function afterPastTheEnd(response: Response, part: Part): Promise<string> {
  const whole = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  if (whole !== undefined && Number(whole) === part.bytes) {
    return extensionOf(response.headers.get('content-type'), response.url)
  }
  await startOver(part)
  throw new TransientError('network', 'The file changed during the download; starting over.')
}

/**
 * What If-Range may name (RFC 9110, 13.1.5): a strong entity tag, else the modification date.
 * Null when the server gives neither; then a cut download cannot be continued safely.
 */
function validatorOf(response: Response): string | null {
  const tag = response.headers.get('etag')
  return tag && !tag.startsWith('W/') ? tag : response.headers.get('last-modified')
}

function tooLarge(url: string, options: { maxBytes: number }): PermanentError {
  return new PermanentError(
    'too-large',
    `${url} has more than ${options.maxBytes} bytes (FORGEINDEX_MAX_UPLOAD_BYTES).`,
  )
}
