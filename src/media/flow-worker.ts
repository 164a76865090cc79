/** Entry of the thread that looks at the small copies of all videos' frames; see `flow-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { yieldThread } from '../threads.ts'
import { FlowReader } from './flow.ts'
import type { FlowThreadData, FromFlowThread, ToFlowThread } from './flow-thread.ts'

const readers = new Map<number, FlowReader>()

yieldThread((workerData as FlowThreadData).niceness)
parentPort?.on('message', (message: ToFlowThread) => {
  const { type, id } = message
  const reader = readers.get(id) ?? new FlowReader()
  if (type === 'frames') {
    readers.set(id, reader)
    reader.read(message.times, message.bytes)
    tell({ type: 'taken', id, bytes: message.bytes.length })
    return
  }
  readers.delete(id)
  if (type === 'finish') tell({ type: 'flow', id, flow: reader.finish(message.durationSeconds) })
})

function tell(message: FromFlowThread): void {
  parentPort?.postMessage(message)
}
