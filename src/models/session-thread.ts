import path from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { startThread } from '../threads.ts'
import { addDevices, type Session, type TensorValue } from './onnx.ts'
import { type DeviceSetting, type PackedError, unpackError } from './protocol.ts'

export interface SessionThreadData {
  file: string
  threads: number
  device: DeviceSetting
  /** Added to the priority number of the process; 0 leaves it. */
  niceness: number
}

export interface ToSessionThread {
  id: number
  feeds: Record<string, TensorValue>
}

export type FromSessionThread =
  | {
      type: 'opened'
      inputMetadata: readonly InferenceSession.ValueMetadata[]
      outputMetadata: readonly InferenceSession.ValueMetadata[]
      devices: [file: string, device: string][]
    }
  | { type: 'not-opened'; error: PackedError }
  | { type: 'note'; message: string }
  | { type: 'done'; id: number; outputs: Record<string, TensorValue> }
  | { type: 'failed'; id: number; error: PackedError }

/** What a thread that only holds a session needs of V8; tensors are not in its heap. */
const HEAP_MB = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }

/**
 * Opens an ONNX file in a thread of its own. The runtime blocks the thread that calls it: this way
 * several models run at once, each on its own cores, while this thread prepares what comes next. On two
 * cores 64 images through CLIP and through a detector take 9.6 CPU seconds side by side with one thread
 * each, and 10.7 to 13 one after the other with two, whose work each operator parts and joins.
 *
 * @param onNote hears a sentence when the device that was asked for is not used
 * @throws PermanentError `model-unreadable` when the runtime refuses the file
 */
export function openSessionInThread(
  data: SessionThreadData,
  onNote: (message: string) => void,
): Promise<Session> {
  const worker = startThread(path.join(import.meta.dirname, 'session-worker'), {
    workerData: data,
    resourceLimits: HEAP_MB,
  })
  const running = new Map<
    number,
    { resolve(outputs: Record<string, TensorValue>): void; reject(error: unknown): void }
  >()
  let nextId = 1
  let isOpen = false
  const run: Session['run'] = (feeds) =>
    new Promise((resolve, reject) => {
      const id = nextId++
      running.set(id, { resolve, reject })
      const sent = Object.entries(feeds).map(
        ([name, { type, data, dims }]) => [name, { type, data, dims }] as const,
      )
      const message: ToSessionThread = { id, feeds: Object.fromEntries(sent) }
      worker.postMessage(message, buffersOf(message.feeds))
    })
  const release = async () => {
    await worker.terminate()
  }
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromSessionThread) => {
      if (message.type === 'opened') {
        isOpen = true
        addDevices(message.devices)
        const { inputMetadata, outputMetadata } = message
        resolve({ inputMetadata, outputMetadata, run, release })
      } else if (message.type === 'not-opened') {
        reject(unpackError(message.error))
        void worker.terminate()
      } else if (message.type === 'note') onNote(message.message)
      else {
        const asked = running.get(message.id)
        running.delete(message.id)
        if (message.type === 'done') asked?.resolve(message.outputs)
        else asked?.reject(unpackError(message.error))
      }
    })
    worker.once('error', (error) => {
      if (!isOpen) return reject(error)
      // Nobody can answer any more: the process ends as in a crash, and its successor begins anew.
      throw error
    })
  })
}

/** What is handed over instead of copied. */
export function buffersOf(tensors: Record<string, TensorValue>): ArrayBuffer[] {
  const buffers = Object.values(tensors).flatMap(({ data }) =>
    ArrayBuffer.isView(data) ? [data.buffer as ArrayBuffer] : [],
  )
  return [...new Set(buffers)]
}
