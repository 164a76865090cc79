import { isDatabaseAway } from './config/database.ts'
import { type JobContext, Requeue } from './config/task-queue.ts'
import {
  ConflictError,
  ForgeindexError,
  InvalidInputError,
  NotFoundError,
  PermanentError,
  TransientError,
  toError,
} from './errors.ts'
import { startHousekeeping } from './housekeeping.ts'
import { fetchVideo } from './ingestion/fetch.ts'
import { runIngestion } from './ingestion/orchestrator.ts'
import { withoutCredentials } from './log.ts'
import { processVideo, StaleRun, StepFailure } from './pipeline/orchestrator.ts'
import type { Services } from './services.ts'
import { STEPS } from './steps.ts'
import { failTask, finishVideo } from './store/finish.ts'

/** Tries at one piece of work before a fault that may pass counts as final. */
const TRIES = 5
const FIRST_DELAY_SECONDS = 3

/** Takes up background work: every kind of job with its handler and what a failure of it means. */
export async function startJobs(services: Services): Promise<void> {
  const { queue, settings } = services
  startHousekeeping(services)
  await queue.work('ingest', 2, ({ taskId }, context) =>
    guarded(services, context, () => runIngestion(services, taskId, context), {
      retry: (delaySeconds, attempt) =>
        queue.enqueue('ingest', { taskId }, { delaySeconds, attempt }),
      giveUp: ({ code, message }) => failTask(services.database.db, taskId, code, message),
    }),
  )
  await queue.work('fetch', settings.fetchConcurrency, ({ videoId }, context) =>
    guarded(services, context, () => fetchVideo(services, videoId, context), {
      retry: (delaySeconds, attempt) =>
        queue.enqueue('fetch', { videoId }, { delaySeconds, attempt }),
      giveUp: (fault) => failVideo(services, videoId, { ...fault, step: 'download' }),
    }),
  )
  await queue.work('video', settings.processConcurrency, ({ videoId }, context) =>
    guarded(services, context, () => processVideo(services, STEPS, videoId, context), {
      retry: (delaySeconds, attempt) =>
        queue.enqueue('video', { videoId }, { delaySeconds, attempt }),
      giveUp: (fault) => failVideo(services, videoId, fault),
    }),
  )
}

interface Fault {
  step: string
  code: string
  message: string
  retryable: boolean
}

/**
 * Runs one piece of work and decides about its failure: faults of the material are final, faults of
 * the outside world and unknown ones are tried again with back-off, up to `TRIES`.
 */
async function guarded(
  services: Services,
  context: JobContext,
  work: () => Promise<void>,
  outcome: {
    retry(delaySeconds: number, attempt: number): Promise<void>
    giveUp(fault: Fault): Promise<void>
  },
): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    if (thrown instanceof Requeue) throw thrown
    // Another run owns it now, or the thing itself was removed: nothing of ours is left to do.
    if (thrown instanceof StaleRun) return
    if (context.signal.aborted) {
      services.logger.info({ reason: toError(thrown).message }, 'work stopped')
      throw new Error('stopped', { cause: thrown })
    }
    const error = toError(thrown instanceof StepFailure ? thrown.cause : thrown)
    // The queue lives in the same database: leave the job to its heartbeat.
    if (isDatabaseAway(error)) throw error
    const fault = describe(error, thrown instanceof StepFailure ? thrown.step : 'ingest')
    const attempt = context.attempt + 1
    if (!fault.retryable || attempt >= TRIES) {
      services.logger.warn(
        { code: fault.code, step: fault.step, message: fault.message },
        'gave up',
      )
      return await outcome.giveUp(fault)
    }
    const delay =
      error instanceof TransientError && error.retryAfterMs !== undefined
        ? error.retryAfterMs / 1000
        : FIRST_DELAY_SECONDS * 2 ** (attempt - 1)
    services.logger.warn({ err: error, attempt, delay }, 'will try again')
    await outcome.retry(Math.ceil(delay), attempt)
  }
}

async function failVideo(services: Services, videoId: string, fault: Fault): Promise<void> {
  const { code, step, message, retryable } = fault
  await services.database.db
    .transaction()
    .execute((trx) => finishVideo(trx, videoId, { failure: { code, step, message, retryable } }))
}

function describe(error: Error, step: string): Fault {
  const final = [InvalidInputError, NotFoundError, PermanentError, ConflictError].some(
    (kind) => error instanceof kind,
  )
  const known = error instanceof ForgeindexError
  return {
    step,
    code: known ? error.code : 'unexpected',
    message: known
      ? error.message
      : `Something went wrong that Forgeindex does not know: ${withoutCredentials(error.message).slice(0, 500)}`,
    retryable: !final,
  }
}
