import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ForgeindexError, PermanentError, TransientError } from '../errors.ts'
import { cut, diskFull, installFault, refused, stalled } from './download-faults.ts'
import { claimPart, leavePart } from './part-file.ts'

/** A file to fetch. */
export interface WantedFile {
  /** Absolute path it ends at. */
  target: string
  /** How messages name it. */
  name: string
  /** Exact size in bytes; null: unknown. */
  bytes: number | null
  /** 64 hex digits; null: unknown. */
  sha256: string | null
}

export interface DownloadOptions {
  signal?: AbortSignal | undefined
  onProgress?:
    | ((progress: { file: string; received: number; total: number | null }) => void)
    | undefined
  /** Longest silence of the other side in milliseconds. */
  stallTimeoutMs?: number | undefined
}

const DEFAULT_STALL_MS = 60_000
/** Tries in a row that bring no new byte. */
const MAX_FRUITLESS_TRIES = 3
const FIRST_PAUSE_MS = 500
/** No model of ours comes near; a server that never ends must not fill the disk. */
const MAX_BYTES = 16 * 1024 ** 3
/** Kept free beside the file, in bytes. */
const SPARE_BYTES = 16 * 1024 ** 2

/** One try: what is on disk, and what has gone through the hash. */
interface Part {
  handle: FileHandle
  hash: Hash
  received: number
  /** Whether bytes of an earlier run are in it. */
  resumed: boolean
}

/**
 * Fetches one file: into a part file of our own, resumed by Range after a cut (in this run or an
 * earlier one), checked, then renamed to its place, which no reader ever sees half written.
 *
 * @returns its sha256
 * @throws as `installModel`; the signal's reason when aborted
 */
export async function downloadFile(
  url: string,
  wanted: WantedFile,
  options: DownloadOptions = {},
): Promise<string> {
  const part = await claimPart(wanted.target).catch((error: unknown) => {
    throw installFault(error, path.dirname(wanted.target))
  })
  try {
    const sha256 = await fetchAndCheck(url, part, wanted, options)
    await rename(part, wanted.target)
    return sha256
  } catch (error) {
    // What is already here saves the next try from fetching it again, unless it is wrong.
    if (error instanceof ForgeindexError && error.code === 'hash-mismatch')
      await rm(part, { force: true })
    else await leavePart(part, wanted.target)
    throw options.signal?.aborted ? error : installFault(error, path.dirname(wanted.target), url)
  }
}

async function fetchAndCheck(
  url: string,
  part: string,
  wanted: WantedFile,
  options: DownloadOptions,
): Promise<string> {
  for (let freshStart = false; ; freshStart = true) {
    const { sha256, received, resumed } = await fetchWhole(url, part, wanted, options)
    const sizeFits = wanted.bytes === null || wanted.bytes === received
    if (sizeFits && (wanted.sha256 === null || wanted.sha256 === sha256)) return sha256
    if (!resumed || freshStart) {
      throw new PermanentError(
        'hash-mismatch',
        `${wanted.name} from ${url} is not the file we expected: expected ${shown(wanted.bytes, wanted.sha256)}, got ${shown(received, sha256)}. It was removed. A proxy may have answered in place of the hub, or the file changed there.`,
      )
    }
    // The beginning may stem from another version of the file: once more from nothing.
    await rm(part, { force: true })
  }
}

async function fetchWhole(
  url: string,
  file: string,
  wanted: WantedFile,
  options: DownloadOptions,
): Promise<{ sha256: string; received: number; resumed: boolean }> {
  const part = await openPart(file)
  try {
    let fruitless = 0
    for (;;) {
      const before = part.received
      try {
        if (await fetchRest(url, part, wanted, options)) {
          await part.handle.sync()
          return { sha256: part.hash.digest('hex'), received: part.received, resumed: part.resumed }
        }
        if (part.received <= before) throw cut(url, 'the answer ended too soon')
      } catch (error) {
        options.signal?.throwIfAborted()
        const fault = installFault(error, path.dirname(file), url)
        if (!(fault instanceof TransientError) || fault.code === 'disk-full') throw fault
        fruitless = part.received > before ? 0 : fruitless + 1
        if (fruitless === MAX_FRUITLESS_TRIES) throw fault
        const pauseMs = fault.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** fruitless
        await sleep(Math.min(pauseMs, 30_000), undefined, { signal: options.signal })
      }
    }
  } finally {
    await part.handle.close()
  }
}

/** One request for what is missing; true when the file is whole, false to ask again. */
async function fetchRest(
  url: string,
  part: Part,
  wanted: WantedFile,
  options: DownloadOptions,
): Promise<boolean> {
  if (part.received > 0 && part.received === wanted.bytes) return true
  const stall = new AbortController()
  const stallMs = options.stallTimeoutMs ?? DEFAULT_STALL_MS
  const timer = setTimeout(() => stall.abort(stalled(url, stallMs)), stallMs)
  const signal = options.signal ? AbortSignal.any([options.signal, stall.signal]) : stall.signal
  try {
    const response = await fetch(url, {
      signal,
      // Compressed bytes could not be resumed nor counted.
      headers: {
        'accept-encoding': 'identity',
        ...(part.received > 0 && { range: `bytes=${part.received}-` }),
      },
    })
    timer.refresh()
    if (response.status === 416) {
      // Nothing after what we have: either all is here, or it is another file's beginning.
      await response.body?.cancel()
      const size = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1])
      if (size === part.received) return true
      await restart(part)
      return false
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw refused(url, wanted.name, response)
    }
    const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    if (response.status !== 206 || Number(start) !== part.received) await restart(part)
    const left = Number(response.headers.get('content-length')) || null
    const total = wanted.bytes ?? (left === null ? null : part.received + left)
    await requireSpace(path.dirname(wanted.target), (total ?? 0) - part.received)
    const limit = wanted.bytes ?? MAX_BYTES
    for await (const chunk of response.body) {
      timer.refresh()
      part.hash.update(chunk)
      await part.handle.write(chunk, 0, chunk.length, part.received)
      part.received += chunk.length
      options.onProgress?.({ file: wanted.name, received: part.received, total })
      // Longer than it may be: it is not that file, the check that follows says so.
      if (part.received > limit) return true
    }
    return total === null || part.received >= total
  } finally {
    clearTimeout(timer)
  }
}

async function openPart(file: string): Promise<Part> {
  const handle = await open(file, 'a+').then(async (created) => {
    await created.close()
    return open(file, 'r+')
  })
  const hash = createHash('sha256')
  let received = 0
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk)
    received += chunk.length
  }
  return { handle, hash, received, resumed: received > 0 }
}

async function restart(part: Part): Promise<void> {
  await part.handle.truncate(0)
  part.hash = createHash('sha256')
  part.received = 0
  part.resumed = false
}

async function requireSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (needed <= 0 || needed + SPARE_BYTES <= free) return
  throw diskFull(folder, `${megabytes(needed)} more are needed, ${megabytes(free)} are free`)
}

function shown(bytes: number | null, sha256: string | null): string {
  return [bytes !== null && `${bytes} bytes`, sha256 && `sha256 ${sha256}`]
    .filter(Boolean)
    .join(', ')
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`
}
