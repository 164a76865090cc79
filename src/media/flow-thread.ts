import path from 'node:path'
import type { Worker } from 'node:worker_threads'
import { toError } from '../errors.ts'
import { startThread } from '../threads.ts'
import type { Flow } from './flow.ts'
import { DECODE_NICENESS } from './process.ts'

export interface FlowThreadData {
  /** Added to the priority number of the process. */
  niceness: number
}

export type ToFlowThread =
  | { type: 'frames'; id: number; times: number[]; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'finish'; id: number; durationSeconds: number }
  | { type: 'forget'; id: number }

export type FromFlowThread =
  | { type: 'taken'; id: number; bytes: number }
  | { type: 'flow'; id: number; flow: Flow }

/** More than this of one video does not wait for the thread: some 450 frames. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * Reads the small copies of a video's frames in a thread beside this one: 0.1 ms a frame, for minutes of
 * video at a time, during which whoever serves HTTP here would answer late. One thread serves all videos;
 * it starts with the first and keeps no process alive that reads none.
 *
 * Dispose of it: a video given up midway is forgotten then.
 */
export class FlowInThread implements Disposable {
  static #shared: Worker | null = null
  static readonly #reading = new Map<number, FlowInThread>()
  static #videos = 0

  readonly #id = ++FlowInThread.#videos
  readonly #thread: Worker
  #times: number[] = []
  #waitingBytes = 0
  /** Lets whoever gives frames go on. */
  #goOn: (() => void) | null = null
  #finishing: { resolve(flow: Flow): void; reject(error: Error): void } | null = null
  #failure: Error | null = null

  constructor() {
    this.#thread = FlowInThread.#running()
    if (FlowInThread.#reading.size === 0) this.#thread.ref()
    FlowInThread.#reading.set(this.#id, this)
  }

  /** @param microseconds of the next frame; NaN when it has no time: it is left out */
  expect(microseconds: number): void {
    this.#times.push(microseconds)
  }

  /** @returns null, or what to wait for before giving more: the thread is behind */
  read(bytes: Buffer): Promise<void> | null {
    this.#send(new Uint8Array(bytes))
    if (this.#waitingBytes <= MAX_WAITING_BYTES || this.#failure) return null
    return new Promise((resolve) => {
      this.#goOn = resolve
    })
  }

  /**
   * What all that came tells.
   *
   * @param durationSeconds of the video: its last frame is shown until then
   * @throws when the thread has died
   */
  finish(durationSeconds: number): Promise<Flow> {
    this.#send(new Uint8Array())
    this.#tell({ type: 'finish', id: this.#id, durationSeconds })
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure)
      this.#finishing = { resolve, reject }
    })
  }

  [Symbol.dispose](): void {
    if (!FlowInThread.#reading.delete(this.#id)) return
    this.#tell({ type: 'forget', id: this.#id })
    if (FlowInThread.#reading.size === 0) this.#thread.unref()
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#waitingBytes += bytes.length
    const frames = { type: 'frames', id: this.#id, times: this.#times, bytes } as const
    this.#times = []
    this.#tell(frames, [bytes.buffer])
  }

  #tell(message: ToFlowThread, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer)
  }

  #hear(message: FromFlowThread): void {
    if (message.type === 'flow') {
      this.#finishing?.resolve(message.flow)
      return
    }
    this.#waitingBytes -= message.bytes
    if (this.#waitingBytes < MAX_WAITING_BYTES / 2) this.#goOn?.()
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#goOn?.()
    this.#finishing?.reject(error)
  }

  static #running(): Worker {
    if (FlowInThread.#shared) return FlowInThread.#shared
    const thread = startThread(path.join(import.meta.dirname, 'flow-worker'), {
      workerData: { niceness: DECODE_NICENESS } satisfies FlowThreadData,
    })
    FlowInThread.#shared = thread
    thread.on('message', (message: FromFlowThread) => {
      const video = FlowInThread.#reading.get(message.id)
      if (video) video.#hear(message)
    })
    let reason: unknown = new Error('The thread that looks at frames ended.')
    thread.on('error', (error) => {
      reason = error
    })
    thread.on('exit', () => {
      FlowInThread.#shared = null
      for (const video of FlowInThread.#reading.values()) video.#fail(toError(reason))
    })
    return thread
  }
}
