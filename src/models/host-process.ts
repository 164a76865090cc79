/** Entry of a model process: loads each model once, on first use, and runs what it is sent. */
import { getPriority, setPriority } from 'node:os'
import process from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { toError } from '../errors.ts'
import { limitImageThreads } from '../media/images.ts'
import { LoadedModels } from './loaded-models.ts'
import { chooseDevice, deviceOfFiles, onSessionNote } from './onnx.ts'
import {
  type FromModelProcess,
  type ModelProcessOptions,
  type NoteLevel,
  packError,
  type ToModelProcess,
} from './protocol.ts'
import { BatchUnit } from './unit.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as ModelProcessOptions
const models = new LoadedModels(options, note)
/** Each thread finds out for itself what one sentence tells. */
const noted = new Set<string>()
/** Units of images and texts by their model, in the order they came. Models run side by side. */
const lines = new Map<string, BatchUnit[]>()
/** Transcriptions that run, by unit. */
const transcriptions = new Map<number, AbortController>()

// A parent that is gone, killed or not, closes the channel: nobody is left to work for.
process.on('disconnect', () => process.exit(0))
// Ctrl-C and a service's stop reach the whole group: the parent, which drains, decides when we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!process.connected) process.exit(0)
  })
}
process.on('message', (message: ToModelProcess) => {
  if (message.type === 'run') take(message)
  else if (message.type === 'cancel') cancel(message)
  // Whatever is wrong with it is told when it is used.
  else models.of(message.what).catch(() => {})
})
limitImageThreads(1)
chooseDevice(options.device)
onSessionNote(note)
yieldTo(options.niceness)

function take({ id, priority, work }: Extract<ToModelProcess, { type: 'run' }>): void {
  if (work.job === 'transcribe') {
    void transcribe(id, work.model, work.items[0]!)
    return
  }
  const key = `${work.job} ${work.model.key}`
  const line = lines.get(key) ?? []
  line.push(new BatchUnit(id, priority, work, models))
  if (lines.has(key)) return
  lines.set(key, line)
  void serve(line).then(() => lines.delete(key))
}

function cancel({ id, items }: Extract<ToModelProcess, { type: 'cancel' }>): void {
  for (const line of lines.values()) line.find((unit) => unit.id === id)?.drop(items)
  transcriptions.get(id)?.abort()
}

/**
 * Runs a model's units in small pieces, always one of the most urgent unit: in between, what came in is
 * read, so that an urgent unit overtakes.
 */
async function serve(units: BatchUnit[]): Promise<void> {
  for (let unit = mostUrgent(units); unit; unit = mostUrgent(units)) {
    if (!unit.hasBegun) tell({ type: 'started', id: unit.id })
    await unit.runPiece()
    if (unit.isDone) {
      units.splice(units.indexOf(unit), 1)
      const { id, outcomes, runMs } = unit
      tell({ type: 'done', id, outcomes, ...facts(unit.work.model.files, runMs) })
    } else {
      tell({ type: 'alive', id: unit.id })
    }
    await nextTurn()
  }
}

function mostUrgent(units: readonly BatchUnit[]): BatchUnit | undefined {
  let found: BatchUnit | undefined
  for (const unit of units) if (!found || unit.priority < found.priority) found = unit
  return found
}

/**
 * Beside the batches, in a thread of its own.
 */
async function transcribe(
  id: number,
  model: Extract<ToModelProcess, { type: 'run' }>['work']['model'],
  { file, words }: { file: string; words: boolean },
): Promise<void> {
  const controller = new AbortController()
  transcriptions.set(id, controller)
  tell({ type: 'started', id })
  const began = performance.now()
  let outcome: Extract<FromModelProcess, { type: 'done' }>['outcomes'][0]
  try {
    const speech = await models.speech(model)
    const value = await speech.transcribe(file, {
      signal: controller.signal,
      words,
      onProgress: (seconds) => tell({ type: 'progress', id, seconds }),
    })
    outcome = { value }
  } catch (error) {
    outcome = { error: packError(error) }
  }
  transcriptions.delete(id)
  const runMs = performance.now() - began
  tell({ type: 'done', id, outcomes: [outcome], ...facts(model.files, runMs) })
}

function facts(files: Parameters<typeof deviceOfFiles>[0], runMs: number) {
  return {
    device: deviceOfFiles(files),
    runMs,
    residentBytes: process.memoryUsage.rss(),
  }
}

/** Lets the other processes of the program have the cores first when there are not enough. */
function yieldTo(niceness: number): void {
  if (niceness === 0) return
  try {
    setPriority(Math.min(19, getPriority() + niceness))
  } catch (error) {
    note(`the priority could not be changed: ${toError(error).message}`)
  }
}

function note(message: string, level: NoteLevel = 'warn'): void {
  if (noted.has(message)) return
  noted.add(message)
  tell({ type: 'note', message, level })
}

function tell(message: FromModelProcess): void {
  // Without a channel the parent is gone and 'disconnect' ends this process.
  if (process.connected) process.send?.(message)
}
