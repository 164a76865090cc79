/** Entry of a model process: loads each model once, on first use, and runs what it is sent. */
import process from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PermanentError } from '../errors.ts'
import { limitImageThreads } from '../media/images.ts'
import { ImageTower, TextTower } from './clip.ts'
import { loadDetector } from './detector/onnx-detector.ts'
import type { ToModelProcess, Work } from './protocol.ts'
import { type AnyResult, type FromModelProcess, packError } from './protocol.ts'
import { SpeechModel } from './speech/speech-model.ts'

const threads = Math.max(1, Number(process.argv[2]) || 1)
const loaded = new Map<string, Promise<unknown>>()
const cancelled = new Map<number, AbortController>()
/** The batch that runs; the next one waits for it while its images are already being decoded. */
let running: Promise<unknown> = Promise.resolve()

// A parent that is gone, killed or not, closes the channel: nobody is left to work for.
process.on('disconnect', () => process.exit(0))
// Ctrl-C and a service's stop reach the whole group: the parent, which drains, decides when we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!process.connected) process.exit(0)
  })
}
process.on('message', (message: ToModelProcess) => {
  if (message.type === 'cancel') cancelled.get(message.id)?.abort()
  else void answer(message.id, message.work)
})
limitImageThreads(1)

async function answer(id: number, work: Work): Promise<void> {
  const controller = new AbortController()
  cancelled.set(id, controller)
  try {
    tell({ type: 'done', id, result: await perform(id, work, controller.signal) })
  } catch (error) {
    tell({ type: 'failed', id, error: packError(error) })
  } finally {
    cancelled.delete(id)
  }
}

async function perform(id: number, work: Work, signal: AbortSignal): Promise<AnyResult> {
  const { key, manifest, files } = work.model
  switch (work.job) {
    case 'embed-images': {
      const tower = await once(`${key} image`, () =>
        ImageTower.load(work.model.manifest, files, threads),
      )
      return batch(signal, tower.prepare(work.files), (pixels) => tower.run(pixels))
    }
    case 'embed-texts': {
      const tower = await once(`${key} text`, () =>
        TextTower.load(work.model.manifest, files, threads),
      )
      return batch(signal, Promise.resolve(work.texts), (texts) => tower.run(texts))
    }
    case 'detect': {
      const file = requiredFile(files.model, manifest.name)
      const detector = await once(key, () => loadDetector(work.model.manifest, file, threads))
      return batch(signal, detector.prepare(work.files), (frames) => detector.run(frames))
    }
    case 'transcribe': {
      const all = {
        encoder: requiredFile(files.encoder, manifest.name),
        decoder: requiredFile(files.decoder, manifest.name),
        tokenizer: requiredFile(files.tokenizer, manifest.name),
        config: requiredFile(files.config, manifest.name),
        generationConfig: requiredFile(files.generationConfig, manifest.name),
        preprocessorConfig: requiredFile(files.preprocessorConfig, manifest.name),
        vad: requiredFile(files.vad, manifest.name),
      }
      const speech = await once(key, () => SpeechModel.load(all, { threads }))
      // Not behind `running`: it takes minutes, gives way between its own short runs, and batches
      // of another video slip in between.
      return speech.transcribe(work.file, {
        signal,
        onProgress: (seconds) => tell({ type: 'progress', id, seconds }),
      })
    }
  }
}

/** Runs one batch after those before it; its input has been in preparation since it arrived. */
function batch<Input, Output>(
  signal: AbortSignal,
  preparing: Promise<Input>,
  run: (input: Input) => Promise<Output>,
): Promise<Output> {
  const turn = running.then(async () => {
    // The runtime blocks this thread: read the messages that came in before starting it again.
    await nextTurn()
    signal.throwIfAborted()
    return run(await preparing)
  })
  // Whoever awaits `turn` hears of a failure; the next batch only needs to know it is over.
  preparing.catch(() => {})
  running = turn.catch(() => {})
  return turn
}

function once<T>(key: string, load: () => Promise<T>): Promise<T> {
  const known = loaded.get(key) as Promise<T> | undefined
  if (known !== undefined) return known
  const loading = load()
  loaded.set(key, loading)
  // A file that is mended later must be tried again.
  loading.catch(() => loaded.delete(key))
  return loading
}

function requiredFile(file: string | undefined, model: string): string {
  if (file) return file
  throw new PermanentError('model-missing', `A file of the model ${model} is not installed.`)
}

function tell(message: FromModelProcess): void {
  // Without a channel the parent is gone and 'disconnect' ends this process.
  if (process.connected) process.send?.(message)
}
