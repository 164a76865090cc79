/** Entry of the thread in which a model process holds one session; see `openSessionInThread`. */
import { parentPort, workerData } from 'node:worker_threads'
import { Tensor } from 'onnxruntime-node'
import { yieldThread } from '../threads.ts'
import {
  chooseDevice,
  devicesOpened,
  onSessionNote,
  openSession,
  type Session,
  type TensorValue,
} from './onnx.ts'
import { packError } from './protocol.ts'
import {
  buffersOf,
  type FromSessionThread,
  type SessionThreadData,
  type ToSessionThread,
} from './session-thread.ts'

const { file, threads, device, niceness } = workerData as SessionThreadData

yieldThread(niceness)
chooseDevice(device)
onSessionNote((message) => tell({ type: 'note', message }))
try {
  const session = await openSession(file, threads)
  parentPort?.on('message', (message: ToSessionThread) => void answer(session, message))
  const { inputMetadata, outputMetadata } = session
  tell({ type: 'opened', inputMetadata, outputMetadata, devices: devicesOpened() })
} catch (error) {
  tell({ type: 'not-opened', error: packError(error) })
}

async function answer(session: Session, { id, feeds }: ToSessionThread): Promise<void> {
  try {
    const found = await session.run(mapped(feeds, tensorOf))
    // The runtime's own memory cannot be handed over.
    const outputs = mapped(found, ({ type, data, dims }) => ({ type, data: data.slice(), dims }))
    tell({ type: 'done', id, outputs }, buffersOf(outputs))
  } catch (error) {
    tell({ type: 'failed', id, error: packError(error) })
  }
}

function tensorOf({ type, data, dims }: TensorValue): Tensor {
  return new Tensor(type, data as Float32Array, dims)
}

function mapped<A, B>(values: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}

function tell(message: FromSessionThread, handedOver: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, handedOver)
}
