/**
 * Errors by consequence: the class says what happens next, `code` says which fault it is.
 *
 * | class | HTTP | retried |
 * |---|---|---|
 * | InvalidInputError | 400 | never: the caller must change something |
 * | NotFoundError | 404 | never |
 * | ConflictError | 409 | never: the state must change first |
 * | PermanentError | 422 (a video or task fails) | never: the material itself is at fault |
 * | TransientError | 503 | yes, with back-off, after `retryAfterMs` if given |
 *
 * Anything else is an unknown fault: retried with back-off a few times, a fixed text to the user,
 * full detail in the log.
 */
export class ForgeindexError extends Error {
  /** Stable machine-readable name of the fault, kebab-case, for example `video-private`. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** One thing wrong with an input: where, what was expected, what came. */
export interface InputFault {
  path: string
  expected: string
  got: string
}

/** The caller sent something that can never work. Message says expected, got, and what to do. */
export class InvalidInputError extends ForgeindexError {
  readonly faults: InputFault[]

  constructor(code: string, message: string, options?: ErrorOptions & { faults?: InputFault[] }) {
    super(code, message, options)
    this.faults = options?.faults ?? []
  }
}

/** The input is larger than the operator allows: HTTP 413. */
export class TooLargeError extends InvalidInputError {}

/** The thing asked for does not exist (or its id is malformed). */
export class NotFoundError extends ForgeindexError {}

/** The request is fine but not now: a lock is held, a name is taken, a state does not allow it. */
export class ConflictError extends ForgeindexError {}

/** The material is at fault (gone, private, DRM, undecodable): fail now, trying again cannot help. */
export class PermanentError extends ForgeindexError {}

/** The outside world is at fault (timeout, 429, 5xx, full disk): try again later. */
export class TransientError extends ForgeindexError {
  /** Milliseconds the other side asked us to wait; undefined when it did not say. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(code, message, options)
    this.retryAfterMs = options?.retryAfterMs
  }
}

/**
 * A step cannot run here and now although nothing is broken (its model is not installed, the video
 * has no audio). The step ends `skipped` with `code` as its reason; the video goes on.
 */
export class SkipStep extends ForgeindexError {}

/** Any thrown value as an Error, its original kept as `cause`. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}
