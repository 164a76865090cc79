/** Entry of the thread in which a model process runs a speech model; see `SpeechThread`. */
import { parentPort, workerData } from 'node:worker_threads'
import { yieldThread } from '../threads.ts'
import { chooseDevice, devicesOpened, onSessionNote } from './onnx.ts'
import { packError } from './protocol.ts'
import { SpeechModel } from './speech/speech-model.ts'
import type { FromSpeechThread, SpeechThreadData, ToSpeechThread } from './speech-thread.ts'

const { files, threads, device, niceness } = workerData as SpeechThreadData
const running = new Map<number, AbortController>()

yieldThread(niceness)
chooseDevice(device)
onSessionNote((message) => tell({ type: 'note', message }))
const loading = SpeechModel.load(files, { threads })
loading.then(
  () => tell({ type: 'loaded', devices: devicesOpened() }),
  (error) => tell({ type: 'not-loaded', error: packError(error) }),
)
parentPort?.on('message', (message: ToSpeechThread) => {
  if (message.type === 'cancel') running.get(message.id)?.abort()
  else void answer(message)
})

async function answer({
  id,
  file,
  options,
}: Extract<ToSpeechThread, { type: 'run' }>): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  try {
    const speech = await loading
    const result = await speech.transcribe(file, {
      ...options,
      signal: controller.signal,
      onProgress: (seconds) => tell({ type: 'progress', id, seconds }),
    })
    tell({ type: 'done', id, result })
  } catch (error) {
    tell({ type: 'failed', id, error: packError(error) })
  } finally {
    running.delete(id)
  }
}

function tell(message: FromSpeechThread): void {
  parentPort?.postMessage(message)
}
