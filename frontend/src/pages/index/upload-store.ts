import { useSyncExternalStore } from 'react'
import type { AcceptedTask } from '../../api/tasks.ts'
import { uploadVideos } from '../../api/upload.ts'
import { plural } from '../../lib/format.ts'
import { MAX_FILES, whyNotSent } from './ingest-values.ts'

/** A file that is left out. */
export interface Refused {
  name: string
  reason: string
}

export interface UploadState {
  /** Chosen and to be sent together. */
  files: readonly File[]
  /** Left out, each with its reason. */
  refused: readonly Refused[]
  /** Bytes sent so far while it is under way; null otherwise. */
  sentBytes: number | null
  error: Error | null
}

const EMPTY: UploadState = { files: [], refused: [], sentBytes: null, error: null }

/**
 * The files to upload and the upload under way. It lives outside of the page, so that looking at
 * another page in the meantime neither breaks the upload off nor loses sight of it.
 */
export class UploadStore {
  #state = EMPTY
  #listeners = new Set<() => void>()
  #sending: AbortController | null = null
  readonly #send: typeof uploadVideos

  constructor(send = uploadVideos) {
    this.#send = send
  }

  readonly get = (): UploadState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Adds what may be a video, up to what one upload may have; the same file twice counts once. Nothing
   * while an upload runs.
   *
   * @param unread what could not be read, to be named with the rest
   */
  add(chosen: Iterable<File>, unread: readonly Refused[] = []): void {
    if (this.#sending) return
    const files = [...this.#state.files]
    const refused = [...unread]
    let tooMany = 0
    for (const file of chosen) {
      const reason = whyNotSent(file)
      if (reason) refused.push({ name: file.name, reason })
      else if (files.some((other) => isSame(other, file))) continue
      else if (files.length < MAX_FILES) files.push(file)
      else tooMany++
    }
    if (tooMany > 0) refused.unshift({ name: plural(tooMany, 'more video'), reason: TOO_MANY })
    this.#set({ files, refused, error: null })
  }

  remove(file: File): void {
    if (this.#sending) return
    this.#set({ files: this.#state.files.filter((other) => other !== file), error: null })
  }

  clear(): void {
    if (!this.#sending) this.#set(EMPTY)
  }

  /** Sends the files. Gives the task; null when it was stopped or refused (then `error` says why). */
  async start(): Promise<AcceptedTask | null> {
    const { files } = this.#state
    if (this.#sending || files.length === 0) return null
    const total = totalBytes(files)
    this.#sending = new AbortController()
    this.#set({ sentBytes: 0, error: null, refused: [] })
    window.addEventListener('beforeunload', askFirst)
    try {
      const task = await this.#send(
        files,
        (share) => this.#set({ sentBytes: Math.round(share * total) }),
        this.#sending.signal,
      )
      this.#set(EMPTY)
      return task
    } catch (thrown) {
      const wasStopped = thrown instanceof DOMException && thrown.name === 'AbortError'
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      this.#set({ sentBytes: null, error: wasStopped ? null : error })
      return null
    } finally {
      this.#sending = null
      window.removeEventListener('beforeunload', askFirst)
    }
  }

  /** Stops the upload; the files stay chosen. */
  stop(): void {
    this.#sending?.abort()
  }

  #set(change: Partial<UploadState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}

const TOO_MANY = `one upload takes at most ${MAX_FILES.toLocaleString('en')} files; add the rest when these are sent`

export function totalBytes(files: readonly File[]): number {
  return files.reduce((sum, file) => sum + file.size, 0)
}

function isSame(a: File, b: File): boolean {
  return a.name === b.name && a.size === b.size && a.lastModified === b.lastModified
}

/** The browser asks before the tab is closed. */
function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

export const uploads = new UploadStore()

export function useUploads(): UploadState {
  return useSyncExternalStore(uploads.subscribe, uploads.get)
}
