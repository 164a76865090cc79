import { ConflictError, InvalidInputError } from '../errors.ts'
import { settingOf } from '../models/catalog.ts'
import type { PipelineStep, StepName } from '../pipeline/step.ts'
import { TRIAL_STEPS } from '../pipeline/trial.ts'
import type { Services } from '../services.ts'
import { meanStepRates } from '../store/step-runs.ts'
import {
  beginTrial,
  endTrial,
  MODEL_JOBS,
  type ModelChoice,
  modelChoices,
  setActive,
  type TrialJob,
  type TrialProgress,
  takeOver,
  trialProgress,
  videosToPromote,
  videosWithoutTrial,
} from '../store/trials.ts'
import { matchingVideoIds } from '../store/video-filters.ts'
import { countVideos } from '../store/video-list.ts'
import { totalDuration } from '../store/videos.ts'
import { reprocessVideo } from './control.ts'
import type { RecomputePlan } from './recompute.ts'

/** Videos taken over in one transaction. */
const AT_ONCE = 100

/** Who does a job: what the settings say, what was promoted, what is on trial and how far it is. */
export interface JobModels extends ModelChoice {
  step: StepName
  /** Named in the settings. */
  configured: string
  /** Null without a trial. */
  progress: (TrialProgress & { videos: number }) | null
}

/** The models of every job. */
export async function modelsInUse({ database: { db }, settings }: Services): Promise<JobModels[]> {
  const choices = await modelChoices(db)
  const found: JobModels[] = []
  for (const job of MODEL_JOBS) {
    const step = TRIAL_STEPS[job]
    const choice = choices.find((known) => known.job === job) ?? {
      job,
      active: null,
      promotedAt: null,
      trial: null,
      trialStartedAt: null,
    }
    const progress = choice.trial
      ? {
          ...(await trialProgress(db, step)),
          videos: await countVideos(db, { status: ['completed'] }),
        }
      : null
    found.push({ ...choice, step, configured: settingOf(settings, job), progress })
  }
  return found
}

/**
 * What a trial of this model would run on: completed videos without a result of it, and how long,
 * as long as the step usually takes with the model in use.
 *
 * @throws InvalidInputError `unknown-model`, `trial-pointless` for the model in use
 * @throws ConflictError `model-missing` without its files
 */
export async function planTrial(
  services: Services,
  job: TrialJob,
  model: string,
): Promise<RecomputePlan> {
  const { db } = services.database
  await refusePointless(services, job, model)
  const step = TRIAL_STEPS[job]
  const running = (await modelChoices(db)).find((known) => known.job === job)?.trial
  const all = await matchingVideoIds(db, { status: ['completed'] })
  const ids = running === model ? await videosWithoutTrial(db, step) : all
  const rate = (await meanStepRates(db)).get(step)
  const duration = await totalDuration(db, ids)
  const seconds = rate === undefined ? null : rate * duration
  return {
    videos: all.length,
    stale: ids.length,
    steps: ids.length > 0 ? [{ step, videos: ids.length, seconds }] : [],
    seconds,
  }
}

async function refusePointless(
  { models, settings }: Services,
  job: TrialJob,
  model: string,
): Promise<void> {
  const wanted = await models.using(job, model).describe(job)
  if (!wanted.installed) {
    throw new ConflictError(
      'model-missing',
      `The model ${wanted.ref.name} is not installed: run \`${settings.command} models pull ${wanted.ref.name}\`. Missing: ${wanted.missing.join('; ')}`,
    )
  }
  const inUse = await models.describe(job)
  if (inUse.ref.name === wanted.ref.name && inUse.ref.revision === wanted.ref.revision) {
    throw new InvalidInputError(
      'trial-pointless',
      `${wanted.ref.name} is the model in use. Name another one, or leave the model out to run what is stale.`,
    )
  }
}

/**
 * Puts a model on trial: it runs on every completed video, beside the one in use. Again with the same
 * model, it takes up the videos that came since, or that failed.
 *
 * @returns how many videos it will run on now
 * @throws InvalidInputError `unknown-model`, `trial-pointless` for the model in use
 * @throws ConflictError `trial-running` with another model, `model-missing` without its files
 */
export async function startTrial(
  services: Services,
  job: TrialJob,
  model: string,
): Promise<{ videos: number }> {
  const { database, queue } = services
  await refusePointless(services, job, model)
  const step = TRIAL_STEPS[job]
  await database.db.transaction().execute(async (trx) => {
    if (await beginTrial(trx, job, model)) return
    throw new ConflictError(
      'trial-running',
      `Another model is on trial for ${step}: promote or discard it first.`,
    )
  })
  // Those of a call before this one: no video is tried twice.
  await queue.cancel('trial', { job })
  const ids = await videosWithoutTrial(database.db, step)
  for (const videoId of ids) await queue.enqueue('trial', { videoId, job })
  return { videos: ids.length }
}

/**
 * What a trial made becomes the library's, and its model does the job from now on, whatever the
 * settings say, for every process on this library. Steps that read it run again. Ended half-way,
 * another call goes on.
 *
 * @param options.isPartial also when videos are missing or failed: they run like stale ones
 * @throws ConflictError `no-trial`, `trial-unfinished`
 */
export async function promoteTrial(
  services: Services,
  job: TrialJob,
  options: { isPartial: boolean },
): Promise<{ model: string; videos: number }> {
  const { database, settings, models } = services
  const { db } = database
  const step = TRIAL_STEPS[job]
  const choice = await trialOf(services, job)
  const missing = (await videosWithoutTrial(db, step)).length
  const { failed } = await trialProgress(db, step)
  // Begun before: what is left is to be moved.
  const hasBegun = choice.active === choice.trial
  if (!options.isPartial && !hasBegun && missing > 0) {
    throw new ConflictError(
      'trial-unfinished',
      `Expected a result for every completed video, but ${missing - failed} are still to come and ${failed} failed. Wait, or promote it with what there is (\`--partial\`).`,
    )
  }
  const active = choice.trial === settingOf(settings, job) ? null : choice.trial
  await db.transaction().execute((trx) => setActive(trx, job, active))
  models.choose(job, active)
  let videos = 0
  for (;;) {
    const ids = await videosToPromote(db, step, AT_ONCE)
    if (ids.length === 0) break
    await db.transaction().execute((trx) => takeOver(trx, job, step, ids))
    for (const id of ids) await reprocessVideo(services, id)
    videos += ids.length
  }
  await db.transaction().execute((trx) => endTrial(trx, job, step))
  return { model: choice.trial, videos }
}

/** Ends a trial without a trace. @throws ConflictError `no-trial` */
export async function discardTrial(services: Services, job: TrialJob): Promise<{ model: string }> {
  const choice = await trialOf(services, job)
  await services.queue.cancel('trial', { job })
  const step = TRIAL_STEPS[job]
  await services.database.db.transaction().execute((trx) => endTrial(trx, job, step))
  return { model: choice.trial }
}

async function trialOf({ database }: Services, job: TrialJob) {
  const choice = (await modelChoices(database.db)).find((known) => known.job === job)
  if (choice?.trial) return { ...choice, trial: choice.trial }
  throw new ConflictError(
    'no-trial',
    `No model is on trial for ${TRIAL_STEPS[job]}. Start one: \`recompute --step ${TRIAL_STEPS[job]} --model NAME\`.`,
  )
}

/** The job whose model a step runs; null for a step without a model of its own. */
export function jobOfStep(step: PipelineStep['name']): TrialJob | null {
  return MODEL_JOBS.find((job) => TRIAL_STEPS[job] === step) ?? null
}
