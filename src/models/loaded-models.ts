import { PermanentError } from '../errors.ts'
import { type Images, ImageTower, type ModelFiles, TextTower } from './clip.ts'
import type { Detector } from './detector/detector.ts'
import { loadDetector, type PreparedFrame } from './detector/onnx-detector.ts'
import { OpenVocabularyDetector } from './detector/open-vocabulary.ts'
import { EightBitImages } from './eight-bit/eight-bit-images.ts'
import type {
  DetectorManifest,
  EmbeddingManifest,
  FileRole,
  OpenVocabularyManifest,
} from './manifest.ts'
import { isOnCpu, type OpenSession } from './onnx.ts'
import type {
  DeviceSetting,
  ModelForJob,
  ModelProcessOptions,
  ModelToRun,
  OnNote,
} from './protocol.ts'
import { openSessionInThread } from './session-thread.ts'
import { SpeechThread } from './speech-thread.ts'

/**
 * Added to the priority numbers where cores are short. Speech comes first: it is decoded word by word on
 * one core, begins last, and would end long after the rest. Then vectors, which near-duplicates and
 * concepts wait for: objects come clearly after them, so that some are left to find beside those.
 */
const LATER = { vectors: 3, objects: 7 }

/** The models of one process, each loaded with its first use and kept. */
export class LoadedModels {
  readonly #threads: number
  readonly #device: DeviceSetting
  readonly #eightBitFolder: string | null
  readonly #onNote: OnNote
  readonly #loaded = new Map<string, Promise<unknown>>()

  /**
   * @param options.threads cores for all models together, at least 1
   * @param onNote hears sentences of models in threads of their own
   */
  constructor(options: Omit<ModelProcessOptions, 'niceness'>, onNote: OnNote) {
    // Each model runs beside another one nearly all the time. A thread more would wait more than work:
    // with two on two cores CLIP took a tenth more CPU alone and a quarter more beside the others.
    this.#threads = Math.max(1, Math.round(options.threads / 2))
    this.#device = options.device
    this.#eightBitFolder = options.eightBitFolder
    this.#onNote = onNote
  }

  images({ key, manifest, files }: ModelToRun<EmbeddingManifest>): Promise<Images> {
    const open = this.#opener(LATER.vectors)
    const folder = isOnCpu(this.#device) ? this.#eightBitFolder : null
    return this.#once(`${key} image`, () =>
      folder
        ? EightBitImages.load(manifest, files, this.#threads, open, folder, this.#onNote)
        : ImageTower.load(manifest, files, this.#threads, open),
    )
  }

  texts({ key, manifest, files }: ModelToRun<EmbeddingManifest>): Promise<TextTower> {
    return this.#once(`${key} text`, () => TextTower.load(manifest, files, this.#threads))
  }

  detector({
    key,
    manifest,
    files,
  }: ModelToRun<DetectorManifest>): Promise<Detector<PreparedFrame[]>> {
    return this.#once(key, () =>
      loadDetector(
        manifest,
        requiredFile(files, 'model', manifest.name),
        this.#threads,
        this.#opener(LATER.objects),
      ),
    )
  }

  openVocabulary({
    key,
    manifest,
    files,
  }: ModelToRun<OpenVocabularyManifest>): Promise<OpenVocabularyDetector> {
    return this.#once(key, () =>
      OpenVocabularyDetector.load(
        manifest,
        {
          model: requiredFile(files, 'model', manifest.name),
          tokenizer: requiredFile(files, 'tokenizer', manifest.name),
        },
        this.#threads,
        this.#opener(LATER.objects),
      ),
    )
  }

  speech({ key, manifest, files }: ModelForJob['model']): Promise<SpeechThread> {
    const file = (role: FileRole) => requiredFile(files, role, manifest.name)
    return this.#once(key, () =>
      SpeechThread.load(
        {
          files: {
            encoder: file('encoder'),
            decoder: file('decoder'),
            tokenizer: file('tokenizer'),
            config: file('config'),
            generationConfig: file('generationConfig'),
            preprocessorConfig: file('preprocessorConfig'),
            vad: file('vad'),
          },
          threads: this.#threads,
          device: this.#device,
          niceness: 0,
        },
        this.#onNote,
      ),
    )
  }

  /** The model of a kind of work, whichever it is. */
  of({ job, model }: ModelForJob): Promise<unknown> {
    if (job === 'embed-images') return this.images(model)
    if (job === 'embed-texts') return this.texts(model)
    if (job === 'detect') return this.detector(model)
    if (job === 'find-words') return this.openVocabulary(model)
    return this.speech(model)
  }

  #opener(niceness: number): OpenSession {
    return (file, threads) =>
      openSessionInThread({ file, threads, device: this.#device, niceness }, this.#onNote)
  }

  async #once<T>(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#loaded.get(key) as Promise<T> | undefined
    if (known !== undefined) return known
    const loading = load()
    this.#loaded.set(key, loading)
    // A file that is mended later must be tried again.
    loading.catch(() => this.#loaded.delete(key))
    return loading
  }
}

function requiredFile(files: ModelFiles, role: FileRole, model: string): string {
  const file = files[role]
  if (file) return file
  throw new PermanentError('model-missing', `A file of the model ${model} is not installed.`)
}
