import path from 'node:path'
import { Duplex } from 'node:stream'
import type { Worker } from 'node:worker_threads'
import type pg from 'pg'
import { toError } from '../errors.ts'
import { startThread } from '../threads.ts'

export interface EmbeddedData {
  folder: string | null
  snapshot?: Blob | undefined
}

/** `connection`: the number of the one that asks, so that no other gets its answer. */
export type ToEmbedded =
  | { type: 'protocol'; connection: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'hang-up' }
  | { type: 'close' }

export type FromEmbedded =
  | { type: 'opened' }
  | { type: 'not-opened'; error: unknown }
  | { type: 'answer'; connection: number; bytes: Uint8Array }

/**
 * PGlite (PostgreSQL in WebAssembly) in a thread of its own. It computes where it is called, 0.1 s for
 * the rows of a ten-second clip, and whoever serves HTTP there answers nobody meanwhile.
 *
 * A thread, not a process: it cannot outlive the one that holds the library's lock. It speaks
 * PostgreSQL's wire protocol, so that `pg` sees a server; one session, one connection at a time.
 */
export class EmbeddedDatabase {
  readonly #data: EmbeddedData
  #thread: Promise<Worker> | null = null
  #connection: EmbeddedConnection | null = null
  #connections = 0
  #closing: Promise<void> | null = null

  /**
   * @param folder its files; null: in memory
   * @param snapshot what it begins with, as PGlite's `dumpDataDir` gives it
   */
  constructor(folder: string | null, snapshot?: Blob) {
    this.#data = { folder, snapshot }
  }

  /** Starts it, unless it runs. A folder's database that has died starts again from its files. */
  open(): Promise<Worker> {
    if (this.#closing !== null) return Promise.reject(stopped('it is closed'))
    this.#thread ??= this.#start()
    return this.#thread
  }

  /** What a pool of `pg` needs to reach it. */
  poolConfig(): pg.PoolConfig {
    return {
      stream: () => this.#connect(),
      // Its one session trusts everybody, by a name that it has.
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      // A second connection would fall into the first one's transaction.
      max: 1,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: 30_000,
    }
  }

  /** Ends it when what was asked is answered. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    const thread = await this.#thread?.catch(() => null)
    this.#connection?.destroy()
    if (!thread) return
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    thread.ref()
    tell(thread, { type: 'close' })
    await ended
  }

  #connect(): Duplex {
    this.#connection?.destroy()
    this.#connection = new EmbeddedConnection(this, ++this.#connections)
    return this.#connection
  }

  async #start(): Promise<Worker> {
    const thread = startThread(path.join(import.meta.dirname, 'embedded-worker'), {
      workerData: this.#data,
    })
    let reason: unknown = 'its thread ended'
    thread.on('error', (error) => {
      reason = error
    })
    thread.on('exit', () => {
      this.#connection?.destroy(stopped(toError(reason).message))
      this.#thread = null
      // What was in memory is gone: an empty one would look like a library that lost everything.
      if (!this.#data.folder) this.#closing ??= Promise.resolve()
    })
    await new Promise<void>((resolve, reject) => {
      thread.once('exit', () => reject(toError(reason)))
      thread.once('message', (message: FromEmbedded) => {
        if (message.type === 'opened') resolve()
        else if (message.type === 'not-opened') reject(message.error)
      })
    })
    thread.on('message', (message: FromEmbedded) => {
      if (message.type !== 'answer' || message.connection !== this.#connection?.number) return
      this.#connection.answer(message.bytes)
    })
    thread.unref()
    return thread
  }
}

/** What `pg` takes for its socket. Keeps the process alive only while an answer is due. */
class EmbeddedConnection extends Duplex {
  readonly number: number
  readonly #database: EmbeddedDatabase
  #thread: Worker | null = null
  #awaited = 0

  constructor(database: EmbeddedDatabase, number: number) {
    super()
    this.number = number
    this.#database = database
  }

  connect(): this {
    this.#database.open().then(
      (thread) => {
        if (this.destroyed) return
        this.#thread = thread
        this.emit('connect')
      },
      (error: unknown) => this.destroy(toError(error)),
    )
    return this
  }

  answer(bytes: Uint8Array): void {
    this.#awaited--
    if (this.#awaited === 0) this.#thread?.unref()
    if (bytes.length > 0) this.push(bytes)
  }

  // Of a socket's settings none means anything here.
  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#send(chunk)
    done()
  }

  /** The messages of one query come together: one way there, one way back. */
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)))
    done()
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#thread) {
      tell(this.#thread, { type: 'hang-up' })
      if (this.#awaited > 0) this.#thread.unref()
    }
    done(error)
  }

  #send(bytes: Buffer): void {
    // "Terminate" would end the only session there is.
    if (bytes[0] === TERMINATE || !this.#thread) return
    if (this.#awaited === 0) this.#thread.ref()
    this.#awaited++
    // A copy to give away: the bytes may lie in a larger buffer that others use.
    const own = new Uint8Array(bytes)
    tell(this.#thread, { type: 'protocol', connection: this.number, bytes: own }, [own.buffer])
  }
}

/** First byte of the wire protocol's message by which a client takes its leave. */
const TERMINATE = 'X'.charCodeAt(0)

function tell(thread: Worker, message: ToEmbedded, transfer: ArrayBuffer[] = []): void {
  thread.postMessage(message, transfer)
}

/** With the code that a server's clients get when it crashed: to be tried again. */
function stopped(reason: string): Error {
  return Object.assign(new Error(`The embedded database stopped: ${reason}.`), { code: '57P02' })
}
