import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { jobModels, RecomputePlanJson } from '../api/schemas/recompute.ts'
import type { videoSummary } from '../api/schemas/videos.ts'
import { InvalidInputError } from '../errors.ts'
import { type Library, openLibrary } from './library.ts'
import { allOf } from './lists.ts'
import { progressLine } from './progress.ts'
import { printJson, printLine } from './report.ts'

type Summary = z.infer<typeof videoSummary>
type JobModels = z.infer<typeof jobModels>

const POLL_MS = 1_000
const OPEN = 'pending,downloading,processing,labeling'

export interface RecomputeOptions {
  step?: string
  model?: string
  filter?: string
  partial?: boolean
  dryRun?: boolean
  status?: boolean
  promote?: boolean
  discard?: boolean
  wait?: boolean
  json?: boolean
}

/**
 * `forgeindex recompute`: runs what is stale on completed videos: steps whose model was missing or has
 * changed, whose threshold or taxonomy changed. What is fresh is left alone. With `--model` another
 * model runs beside the one in use, until it is promoted or discarded.
 */
export async function recompute(options: RecomputeOptions): Promise<number> {
  await using library = await openLibrary()
  if (options.status) return await showModels(library, options)
  if (options.promote || options.discard) return await endTrial(library, options)
  const body = {
    ...(options.step ? { step: options.step } : {}),
    ...(options.model ? { model: options.model } : {}),
    ...(options.filter ? { filters: parsed(options.filter) } : {}),
    ...(options.dryRun ? { dry_run: true } : {}),
  }
  const before = new Set((await videosThatAre(library, 'failed')).map(({ id }) => id))
  const plan = await library.request<RecomputePlanJson>('POST', '/api/recompute', body)
  if (options.dryRun) {
    if (options.json) printJson(plan)
    else printPlan(plan)
    return 0
  }
  const isOurs = library.server === null
  if (isOurs) await library.work()
  if ((isOurs || options.wait) && !(await untilDone(library, plan))) {
    await library.drain()
    return 130
  }
  const failed = plan.trial
    ? ((await trialOf(library, plan.trial.step))?.videos_failed ?? 0)
    : (await videosThatAre(library, 'failed')).filter(({ id }) => !before.has(id)).length
  if (options.json) printJson({ ...plan, failed })
  else {
    printLine(
      `${plan.videos} videos were looked over, ${plan.stale} had stale steps, ${failed} failed.`,
    )
    if (plan.trial) {
      const { step, model } = plan.trial
      printLine(
        `${model} lies beside the model in use. \`recompute --step ${step} --promote\` puts it in its place, \`--discard\` removes it.`,
      )
    }
  }
  return failed > 0 ? 1 : 0
}

/** Shows progress until nothing is left to do; false when interrupted. */
async function untilDone(library: Library, plan: RecomputePlanJson): Promise<boolean> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const line = progressLine()
  try {
    for (;;) {
      const left = plan.trial
        ? await leftOfTrial(library, plan)
        : (await videosThatAre(library, OPEN)).length
      const share = plan.stale > 0 ? 1 - Math.min(1, left / plan.stale) : 1
      line.show(share, `${left} of ${plan.stale} videos to go`)
      if (left === 0) return true
      if (stop.signal.aborted) return false
      await sleep(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  } finally {
    line.end()
  }
}

async function leftOfTrial(library: Library, plan: RecomputePlanJson): Promise<number> {
  const trial = await trialOf(library, plan.trial!.step)
  return trial ? Math.max(0, trial.videos - trial.videos_done - trial.videos_failed) : 0
}

async function trialOf(library: Library, step: string): Promise<JobModels['trial']> {
  const { items } = await library.request<{ items: JobModels[] }>('GET', '/api/recompute')
  return items.find((found) => found.step === step)?.trial ?? null
}

function videosThatAre(library: Library, status: string): Promise<Summary[]> {
  return allOf<Summary>(library, `/api/videos?status=${status}`, Number.POSITIVE_INFINITY)
}

async function showModels(library: Library, { json }: RecomputeOptions): Promise<number> {
  const { items } = await library.request<{ items: JobModels[] }>('GET', '/api/recompute')
  if (json) {
    printJson({ items })
    return 0
  }
  for (const { step, configured, active, trial } of items) {
    printLine(
      `${step}: ${active ? `${active} (promoted; the settings say ${configured})` : configured}`,
    )
    if (!trial) continue
    const { model, videos, videos_done: done, videos_failed: failed } = trial
    printLine(`  on trial: ${model}, ${done} of ${videos} videos done, ${failed} failed`)
  }
  return 0
}

async function endTrial(library: Library, options: RecomputeOptions): Promise<number> {
  if (!options.step) {
    throw new InvalidInputError(
      'step-missing',
      'Expected --step embeddings, detection or transcription: whose trial is it?',
    )
  }
  const action = options.promote ? 'promote' : 'discard'
  const ended = await library.request<{ model: string; videos?: number }>(
    'POST',
    `/api/recompute/${action}`,
    { step: options.step, ...(options.promote && options.partial ? { partial: true } : {}) },
  )
  if (options.promote && library.server === null) {
    await library.work()
    const plan = { stale: ended.videos ?? 0, trial: null } as RecomputePlanJson
    if (!(await untilDone(library, plan))) {
      await library.drain()
      return 130
    }
  }
  if (options.json) printJson(ended)
  else {
    printLine(
      options.promote
        ? `${ended.model} is in use now, on ${ended.videos} videos that it was tried on.`
        : `What ${ended.model} made is removed.`,
    )
  }
  return 0
}

function printPlan(plan: RecomputePlanJson): void {
  printLine(`${plan.stale} of ${plan.videos} videos have stale steps.`)
  for (const { step, videos, seconds } of plan.steps) {
    printLine(`  ${step.padEnd(14)} ${String(videos).padStart(7)} videos  ${inWords(seconds)}`)
  }
  if (plan.stale > 0) printLine(`In all ${inWords(plan.seconds)} with one worker.`)
}

function inWords(seconds: number | null): string {
  if (seconds === null) return 'time unknown: nothing like it ran yet'
  if (seconds < 90) return `about ${Math.ceil(seconds)} s`
  if (seconds < 5400) return `about ${Math.ceil(seconds / 60)} min`
  return `about ${(seconds / 3600).toFixed(1)} h`
}

function parsed(filter: string): unknown {
  try {
    return JSON.parse(filter)
  } catch {
    throw new InvalidInputError(
      'invalid-filter',
      `Expected --filter to be JSON such as '{"platform":["commons"]}', got ${filter.slice(0, 200)}`,
    )
  }
}
