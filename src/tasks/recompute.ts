import { hashInput, isFresh, readersOf } from '../pipeline/staleness.ts'
import type { StepName } from '../pipeline/step.ts'
import type { Services } from '../services.ts'
import { STEPS } from '../steps.ts'
import { meanStepRates, type StepRun, stepRunsOfAll } from '../store/step-runs.ts'
import { matchingVideoIds, type VideoFilters } from '../store/video-filters.ts'
import { type Video, videosById } from '../store/videos.ts'
import { reprocessVideo } from './control.ts'

/** Videos looked over at once. */
const AT_ONCE = 100

/** What a recompute would do, or began to do. */
export interface RecomputePlan {
  /** Completed videos that match. */
  videos: number
  /** Of these, with a step that is stale. */
  stale: number
  steps: {
    step: StepName
    /** Videos on which it runs. */
    videos: number
    /** Seconds of work, from the last run or what the step usually takes; null when unknown. */
    seconds: number | null
  }[]
  /** Seconds until all of it is done, as many videos at once as one worker takes; null: unknown. */
  seconds: number | null
}

/**
 * What is stale on the completed videos that match: steps whose model, version, threshold, taxonomy or
 * input is another than when they last ran, and those that read what these write.
 *
 * @param options.only this step and its readers alone
 * @param options.onStale told of each video with a stale step
 */
export async function planRecompute(
  services: Services,
  filters: VideoFilters,
  options: { only?: StepName | undefined; onStale?(videoId: string): Promise<void> } = {},
): Promise<RecomputePlan> {
  const { db } = services.database
  const rates = await meanStepRates(db)
  const planned = new Map<StepName, { videos: number; seconds: number | null }>()
  let videos = 0
  let stale = 0
  for await (const page of pagesOf(services, { ...filters, status: ['completed'] })) {
    const runs = await stepRunsOfAll(
      db,
      page.map(({ id }) => id),
    )
    for (const video of page) {
      videos += 1
      const known = runs.get(video.id) ?? []
      const steps = await staleSteps(services, video, known, options.only)
      if (steps.length === 0) continue
      stale += 1
      for (const name of steps) {
        const before = planned.get(name) ?? { videos: 0, seconds: 0 }
        const rate = rates.get(name)
        // A step that was skipped for want of its model took no time: what it takes elsewhere counts.
        const last = known.find((run) => run.step === name && run.state === 'done')?.seconds
        const usual = rate !== undefined && video.duration ? rate * video.duration : null
        const seconds = last ?? usual
        planned.set(name, {
          videos: before.videos + 1,
          seconds: before.seconds === null || seconds === null ? null : before.seconds + seconds,
        })
      }
      await options.onStale?.(video.id)
    }
  }
  const steps = STEPS.flatMap(({ name }) => {
    const found = planned.get(name)
    return found ? [{ step: name, ...found }] : []
  })
  const total = steps.reduce<number | null>(
    (sum, { seconds }) => (sum === null || seconds === null ? null : sum + seconds),
    0,
  )
  return {
    videos,
    stale,
    steps,
    seconds: total === null ? null : total / services.settings.processConcurrency,
  }
}

/** Runs what is stale again, as planned. Videos that are being worked on already are left alone. */
export function startRecompute(
  services: Services,
  filters: VideoFilters,
  only: StepName | undefined,
): Promise<RecomputePlan> {
  return planRecompute(services, filters, {
    only,
    onStale: (videoId) => reprocessVideo(services, videoId, only),
  })
}

async function staleSteps(
  { settings, models }: Services,
  video: Video,
  known: StepRun[],
  only: StepName | undefined,
): Promise<StepName[]> {
  const runs = new Map(known.map((run) => [run.step as StepName, run]))
  const hashes = new Map<StepName, string>()
  const stale = new Set<StepName>()
  for (const step of STEPS) {
    const run = runs.get(step.name)
    if (only && step.name !== only && !stale.has(step.name)) {
      if (run) hashes.set(step.name, run.inputHash)
      continue
    }
    const hash = await hashInput(step, { video, settings, models }, hashes)
    hashes.set(step.name, hash)
    if (!stale.has(step.name) && isFresh(run, step, hash)) continue
    stale.add(step.name)
    for (const reader of readersOf(step, STEPS)) stale.add(reader)
  }
  return [...stale]
}

/** Matching videos by pages, each once although videos come and go meanwhile. */
async function* pagesOf(services: Services, filters: VideoFilters): AsyncGenerator<Video[]> {
  const ids = await matchingVideoIds(services.database.db, filters)
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    yield await videosById(services.database.db, ids.slice(start, start + AT_ONCE))
  }
}
