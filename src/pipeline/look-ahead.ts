import type { Profile } from '../config/settings.ts'
import { changeOf, type Greys, greysOf } from '../media/still-frames.ts'
import type { Detection, ModelHost } from '../models/host.ts'
import type { SpeechResult } from '../models/speech/result.ts'

/** What the models say of one picture, by the job that asks. */
export interface Said {
  clip: Float32Array
  detector: Detection[]
}
export type PictureJob = keyof Said

/** Pictures that are out at once; what comes meanwhile is left to the steps. */
const MOST_OUT = 48
/** Pictures whose results wait for their step, some 4 kB each: half an hour of video. */
const MOST_KEPT = 2_000

/** What a model said; null when it was not asked or failed. */
type Answer = { model: string; said: Said[PictureJob] } | null

/**
 * Shows pictures to the models while the rest of the video is still being decoded, which leaves cores
 * idle. Nothing depends on it: a step takes what is there and asks for the rest itself. Results are kept
 * in memory, for one run on one video.
 */
export class LookAhead {
  readonly #models: ModelHost
  readonly #jobs: readonly PictureJob[]
  readonly #signal: AbortSignal
  /** Whether a picture is worth showing, asked in the order in which they come; null: all are. */
  readonly #isNew: ((greys: Greys) => boolean) | null
  /** Of the pictures that were compared, by key. */
  readonly #greys = new Map<string, Promise<Greys>>()
  #before: Promise<unknown> = Promise.resolve()
  /** By job and picture. */
  readonly #kept = new Map<string, Promise<Answer>>()
  #out = 0
  #isOff = false

  /** @param signal ends what is out */
  constructor(
    models: ModelHost,
    { jobs, profile }: { jobs: readonly PictureJob[]; profile: Profile },
    signal: AbortSignal,
  ) {
    this.#models = models
    this.#jobs = jobs
    this.#signal = signal
    this.#isNew = profile === 'fast' ? changeOf() : null
  }

  /** What a picture was compared by, so that it is not read again; undefined when it was not. */
  greysOf(key: string): Promise<Greys> | undefined {
    return this.#greys.get(key)
  }

  /** @param key under which `take` asks for what is said of this file */
  add(key: string, file: string): void {
    if (this.#isOff || this.#out >= MOST_OUT || this.#kept.size >= MOST_KEPT) return
    const isNew = this.#isWorthIt(key, file)
    for (const job of this.#jobs) {
      this.#out += 1 / this.#jobs.length
      const answer = isNew
        .then((isWorthIt) => (isWorthIt ? this.#ask(job, file) : null))
        .catch(() => {
          // Its step will say what is wrong: that a model is not installed, most of all.
          this.#isOff = true
          return null
        })
      this.#kept.set(`${job} ${key}`, answer)
      void answer.then(() => {
        this.#out -= 1 / this.#jobs.length
      })
    }
  }

  /**
   * What the job's present model says of pictures, as it comes: null for one that it was not asked about,
   * a promise of null for one with which it failed.
   */
  async take<J extends PictureJob>(
    job: J,
    keys: readonly string[],
  ): Promise<(Promise<Said[J] | null> | null)[]> {
    const present = await this.#modelOf(job)
    return keys.map((key) => {
      const asked = this.#kept.get(`${job} ${key}`)
      if (!asked) return null
      return asked.then((answer) => (answer?.model === present ? (answer.said as Said[J]) : null))
    })
  }

  async #isWorthIt(key: string, file: string): Promise<boolean> {
    const isNew = this.#isNew
    if (!isNew) return true
    const greys = greysOf(file)
    this.#greys.set(key, greys)
    const judged = Promise.all([greys, this.#before]).then(([found]) => isNew(found))
    this.#before = judged.catch(() => {})
    return judged
  }

  async #ask(job: PictureJob, file: string): Promise<Answer> {
    const model = await this.#modelOf(job)
    const options = { signal: this.#signal }
    const [said] =
      job === 'clip'
        ? await this.#models.embedImages([file], options)
        : await this.#models.detect([file], options)
    return { model, said: said! }
  }

  #modelOf(job: PictureJob): Promise<string> {
    return modelOf(this.#models, job)
  }
}

/** Has the sound of a video transcribed while its pictures are still being decoded; see `LookAhead`. */
export class ListenAhead {
  #heard: Promise<{ model: string; speech: SpeechResult } | null> = Promise.resolve(null)
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal

  /** @param signal ends what is out */
  constructor(signal: AbortSignal) {
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
  }

  /** @param wavFile as `ModelHost.transcribe` takes it, there until the signal */
  begin(models: ModelHost, wavFile: string): void {
    this.#heard = (async () => {
      const model = await modelOf(models, 'speech')
      return { model, speech: await models.transcribe(wavFile, { signal: this.#signal }) }
    })().catch(() => null) // Its step will say what is wrong.
  }

  /**
   * What the present model heard; null when it was not asked or failed.
   *
   * @param signal ends what is out
   */
  async take(models: ModelHost, signal: AbortSignal): Promise<SpeechResult | null> {
    const stop = () => this.#stop.abort(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    const heard = await this.#heard
    return heard && heard.model === (await modelOf(models, 'speech')) ? heard.speech : null
  }
}

async function modelOf(models: ModelHost, job: PictureJob | 'speech'): Promise<string> {
  const { ref } = await models.describe(job)
  return `${ref.name} ${ref.revision}`
}
