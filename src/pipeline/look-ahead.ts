import type { ModelJob } from '../models/catalog.ts'
import type { Detection, ModelHost } from '../models/host.ts'

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

/**
 * Shows pictures to the models while the rest of the video is still being decoded, which leaves cores
 * idle. Nothing depends on it: a step takes what is there and asks for the rest itself. Results are kept
 * in memory, for one run on one video.
 */
export class LookAhead {
  readonly #models: ModelHost
  readonly #jobs: readonly PictureJob[]
  readonly #signal: AbortSignal
  readonly #kept = new Map<string, Promise<Said[PictureJob]>>()
  #out = 0
  #isOff = false

  /** @param signal ends what is out */
  constructor(models: ModelHost, jobs: readonly PictureJob[], signal: AbortSignal) {
    this.#models = models
    this.#jobs = jobs
    this.#signal = signal
  }

  /** @param key under which `take` asks for what is said of this file */
  add(key: string, file: string): void {
    if (this.#isOff || this.#out >= MOST_OUT || this.#kept.size >= MOST_KEPT) return
    this.#out += 1
    const asked = this.#jobs.map(async (job) => {
      const saying = this.#ask(job, file)
      // Whoever takes it hears of its failure, if anybody does.
      saying.catch(() => {})
      this.#kept.set(`${await this.#modelOf(job)} ${key}`, saying)
      await saying
    })
    Promise.all(asked)
      // Its step will say what is wrong with it: a model that is not installed, most of all.
      .catch(() => {
        this.#isOff = true
      })
      .finally(() => {
        this.#out -= 1
      })
  }

  /**
   * What the job's present model says of pictures, as it comes: null for one that it was not shown, a
   * promise of null for one with which it failed.
   */
  async take<J extends PictureJob>(
    job: J,
    keys: readonly string[],
  ): Promise<(Promise<Said[J] | null> | null)[]> {
    const model = await this.#modelOf(job)
    return keys.map((key) => {
      const saying = this.#kept.get(`${model} ${key}`) as Promise<Said[J]> | undefined
      return saying?.catch(() => null) ?? null
    })
  }

  async #ask(job: PictureJob, file: string): Promise<Said[PictureJob]> {
    const options = { signal: this.#signal }
    const [said] =
      job === 'clip'
        ? await this.#models.embedImages([file], options)
        : await this.#models.detect([file], options)
    return said!
  }

  async #modelOf(job: ModelJob): Promise<string> {
    const { ref } = await this.#models.describe(job)
    return `${job} ${ref.name} ${ref.revision}`
  }
}
