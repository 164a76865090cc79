import type { Logger } from '../log.ts'

/** A process that is over its limit before so many units only just holds its models. */
const UNITS_WORTH_A_START = 20
/** What a raised limit leaves above the size of the models. */
const HEADROOM = 1.5
const MIB = 1024 ** 2

/**
 * How much a model process may hold. One that has outgrown the limit is replaced; when its
 * successor is over it at once, the models alone need that much, and the limit is raised.
 */
export class MemoryLimit {
  readonly #logger: Logger
  #bytes: number
  #isSuccessor = false
  #unitsDone = 0
  /** Whether the process shall be replaced as soon as it has nothing to do. */
  isExceeded = false

  /** @param bytes resident memory, from the settings */
  constructor(bytes: number, logger: Logger) {
    this.#bytes = bytes
    this.#logger = logger
  }

  /** A process has been started. */
  begin(): void {
    this.#isSuccessor = this.isExceeded
    this.isExceeded = false
    this.#unitsDone = 0
  }

  /** A process has done a unit, with `model`, and holds so many bytes. */
  check(residentBytes: number, model: string): void {
    this.#unitsDone += 1
    if (residentBytes <= this.#bytes || this.isExceeded) return
    const facts = { model, heldMiB: mebi(residentBytes), limitMiB: mebi(this.#bytes) }
    if (this.#isSuccessor && this.#unitsDone < UNITS_WORTH_A_START) {
      this.#bytes = residentBytes * HEADROOM
      this.#logger.warn(
        { ...facts, raisedToMiB: mebi(this.#bytes) },
        'the models alone need more than FORGEINDEX_MODEL_MEMORY_MB: the limit is raised',
      )
      return
    }
    this.isExceeded = true
    this.#logger.warn(
      facts,
      'the model process is over FORGEINDEX_MODEL_MEMORY_MB: it is replaced after this batch',
    )
  }
}

function mebi(bytes: number): number {
  return Math.round(bytes / MIB)
}
