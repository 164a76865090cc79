import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Database, Db, Trx } from '../config/database.ts'
import type { Settings } from '../config/settings.ts'
import type { Storage } from '../config/storage.ts'
import { SkipStep, toError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ModelHost } from '../models/host.ts'
import { recordEvent } from '../store/events.ts'
import { finishVideo } from '../store/finish.ts'
import { keyframesOf } from '../store/keyframes.ts'
import type { VideoStatus } from '../store/schema.ts'
import { markStepsPending, type StepRun, saveStepRun, stepRunsOf } from '../store/step-runs.ts'
import { beginRun, getVideo, ownsRun, updateVideo } from '../store/videos.ts'
import { OtherStepFailed, runSteps } from './run-steps.ts'
import { hashInput, isFresh, readersOf } from './staleness.ts'
import type { PipelineStep, StepContext, StepName, StepReport } from './step.ts'
import { VideoFiles } from './video-files.ts'

/** What the pipeline needs of the running program. */
export interface PipelineServices {
  settings: Settings
  database: Database
  storage: Storage
  models: ModelHost
  logger: Logger
}

/** A step failed; `cause` says how. Carries the step's name for the video's failure. */
export class StepFailure extends Error {
  readonly step: StepName

  constructor(step: StepName, cause: unknown) {
    super(toError(cause).message, { cause })
    this.step = step
  }
}

/** Another run has taken the video over: what this one still holds is thrown away. */
export class StaleRun extends Error {}

/**
 * Runs the steps on one stored video, each only if its last run is stale and as soon as those that it
 * reads are done, and completes the video. Killed anywhere, the next call goes on from the last
 * finished steps.
 *
 * @throws StepFailure with the fault as its cause
 * @throws StaleRun when another run took over
 * @throws Requeue at a step boundary when the process drains
 */
export async function processVideo(
  services: PipelineServices,
  steps: PipelineStep[],
  videoId: string,
  options: {
    signal: AbortSignal
    draining: AbortSignal
    /** This step and those that read it alone; the others stay as they are, even if stale. */
    only?: StepName | undefined
    /** Asked once what the video shows is known, and at its end: false when nobody wants it any more. */
    isWanted?(): Promise<boolean>
    /** Whether `isWanted` may come to say no: then nothing is begun before it was asked. Default true. */
    mayBeUnwanted?(): Promise<boolean>
    /** Called when a step is done that was not before. */
    progressed?(): Promise<void>
  },
): Promise<void> {
  const { database, settings, storage, logger } = services
  const { db } = database
  const video = await getVideo(db, videoId)
  const runId = randomUUID()
  await beginRun(db, videoId, runId)
  const scratch = path.join(settings.dataDir, 'scratch')
  await using files = await VideoFiles.open(scratch, storage, video, runId)
  const known = await stepRunsOf(db, videoId)
  const runs = new Map(known.map((run) => [run.step, run]))
  const hashes = new Map(known.map((run) => [run.step as StepName, run.inputHash]))
  const only = steps.find(({ name }) => name === options.only)
  const chosen = only ? [only, ...steps.filter(isIn(readersOf(only, steps)))] : steps
  const isWantedForSure =
    !options.isWanted || (options.mayBeUnwanted ? !(await options.mayBeUnwanted()) : false)
  const progress = phaseOf(chosen, video.status)
  const showPhase = async () => {
    const status = progress.changed()
    if (!status) return
    await writeOwned(db, videoId, runId, (trx) =>
      updateVideo(trx, videoId, { status, failure: null }),
    )
  }
  const isComplete = await runSteps(chosen, {
    signal: options.signal,
    draining: options.draining,
    gate: {
      after: 'dedup',
      isOpen: async () => !options.isWanted || (await options.isWanted()),
      isOpenFromTheStart: isWantedForSure,
    },
    async run(step, signal) {
      const context: StepContext = {
        video,
        settings,
        db,
        storage,
        models: services.models,
        logger,
        jobsAhead: isWantedForSure ? ['clip', 'detector', 'speech'] : ['clip'],
        files,
        keyframes: () => keyframesOf(db, videoId),
        signal,
      }
      try {
        const inputHash = await hashInput(step, context, hashes)
        hashes.set(step.name, inputHash)
        if (!isFresh(runs.get(step.name), step, inputHash)) {
          await showPhase()
          const readers = readersOf(step, steps)
          const position = steps.indexOf(step)
          const place = { position, inputHash, runId, readers, status: progress.shown() }
          await runStep(step, place, context, database)
          for (const reader of readers) runs.delete(reader)
          await options.progressed?.()
        }
      } catch (error) {
        if (error instanceof StaleRun) throw error
        throw new StepFailure(step.name, error)
      }
      progress.finished(step)
      if (progress.isUnderWay()) await showPhase()
    },
  })
  if (!isComplete) return
  if (options.isWanted && !(await options.isWanted())) return
  await writeOwned(db, videoId, runId, (trx) => finishVideo(trx, videoId, { failure: null }))
}

