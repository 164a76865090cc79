import path from 'node:path'
import type { Worker } from 'node:worker_threads'
import { startThread } from '../threads.ts'
import { addDevices } from './onnx.ts'
import { type DeviceSetting, type PackedError, unpackError } from './protocol.ts'
import type { SpeechResult } from './speech/result.ts'
import type { SpeechModel, SpeechModelFiles } from './speech/speech-model.ts'

export interface SpeechThreadData {
  files: SpeechModelFiles
  threads: number
  device: DeviceSetting
  /** Added to the priority number of the process; 0 leaves it. */
  niceness: number
}

type Options = NonNullable<Parameters<SpeechModel['transcribe']>[1]>
/** What of the options can be sent. */
type Sent = Omit<Options, 'signal' | 'onProgress'>

export type ToSpeechThread =
  | { type: 'run'; id: number; file: string; options: Sent }
  | { type: 'cancel'; id: number }

export type FromSpeechThread =
  | { type: 'loaded'; devices: [file: string, device: string][] }
  | { type: 'not-loaded'; error: PackedError }
  | { type: 'note'; message: string }
  | { type: 'progress'; id: number; seconds: number }
  | { type: 'done'; id: number; result: SpeechResult }
  | { type: 'failed'; id: number; error: PackedError }

/**
 * A speech model in a thread of its own within the model process. The runtime blocks the thread that
 * calls it, and a decoder's small steps leave cores idle that the batches of images can use: both
 * together took 10.0 s where one after the other took 12.8 s (2 cores).
 */
export class SpeechThread {
  readonly #worker: Worker
  readonly #running = new Map<
    number,
    { options: Options; resolve(result: SpeechResult): void; reject(error: unknown): void }
  >()
  #nextId = 1

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** @throws what `SpeechModel.load` throws */
  static load(data: SpeechThreadData, onNote: (message: string) => void): Promise<SpeechThread> {
    const worker = startThread(path.join(import.meta.dirname, 'speech-worker'), {
      workerData: data,
    })
    const thread = new SpeechThread(worker)
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromSpeechThread) => {
        if (message.type === 'loaded') {
          addDevices(message.devices)
          resolve(thread)
        } else if (message.type === 'not-loaded') {
          reject(unpackError(message.error))
          void worker.terminate()
        } else if (message.type === 'note') onNote(message.message)
        else thread.#hear(message)
      })
      worker.once('error', (error) => {
        reject(error)
        thread.#fail(error)
      })
    })
  }

  /** As `SpeechModel.transcribe`. */
  transcribe(file: string, options: Options = {}): Promise<SpeechResult> {
    const { signal, onProgress: _, ...sent } = options
    const id = this.#nextId++
    const result = new Promise<SpeechResult>((resolve, reject) => {
      this.#running.set(id, { options, resolve, reject })
    })
    const cancel = () => this.#send({ type: 'cancel', id })
    signal?.addEventListener('abort', cancel, { once: true })
    this.#send({ type: 'run', id, file, options: sent })
    return result.finally(() => signal?.removeEventListener('abort', cancel))
  }

  #send(message: ToSpeechThread): void {
    this.#worker.postMessage(message)
  }

  #hear(message: Extract<FromSpeechThread, { id: number }>): void {
    const run = this.#running.get(message.id)
    if (!run) return
    if (message.type === 'progress') {
      run.options.onProgress?.(message.seconds)
      return
    }
    this.#running.delete(message.id)
    if (message.type === 'done') run.resolve(message.result)
    else
      run.reject(
        run.options.signal?.aborted ? run.options.signal.reason : unpackError(message.error),
      )
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#running.values()) reject(error)
    this.#running.clear()
  }
}
