import { PermanentError } from '../errors.ts'
import type { PreparedSquare } from './detector/open-vocabulary.ts'
import type { LoadedModels } from './loaded-models.ts'
import { deviceOfFiles } from './onnx.ts'
import { BATCH_SIZE, type Outcome, packError, type Work } from './protocol.ts'

/**
 * Items of one run of the runtime on a CPU; elsewhere all. On a CPU more of them are no faster (16 CLIP images in one run
 * take as long as four times 4), need more memory, and keep an urgent unit waiting longer.
 */
const CPU_PIECE = 4

type BatchWork = Exclude<Work, { job: 'transcribe' }>

/** What a model of any kind does with items: their preparation and the run itself. */
interface Runner {
  /** Begins with one item; a rejection is that item's own fault. */
  prepare(index: number): Promise<unknown>
  /** @returns one result per prepared item, in order */
  run(prepared: unknown[]): Promise<unknown[]>
}

/** A unit of images or texts in a model process; its items are run in pieces. */
export class BatchUnit {
  readonly id: number
  /** Lower numbers run first. */
  readonly priority: number
  readonly work: BatchWork
  readonly outcomes: Outcome[] = []
  /** Milliseconds that the runs took. */
  runMs = 0
  hasBegun = false
  readonly #models: LoadedModels
  readonly #left: number[]
  readonly #preparing = new Map<number, Promise<unknown>>()
  #runner: Promise<Runner> | null = null

  constructor(id: number, priority: number, work: BatchWork, models: LoadedModels) {
    this.id = id
    this.priority = priority
    this.work = work
    this.#models = models
    this.#left = work.items.map((_, index) => index)
    // The first images are decoded in the thread pool while the units before this one run.
    this.#ready().then(
      (runner) => this.#prepare(runner, CPU_PIECE),
      () => {},
    )
  }

  get isDone(): boolean {
    return this.#left.length === 0
  }

  /** Leaves items out that nobody waits for any more. */
  drop(items: readonly number[]): void {
    for (const index of items) {
      const at = this.#left.indexOf(index)
      if (at === -1) continue
      this.#left.splice(at, 1)
      this.outcomes[index] = { error: { name: 'Error', code: 'cancelled', message: 'cancelled' } }
    }
  }

  /** Runs the next few items. Never rejects: what goes wrong is an item's outcome. */
  async runPiece(): Promise<void> {
    this.hasBegun = true
    try {
      const runner = await this.#ready()
      const size = deviceOfFiles(this.work.model.files) === 'cpu' ? CPU_PIECE : BATCH_SIZE
      const piece = this.#left.slice(0, size)
      // The next ones are decoded meanwhile. No more: prepared images are large.
      this.#prepare(runner, 2 * size)
      const prepared = await Promise.allSettled(piece.map((index) => this.#preparing.get(index)))
      const good: { index: number; input: unknown }[] = []
      for (const [at, index] of piece.entries()) {
        const input = prepared[at]!
        if (input.status === 'fulfilled') good.push({ index, input: input.value })
        else this.#finish(index, { error: packError(input.reason) })
      }
      await this.#run(runner, good)
    } catch (error) {
      // The model itself cannot be had: so it is for all items.
      for (const index of [...this.#left]) this.#finish(index, { error: packError(error) })
    }
  }

  async #run(runner: Runner, piece: { index: number; input: unknown }[]): Promise<void> {
    if (piece.length === 0) return
    const began = performance.now()
    try {
      const results = await runner.run(piece.map(({ input }) => input))
      this.runMs += performance.now() - began
      for (const [at, { index }] of piece.entries()) {
        this.#finish(index, { value: results[at] as never })
      }
    } catch (error) {
      if (piece.length === 1) this.#finish(piece[0]!.index, { error: packError(error) })
      // One of them is at fault: alone, the others pass.
      else for (const one of piece) await this.#run(runner, [one])
    }
  }

  #finish(index: number, outcome: Outcome): void {
    const at = this.#left.indexOf(index)
    if (at === -1) return
    this.#left.splice(at, 1)
    this.outcomes[index] = outcome
    this.#preparing.delete(index)
  }

  /** Begins with the next items, up to a number of them. */
  #prepare(runner: Runner, count: number): void {
    for (const index of this.#left.slice(0, count)) {
      if (this.#preparing.has(index)) continue
      const preparing = runner.prepare(index)
      this.#preparing.set(index, preparing)
      // Whoever awaits it hears of its failure.
      preparing.catch(() => {})
    }
  }

  #ready(): Promise<Runner> {
    this.#runner ??= runnerOf(this.work, this.#models)
    return this.#runner
  }
}

async function runnerOf(work: BatchWork, models: LoadedModels): Promise<Runner> {
  switch (work.job) {
    case 'embed-images': {
      const tower = await models.images(work.model)
      const { dims } = work.model.manifest
      return {
        prepare: async (index) => (await tower.prepare([work.items[index]!]))[0],
        run: async (pixels) => rows(await tower.run(pixels as Float32Array[]), dims),
      }
    }
    case 'embed-texts': {
      const tower = await models.texts(work.model)
      const { dims } = work.model.manifest
      return {
        prepare: async (index) => work.items[index],
        run: async (texts) => rows(await tower.run(texts as string[]), dims),
      }
    }
    case 'detect': {
      const detector = await models.detector(work.model)
      return {
        prepare: (index) => detector.prepare([work.items[index]!]),
        run: async (frames) => {
          const found = await detector.run((frames as never[][]).flat())
          if (found.length === frames.length) return found
          throw new PermanentError(
            'model-output-wrong',
            `Expected the objects of ${frames.length} images from ${work.model.manifest.name}, got those of ${found.length}.`,
          )
        },
      }
    }
    case 'find-words': {
      const detector = await models.openVocabulary(work.model)
      return {
        prepare: async (index) => {
          const { file, words } = work.items[index]!
          return { frame: await detector.prepare(file), words }
        },
        run: async (prepared) => {
          const found = []
          for (const { frame, words } of prepared as { frame: PreparedSquare; words: string[] }[]) {
            found.push(await detector.run(frame, words))
          }
          return found
        },
      }
    }
  }
}

/** Packed vectors [N * dims] as N of their own. */
function rows(packed: Float32Array, dims: number): Float32Array[] {
  return Array.from({ length: packed.length / dims }, (_, index) =>
    packed.slice(index * dims, (index + 1) * dims),
  )
}
