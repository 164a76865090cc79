import { setMaxListeners } from 'node:events'
import path from 'node:path'
import type { Settings } from '../config/settings.ts'
import { SkipStep } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type ModelJob, type ResolvedModel, resolveModel } from './catalog.ts'
import type { Detection } from './detector/detector.ts'
import { DEFAULT_IDLE_MS, Lane, PRIORITY } from './lane.ts'
import type { DetectorManifest, EmbeddingManifest, SpeechManifest } from './manifest.ts'
import { DEVICE } from './onnx.ts'
import { BATCH_SIZE, type ModelToRun, type Work, type WorkResult } from './protocol.ts'
import type { SpeechResult } from './speech/result.ts'

export type { Detection } from './detector/detector.ts'
export type { SpeechResult } from './speech/result.ts'

/** For a list of images or texts. */
export interface BatchOptions {
  signal?: AbortSignal | undefined
  /** Items done so far, after each batch of up to 16. */
  onProgress?: ((done: number) => void) | undefined
  /** `interactive` when a person waits for the answer; default: images `batch`, texts `interactive`. */
  priority?: keyof typeof PRIORITY | undefined
}

export interface TranscribeOptions {
  signal?: AbortSignal | undefined
  /** Seconds of the recording that are transcribed. */
  onProgress?: ((seconds: number) => void) | undefined
}

/**
 * Runs the models, in processes of their own: the runtime blocks its thread for a whole batch,
 * and a process can be killed, measured and started again. Images, detection and speech share
 * one; search texts have another that holds the text side only, so that a query never waits
 * behind a video.
 *
 * Every call throws SkipStep `model-missing` when its model is not installed, PermanentError
 * `model-crashed` when the model process died of it twice, and the signal's reason when aborted.
 */
export class ModelHost implements AsyncDisposable {
  readonly #settings: Settings
  readonly #work: Lane
  readonly #queries: Lane
  readonly #resolved = new Map<ModelJob, ResolvedModel>()

  /** @param options.idleMs milliseconds without work after which a model process ends */
  constructor(settings: Settings, logger: Logger, options: { idleMs?: number } = {}) {
    const idleMs = options.idleMs ?? DEFAULT_IDLE_MS
    this.#settings = settings
    this.#work = new Lane(settings.threads, logger, idleMs)
    this.#queries = new Lane(settings.threads, logger, idleMs)
  }

  /** Where the models run: an execution provider of ONNX Runtime. */
  get device(): string {
    return DEVICE
  }

