import { isDatabaseAway, isDatabaseFull } from './config/database.ts'
import { type JobContext, Requeue } from './config/task-queue.ts'
import { buildArchive } from './datasets/exports/archive.ts'
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
import { checkFfmpeg } from './media/tools.ts'
import { startNotifying } from './notify/dispatch.ts'
import { processVideo, StaleRun, StepFailure } from './pipeline/orchestrator.ts'
import { runTrial } from './pipeline/trial.ts'
import type { Services } from './services.ts'
import { STEPS } from './steps.ts'
import { failExport } from './store/exports.ts'
import { failTask, finishVideo } from './store/finish.ts'
import { admitVideo, judgeKnownVideos, mayBeTurnedDown } from './tasks/judge.ts'
import { startRefilling } from './tasks/refill.ts'

/** Tries at one piece of work before a fault that may pass counts as final. */
const TRIES = 5
/** A network that is away for a minute or two costs no video: the last try is three minutes on. */
const NETWORK_TRIES = 7
const FIRST_DELAY_SECONDS = 3
/** The machine's own troubles: they are waited out, since no other work could be done either. */
const WAITED_OUT: ReadonlySet<string> = new Set([
  'disk-full',
  'storage-unreachable',
  'storage-failed',
])
const WAIT_SECONDS = 10
const FFMPEG_UNUSABLE = 'ffmpeg-unusable'
/** Final for now, but not the video's fault: a retry helps, later or once the machine is mended. */
const CURABLE: ReadonlySet<string> = new Set([
  FFMPEG_UNUSABLE,
  'program-missing',
  'bot-check',
  'rate-limited',
  'cookies-unreadable',
])
/** A source that asks for more patience than this is tried again all the same. */
const LONGEST_DELAY_SECONDS = 3600

/** Takes up background work: every kind of job with its handler and what a failure of it means. */
export async function startJobs(services: Services): Promise<void> {
  const { queue, settings } = services
  startHousekeeping(services)
  startRefilling(services)
  await startNotifying(services)
  const withTools = afterFfmpegCheck(services)
  await queue.work('ingest', 2, ({ taskId }, context) =>
    guarded(
      services,
      context,
      withTools(() =>
        runIngestion(services, taskId, {
          ...context,
          judge: (id) => judgeKnownVideos(services, id),
        }),
      ),
      {
        retry: (delaySeconds, attempt) =>
          queue.enqueue('ingest', { taskId }, { delaySeconds, attempt }),
        giveUp: ({ code, message }) => failTask(services.database.db, taskId, code, message),
      },
    ),
  )
  await queue.work('fetch', settings.fetchConcurrency, ({ videoId }, context) =>
    guarded(
      services,
      context,
      withTools(() => fetchVideo(services, videoId, context)),
      {
        retry: (delaySeconds, attempt) =>
          queue.enqueue('fetch', { videoId }, { delaySeconds, attempt }),
        giveUp: (fault) => failVideo(services, videoId, { ...fault, step: 'download' }),
        networkTries: NETWORK_TRIES,
      },
    ),
  )
  await queue.work('video', settings.processConcurrency, ({ videoId, only }, context) =>
    guarded(
      services,
      context,
      withTools(() =>
        processVideo(services, STEPS, videoId, {
          ...context,
          only: STEPS.find(({ name }) => name === only)?.name,
          isWanted: () => admitVideo(services, videoId),
          mayBeUnwanted: () => mayBeTurnedDown(services, videoId),
        }),
      ),
      {
        retry: (delaySeconds, attempt) =>
          queue.enqueue('video', { videoId, ...(only ? { only } : {}) }, { delaySeconds, attempt }),
        giveUp: (fault) => failVideo(services, videoId, fault),
      },
    ),
  )
  await queue.work('trial', 1, ({ videoId, job }, context) =>
    guarded(
      services,
      context,
      withTools(() => runTrial(services, STEPS, { videoId, job }, context)),
      {
        retry: (delaySeconds, attempt) =>
          queue.enqueue('trial', { videoId, job }, { delaySeconds, attempt }),
        // The trial says how many videos it has no result for.
        giveUp: async () => {},
      },
    ),
  )
  await queue.work('export', 1, ({ exportId }, context) =>
    guarded(services, context, () => buildArchive(services, exportId, context), {
      retry: (delaySeconds, attempt) =>
        queue.enqueue('export', { exportId }, { delaySeconds, attempt }),
      giveUp: ({ message }) => failExport(services.database.db, exportId, message),
    }),
  )
}

/**
 * Lets work begin only with a usable ffmpeg, asked for until there is one. Without this an old one
 * would make every good video look damaged.
 */
function afterFfmpegCheck({ settings }: Services) {
  let isGood = false
  return (work: () => Promise<void>) => async () => {
    if (!isGood) {
      const { ok, detail } = await checkFfmpeg(settings)
      if (!ok) throw new PermanentError(FFMPEG_UNUSABLE, `${detail} Then start this again.`)
      isGood = true
    }
    await work()
  }
}

interface Fault {
  step: string
  code: string
  message: string
  retryable: boolean
}

/**
 * Runs one piece of work and decides about its failure: faults of the material are final, faults of
 * the outside world and unknown ones are tried again with back-off, up to `TRIES`; a full disk or a store
 * that is away is waited out.
 */
async function guarded(
  services: Services,
  context: JobContext,
  work: () => Promise<void>,
  outcome: {
    retry(delaySeconds: number, attempt: number): Promise<void>
    giveUp(fault: Fault): Promise<void>
    networkTries?: number
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
    const isWaitedOut = !isFinal(error) && WAITED_OUT.has(fault.code)
    const attempt = context.attempt + (isWaitedOut ? 0 : 1)
    const tries = fault.code === 'network' ? (outcome.networkTries ?? TRIES) : TRIES
    if (isFinal(error) || attempt >= tries) {
      services.logger.warn(
        { code: fault.code, step: fault.step, message: fault.message },
        'gave up',
      )
      return await outcome.giveUp(fault)
    }
    const delay =
      error instanceof TransientError && error.retryAfterMs !== undefined
        ? Math.min(error.retryAfterMs / 1000, LONGEST_DELAY_SECONDS)
        : isWaitedOut
          ? WAIT_SECONDS
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

/** Another try now would fail the same way. */
function isFinal(error: Error): boolean {
  const kinds = [InvalidInputError, NotFoundError, PermanentError, ConflictError]
  return kinds.some((kind) => error instanceof kind)
}

function describe(error: Error, step: string): Fault {
  if (isDatabaseFull(error)) {
    const message = 'The disk of the database is full. Free some space and retry.'
    return { step, code: 'disk-full', message, retryable: true }
  }
  const known = error instanceof ForgeindexError
  return {
    step,
    code: known ? error.code : 'unexpected',
    message: known
      ? error.message
      : `Something went wrong that Forgeindex does not know: ${withoutCredentials(error.message).slice(0, 500)}`,
    retryable: !isFinal(error) || (known && CURABLE.has(error.code)),
  }
}
