import path from 'node:path'
import type { Settings } from '../config/settings.ts'
import { SkipStep } from '../errors.ts'
import type { Logger } from '../log.ts'
import { PRIORITY } from './call.ts'
import { isAsResolved, type ModelJob, type ResolvedModel, resolveModel } from './catalog.ts'
import type { Detection } from './detector/detector.ts'
import { Lane } from './lane.ts'
import type { Job, Jobs, ModelForJob } from './protocol.ts'
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

/** How long a model process without work is kept, in milliseconds. */
const IDLE_MS = 5 * 60_000
/** The one for searches: the next one shall not wait a second for 250 MB to be loaded. */
const QUERIES_IDLE_MS = 30 * 60_000
/** Its 450 MB are not kept for what only videos needed: the words of a taxonomy, once. */
const UNASKED_IDLE_MS = 5_000
/** A little lower: a search, the API and the database come before videos when cores are short. */
const WORK_NICENESS = 8

/**
 * Runs the models, in processes of their own: the runtime blocks its thread for a whole batch,
 * and a process can be killed, measured and started again. Images, detection and speech share
 * one; search texts have another that holds the text side only, so that a query never waits
 * behind a video. Items of several calls that need the same model share its batches.
 *
 * Every call throws SkipStep `model-missing` when its model is not installed, PermanentError
 * `model-crashed` when the model process died or got stuck on it again and again (TransientError
 * when something killed it), and the signal's reason when aborted.
 */
export class ModelHost implements AsyncDisposable {
  readonly #settings: Settings
  readonly #logger: Logger
  readonly #work: Lane
  readonly #queries: Lane
  readonly #resolved = new Map<ModelJob, ResolvedModel>()
  /** Models that take the place of those in the settings, named in their way. */
  readonly #chosen = new Map<ModelJob, string>()
  readonly #others = new Map<string, ModelHost>()

  /**
   * @param options.idleMs milliseconds without work after which a model process ends
   * @param options.patienceMs milliseconds without a sign of life after which one counts as stuck;
   *   default: derived from what work usually takes
   * @param shared processes of another host, see `using`
   */
  constructor(
    settings: Settings,
    logger: Logger,
    options: { idleMs?: number; patienceMs?: number } = {},
    shared?: { work: Lane; queries: Lane },
  ) {
    const common = {
      threads: settings.threads,
      device: settings.device,
      eightBitFolder:
        settings.profile === 'fast' ? path.join(settings.dataDir, 'cache', 'eight-bit') : null,
      memoryBytes: settings.modelMemoryBytes,
      patienceMs: options.patienceMs ?? null,
    }
    this.#settings = settings
    this.#logger = logger
    this.#work =
      shared?.work ??
      new Lane({ ...common, idleMs: options.idleMs ?? IDLE_MS, niceness: WORK_NICENESS }, logger)
    this.#queries =
      shared?.queries ??
      new Lane(
        {
          ...common,
          idleMs: options.idleMs ?? QUERIES_IDLE_MS,
          unaskedIdleMs: options.idleMs ?? UNASKED_IDLE_MS,
          niceness: 0,
        },
        logger,
      )
  }