  /** Ids of the model processes that run now; their memory is not part of this one's. */
  get processIds(): number[] {
    return [this.#work.pid, this.#queries.pid].filter((pid) => pid !== null)
  }

  /**
   * The model that the settings choose for a job. Kept once it is installed; looked up again
   * until then, so that `models pull` takes effect without a restart.
   *
   * @throws InvalidInputError as `resolveModel`
   */
  async describe(job: ModelJob): Promise<ResolvedModel> {
    const known = this.#resolved.get(job)
    if (known) return known
    const resolved = await resolveModel(this.#settings, job)
    if (resolved.installed) this.#resolved.set(job, resolved)
    return resolved
  }

  /**
   * @param files image files
   * @returns one vector [dims] each, of length 1, in the order of `files`
   * @throws PermanentError `image-unreadable`, `model-output-wrong`
   */
  async embedImages(files: readonly string[], options: BatchOptions = {}): Promise<Float32Array[]> {
    const model = await this.#installed<EmbeddingManifest>('clip')
    const batches = batchesOf(files.map((file) => path.resolve(file)))
    const packed = await this.#runAll(this.#work, batches, options, (part) => ({
      job: 'embed-images',
      model,
      files: part,
    }))
    return packed.flatMap((vectors) => unpacked(vectors, model.manifest.dims))
  }

  /** As `embedImages`, for texts; vectors of both kinds share one space. */
  async embedTexts(texts: readonly string[], options: BatchOptions = {}): Promise<Float32Array[]> {
    const model = await this.#installed<EmbeddingManifest>('clip')
    const asked = { ...options, priority: options.priority ?? ('interactive' as const) }
    const packed = await this.#runAll(this.#queries, batchesOf(texts), asked, (part) => ({
      job: 'embed-texts',
      model,
      texts: part,
    }))
    return packed.flatMap((vectors) => unpacked(vectors, model.manifest.dims))
  }

  /**
   * Objects with a confidence of 0.3 or more.
   *
   * @returns one list per image, in the order of `files`, most confident first
   * @throws PermanentError `image-unreadable`, `detector-unknown`
   */
  async detect(files: readonly string[], options: BatchOptions = {}): Promise<Detection[][]> {
    const model = await this.#installed<DetectorManifest>('detector')
    const batches = batchesOf(files.map((file) => path.resolve(file)))
    const found = await this.#runAll(this.#work, batches, options, (part) => ({
      job: 'detect',
      model,
      files: part,
    }))
    return found.flat()
  }

  /** What is said in a mono 16 kHz WAV file; see `SpeechModel.transcribe`. */
  async transcribe(wavFile: string, options: TranscribeOptions = {}): Promise<SpeechResult> {
    const model = await this.#installed<SpeechManifest>('speech')
    const work = { job: 'transcribe', model, file: path.resolve(wavFile) } as const
    const { signal, onProgress } = options
    return (await this.#work.run(work, { signal, onProgress })) as SpeechResult
  }

  /** Stops the model processes and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#work[Symbol.asyncDispose](), this.#queries[Symbol.asyncDispose]()])
  }

  async #installed<Manifest>(job: ModelJob): Promise<ModelToRun<Manifest>> {
    const { ref, manifest, files, installed, missing } = await this.describe(job)
    if (installed) {
      // The catalog only pairs a job with a manifest of its kind.
      return { key: `${ref.name} ${ref.revision}`, manifest: manifest as Manifest, files }
    }
    const remedy = manifest.files.some((file) => file.url)
      ? `run \`forgeindex models pull ${ref.name}\``
      : `put its files into ${this.#settings.modelDirs[0]}`
    throw new SkipStep(
      'model-missing',
      `The model ${ref.name} is not installed: ${remedy}. Missing: ${missing.join('; ')}`,
    )
  }

  /** All batches at once: the lane keeps order and sends only a few ahead. */
  async #runAll<Item, Job extends Work['job']>(
    lane: Lane,
    batches: Item[][],
    options: BatchOptions,
    toWork: (items: Item[]) => Extract<Work, { job: Job }>,
  ): Promise<WorkResult[Job][]> {
    let done = 0
    // One failure ends the call: what still waits would only be thrown away.
    const failure = new AbortController()
    const signal = options.signal
      ? AbortSignal.any([options.signal, failure.signal])
      : failure.signal
    // Every batch listens to it: an hour of video has hundreds.
    setMaxListeners(0, signal)
    const priority = PRIORITY[options.priority ?? 'batch']
    const runs = batches.map(async (items) => {
      try {
        const result = await lane.run(toWork(items), { signal, priority })
        done += items.length
        options.onProgress?.(done)
        return result as WorkResult[Job]
      } catch (error) {
        failure.abort(error)
        throw error
      }
    })
    const outcomes = await Promise.allSettled(runs)
    options.signal?.throwIfAborted()
    failure.signal.throwIfAborted()
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  }
}

function batchesOf<Item>(items: readonly Item[]): Item[][] {
  const batches: Item[][] = []
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    batches.push(items.slice(start, start + BATCH_SIZE))
  }
  return batches
}

function unpacked(vectors: Float32Array, dims: number): Float32Array[] {
  return Array.from({ length: vectors.length / dims }, (_, index) =>
    vectors.slice(index * dims, (index + 1) * dims),
  )
}
