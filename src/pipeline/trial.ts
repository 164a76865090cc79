import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Trx } from '../config/database.ts'
import { SkipStep, toError } from '../errors.ts'
import type { ModelHost } from '../models/host.ts'
import { keyframesOf } from '../store/keyframes.ts'
import { type StepRun, saveStepRun, stepRunsOf } from '../store/step-runs.ts'
import { inTrial, modelChoices, type TrialJob, trialRunOf } from '../store/trials.ts'
import { getVideo, lockVideo } from '../store/videos.ts'
import type { PipelineServices } from './orchestrator.ts'
import { hashInput, isFresh } from './staleness.ts'
import type { PipelineStep, StepContext, StepName, StepReport } from './step.ts'
import { VideoFiles } from './video-files.ts'

/** The step that each job's model works in. */
export const TRIAL_STEPS: Record<TrialJob, StepName> = {
  clip: 'embeddings',
  detector: 'detection',
  speech: 'transcription',
}

/**
 * Runs the model on trial on one completed video. What it makes lies beside the library's own rows
 * and changes nothing that anybody sees, the video's status included. Nothing happens when the trial
 * is over, the video is being worked on, or the trial has this video already.
 *
 * @throws what the step throws; `SkipStep` when the model is not installed
 */
export async function runTrial(
  services: PipelineServices,
  steps: readonly PipelineStep[],
  { videoId, job }: { videoId: string; job: TrialJob },
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { database, settings, storage, logger } = services
  const { db } = database
  const choice = (await modelChoices(db)).find((known) => known.job === job)
  const step = steps.find(({ name }) => name === TRIAL_STEPS[job])
  if (!choice?.trial || !step) return
  const video = await getVideo(db, videoId)
  if (video.status !== 'completed') return
  const models = services.models.using(job, choice.trial)
  const known = await stepRunsOf(db, videoId)
  const hashes = new Map(known.map((run) => [run.step as StepName, run.inputHash]))
  const inputHash = await hashInput(step, { video, settings, models }, hashes)
  const earlier = await trialRunOf(db, videoId, step.name)
  if (isFresh(earlier ?? undefined, step, inputHash)) return

  const scratch = path.join(settings.dataDir, 'scratch')
  await using files = await VideoFiles.open(scratch, storage, video, randomUUID())
  const context: StepContext = {
    video,
    settings,
    db,
    storage,
    models: models as ModelHost,
    logger,
    jobsAhead: [],
    files,
    keyframes: () => keyframesOf(db, videoId),
    signal,
  }
  const startedAt = new Date()
  const began = performance.now()
  const outcome = await outcomeOf(step, context)
  const { report, state, message } = outcome
  const run: StepRun & { startedAt: Date; finishedAt: Date } = {
    step: step.name,
    position: steps.indexOf(step),
    version: step.version,
    inputHash,
    modelName: report.modelName ?? null,
    device: report.device ?? null,
    state,
    reason: report.skipped ?? null,
    message,
    counts: report.counts,
    seconds: Math.round(performance.now() - began) / 1000,
    startedAt,
    finishedAt: new Date(),
  }
  await db.transaction().execute(async (trx) => {
    if (!(await isUnchanged(trx, videoId, step, hashes))) return
    await inTrial(trx, async (inside) => {
      await report.write(inside)
      await saveStepRun(inside, videoId, run)
    })
  })
}

async function outcomeOf(
  step: PipelineStep,
  context: StepContext,
): Promise<{ report: StepReport; state: StepRun['state']; message: string | null }> {
  try {
    const report = await step.run(context)
    return {
      report,
      state: report.skipped ? 'skipped' : 'done',
      message: report.message ?? null,
    }
  } catch (thrown) {
    if (context.signal.aborted || thrown instanceof SkipStep) throw thrown
    const error = toError(thrown)
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected'
    const report = { counts: {}, skipped: code, write: async () => {} }
    return { report, state: 'failed', message: error.message.slice(0, 2000) }
  }
}

/** Whether the video is still the one that was looked at: completed, and with the same keyframes. */
async function isUnchanged(
  trx: Trx,
  videoId: string,
  step: PipelineStep,
  hashes: ReadonlyMap<StepName, string>,
): Promise<boolean> {
  const { status } = await lockVideo(trx, videoId)
  const now = new Map((await stepRunsOf(trx, videoId)).map((run) => [run.step, run.inputHash]))
  return status === 'completed' && step.after.every((name) => now.get(name) === hashes.get(name))
}