const isIn = (names: StepName[]) => (step: PipelineStep) => names.includes(step.name)

/** The status that a video shows: `processing` until no step of that phase is left, then `labeling`. */
function phaseOf(steps: readonly PipelineStep[], before: VideoStatus) {
  const left = new Set(steps)
  let shown: VideoStatus = before
  let hasRun = false
  return {
    /** The status to write, null when it is the one that is shown already. */
    changed(): VideoStatus | null {
      hasRun = true
      const status = [...left].some(({ phase }) => phase === 'processing')
        ? ('processing' as const)
        : ('labeling' as const)
      if (status === shown) return null
      shown = status
      return status
    },
    shown: () => shown,
    finished: (step: PipelineStep) => left.delete(step),
    /** Some step was stale, and some are left. */
    isUnderWay: () => hasRun && left.size > 0,
  }
}

/** Writes in one transaction, unless the video is no longer this run's. @throws StaleRun */
async function writeOwned(
  db: Db,
  videoId: string,
  runId: string,
  write: (trx: Trx) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (!(await ownsRun(trx, videoId, runId))) throw new StaleRun()
    await write(trx)
  })
}

/** One step with its checkpoint: rows and step_runs row in one transaction, refused to a stale run. */
async function runStep(
  step: PipelineStep,
  place: {
    position: number
    inputHash: string
    runId: string
    readers: StepName[]
    status: VideoStatus
  },
  context: StepContext,
  { db }: Database,
): Promise<void> {
  const { video, logger } = context
  const { position, inputHash, runId, readers, status } = place
  const startedAt = new Date()
  const began = performance.now()
  const checkpoint = (state: StepRun['state'], more: Partial<StepRun> = {}) => ({
    step: step.name,
    position,
    version: step.version,
    inputHash,
    modelName: null,
    device: null,
    profile: context.settings.profile,
    state,
    reason: null,
    message: null,
    counts: {},
    seconds: state === 'running' ? null : round((performance.now() - began) / 1000),
    ...more,
    startedAt,
    finishedAt: state === 'running' ? null : new Date(),
  })
  await writeOwned(db, video.id, runId, (trx) => saveStepRun(trx, video.id, checkpoint('running')))
  let report: StepReport
  try {
    report = await step.run(context)
  } catch (thrown) {
    const error = toError(thrown)
    if (context.signal.reason instanceof OtherStepFailed) {
      await writeOwned(db, video.id, runId, (trx) =>
        saveStepRun(trx, video.id, checkpoint('pending', { seconds: null })),
      )
      throw error
    }
    if (!(error instanceof SkipStep)) {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected'
      const failed = checkpoint('failed', { reason: code, message: error.message.slice(0, 2000) })
      await writeOwned(db, video.id, runId, (trx) => saveStepRun(trx, video.id, failed))
      throw error
    }
    report = { counts: {}, skipped: error.code, message: error.message, write: async () => {} }
  }
  await writeOwned(db, video.id, runId, async (trx) => {
    await report.write(trx)
    // Its new rows took theirs with them (a keyframe its vectors and boxes), or made them outdated.
    await markStepsPending(trx, video.id, readers)
    await saveStepRun(
      trx,
      video.id,
      checkpoint(report.skipped ? 'skipped' : 'done', {
        modelName: report.modelName ?? null,
        device: report.device ?? null,
        reason: report.skipped ?? null,
        message: report.message ?? null,
        counts: report.counts,
      }),
    )
    await recordEvent(
      trx,
      'video.updated',
      { videoId: video.id },
      {
        video_id: video.id,
        status,
        step: step.name,
        state: report.skipped ? 'skipped' : 'done',
      },
    )
  })
  logger.debug({ video: video.id, step: step.name, ...report.counts }, 'step finished')
}

const round = (seconds: number) => Math.round(seconds * 1000) / 1000