  /** From now on this model does the job, named as in the settings; null: the settings' own. */
  choose(job: ModelJob, model: string | null): void {
    if ((this.#chosen.get(job) ?? null) === model) return
    if (model === null) this.#chosen.delete(job)
    else this.#chosen.set(job, model)
    this.#resolved.delete(job)
    this.#others.clear()
  }

  /**
   * The same processes with another model for one job, for as long as this host lives; this one goes on
   * with its own. Not to be disposed.
   */
  using(job: ModelJob, model: string): ModelHost {
    const key = `${job} ${model}`
    const known = this.#others.get(key)
    if (known) return known
    const other = new ModelHost(
      this.#settings,
      this.#logger,
      {},
      { work: this.#work, queries: this.#queries },
    )
    for (const [chosenJob, chosen] of this.#chosen) other.choose(chosenJob, chosen)
    other.choose(job, model)
    this.#others.set(key, other)
    return other
  }

  /**
   * Where a job's model really ran when it last did: an execution provider of ONNX Runtime, several
   * joined by `+`. Null before it has run.
   */
  deviceOf(job: ModelJob): string | null {
    const resolved = this.#resolved.get(job)
    if (!resolved) return null
    const key = keyOf(resolved)
    return this.#work.deviceOf(key) ?? this.#queries.deviceOf(key)
  }

  /** Ids of the model processes that run now; their memory is not part of this one's. */
  get processIds(): number[] {
    return [this.#work.pid, this.#queries.pid].filter((pid) => pid !== null)
  }

  /**
   * The model that the settings choose for a job. Kept once it is installed and until one of its
   * files changes: `models pull` takes effect without a restart, and what a damaged or exchanged file
   * makes is never recorded as its predecessor's.
   *
   * @throws InvalidInputError as `resolveModel`
   */
  async describe(job: ModelJob): Promise<ResolvedModel> {
    const known = this.#resolved.get(job)
    if (known && isAsResolved(known)) return known
    const resolved = await resolveModel(this.#settings, job, this.#chosen.get(job))
    if (resolved.installed) this.#resolved.set(job, resolved)
    return resolved
  }

  /**
   * Begins to load the models that images need, so that the first frames of a video find them
   * ready: call it when work begins that leads to them. What goes wrong shows with that work.
   */
  prewarm(): void {
    for (const job of ['embed-images', 'detect'] as const) {
      this.#forJob(job).then(
        (what) => this.#work.load(what),
        () => {},
      )
    }
  }

  /**
   * @param files image files
   * @returns one vector [dims] each, of length 1, in the order of `files`
   * @throws PermanentError `image-unreadable`, `model-output-wrong`
   */
  embedImages(files: readonly string[], options: BatchOptions = {}): Promise<Float32Array[]> {
    return this.#run(this.#work, 'embed-images', absolute(files), options)
  }

  /** As `embedImages`, for texts; vectors of both kinds share one space. */
  embedTexts(texts: readonly string[], options: BatchOptions = {}): Promise<Float32Array[]> {
    const asked = { ...options, priority: options.priority ?? ('interactive' as const) }
    return this.#run(this.#queries, 'embed-texts', texts, asked)
  }

  /**
   * Objects with a confidence of 0.3 or more.
   *
   * @returns one list per image, in the order of `files`, most confident first
   * @throws PermanentError `image-unreadable`, `detector-unknown`
   */
  detect(files: readonly string[], options: BatchOptions = {}): Promise<Detection[][]> {
    return this.#run(this.#work, 'detect', absolute(files), options)
  }

  /**
   * Where these words are on images, by the open-vocabulary model.
   *
   * @returns one list per image, most confident first, the word as label
   * @throws PermanentError `image-unreadable`, `model-output-wrong`
   */
  findWords(
    files: readonly string[],
    words: readonly string[],
    options: BatchOptions = {},
  ): Promise<Detection[][]> {
    const items = absolute(files).map((file) => ({ file, words: [...words] }))
    return this.#run(this.#work, 'find-words', items, options)
  }

  /** What is said in a mono 16 kHz WAV file; see `SpeechModel.transcribe`. */
  async transcribe(wavFile: string, options: TranscribeOptions = {}): Promise<SpeechResult> {
    const [speech] = await this.#run(
      this.#work,
      'transcribe',
      [{ file: path.resolve(wavFile), words: this.#settings.wordTimes }],
      options,
    )
    return speech!
  }

  /** Stops the model processes and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#work[Symbol.asyncDispose](), this.#queries[Symbol.asyncDispose]()])
  }

  async #run<J extends Job>(
    lane: Lane,
    job: J,
    items: readonly Jobs[J]['item'][],
    { priority, ...options }: BatchOptions,
  ): Promise<Jobs[J]['result'][]> {
    const what = await this.#forJob(job)
    const results = await lane.run(what, items, {
      ...options,
      priority: PRIORITY[priority ?? 'batch'],
    })
    // The process answers each job with its own kind of result.
    return results as Jobs[J]['result'][]
  }

  async #forJob(job: Job): Promise<ModelForJob> {
    const resolved = await this.describe(MODEL_OF[job])
    const { ref, manifest, files, installed, missing } = resolved
    // The catalog only pairs a job with a manifest of its kind.
    if (installed) return { job, model: { key: keyOf(resolved), manifest, files } } as ModelForJob
    const remedy = manifest.files.some((file) => file.url)
      ? `run \`forgeindex models pull ${ref.name}\``
      : `put its files into ${this.#settings.modelDirs[0]}${manifest.origin ? ` (${manifest.origin})` : ''}`
    throw new SkipStep(
      'model-missing',
      `The model ${ref.name} is not installed: ${remedy}. Missing: ${missing.join('; ')}`,
    )
  }
}

const MODEL_OF: Record<Job, ModelJob> = {
  'embed-images': 'clip',
  'embed-texts': 'clip',
  detect: 'detector',
  'find-words': 'open-vocabulary',
  transcribe: 'speech',
}

function keyOf({ ref }: ResolvedModel): string {
  return `${ref.name} ${ref.revision}`
}

/** The process has a working folder of its own. */
function absolute(files: readonly string[]): string[] {
  return files.map((file) => path.resolve(file))
}
