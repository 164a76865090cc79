import { ForgeindexError, toError } from '../errors.ts'
import { apifyPrice, isPaidPlatform, type PaidPlatform } from '../ingestion/apify-prices.ts'
import { itemsFor } from '../ingestion/discovery/apify.ts'
import type { Candidate, Platform, Source } from '../ingestion/discovery/source.ts'
import { openSources } from '../ingestion/discovery/sources.ts'
import { clean, refusalOf } from '../ingestion/take.ts'
import { platformOfUrl } from '../ingestion/urls.ts'
import type { Services } from '../services.ts'
import { measuredRate } from '../store/step-runs.ts'
import type { NewTask } from '../store/tasks.ts'
import { planTask, type TaskWish } from './start.ts'

/** What a task would find and cost, from looking at a sample of it. */
export interface Estimate {
  /** Videos that it would take, at most as many as asked for. */
  candidates: number
  /** Candidates looked at for this. */
  sampled: number
  /** Of video; null where no source states a length. */
  hours: number | null
  /** To download; null where no source states a size. */
  bytes: number | null
  /** For downloads and processing here. */
  seconds: number
  /** Whether that is from this library's own step times. */
  secondsMeasured: boolean
  /** Null: nothing would be asked of Apify, or its actor's price is not known. */
  apifyCostUsd: number | null
  /** Of the sample, like the next three. */
  byPlatform: Record<string, number>
  /** By SPDX id or the source's words; `unknown` where none is stated. */
  licences: Record<string, number>
  rejected: Record<string, number>
  samples: { title: string; url: string; platform: string; seconds: number | null }[]
  notes: { code: string; message: string }[]
}

const MAX_SAMPLED = 200
const MAX_SAMPLES = 10
/** A person waits for the answer. */
const LONGEST_MS = 20_000
/** Seconds of work for a second of video until the library has measured its own: an assumption. */
const ASSUMED_RATE = 0.5
/** Seconds of a video whose length no source states: an assumption. */
const ASSUMED_VIDEO_SECONDS = 300
/** Bytes a second of a download: an assumption, 20 Mbit/s. */
const ASSUMED_SPEED = 2_500_000
/** Step times of less video than this say little. */
const LEAST_MEASURED_SECONDS = 10

type Parts = Pick<Services, 'settings' | 'database' | 'logger'>

/**
 * Looks at what a request would find. Nothing is stored and nothing is paid: the sources are opened
 * without the Apify token, so no run can be started, and what Apify would cost comes from a table.
 *
 * @throws InvalidInputError as `startTask`
 */
export async function estimateTask(
  services: Parts,
  wish: TaskWish,
  caller: { isLocalUser: boolean },
  signal: AbortSignal,
): Promise<Estimate> {
  const task = await planTask(services, wish, caller)
  const { settings, database } = services
  const found = await sample(services, task, signal)
  const { taken, looked } = found
  const isWhole = found.isWhole
  // Looked at in part, or asked of a source that only answers for money: it may well have enough.
  const share = looked > 0 ? taken.length / looked : 1
  const candidates = isWhole || share === 0 ? taken.length : task.maxVideos
  const seconds = meanOf(taken.map(({ durationSeconds }) => durationSeconds))
  const size = meanOf(taken.map(({ bytes }) => bytes ?? null))
  const rate = await measuredRate(database.db, LEAST_MEASURED_SECONDS)
  const work = candidates * (seconds ?? ASSUMED_VIDEO_SECONDS) * (rate ?? ASSUMED_RATE)
  const transfer = size === null ? 0 : (candidates * size) / ASSUMED_SPEED
  return {
    candidates,
    sampled: looked,
    hours: seconds === null ? null : round((candidates * seconds) / 3600),
    bytes: size === null ? null : Math.round(candidates * size),
    seconds: Math.round(work / settings.processConcurrency + transfer),
    secondsMeasured: rate !== null,
    apifyCostUsd: costOf(services, task),
    byPlatform: countBy(taken, ({ platform }) => platform),
    licences: countBy(taken, ({ licence }) => licence ?? 'unknown'),
    rejected: found.rejected,
    samples: taken.slice(0, MAX_SAMPLES).map(({ title, url, platform, durationSeconds }) => ({
      ...{ title, url, platform, seconds: durationSeconds },
    })),
    notes: found.notes,
  }
}

interface Sample {
  taken: Candidate[]
  looked: number
  rejected: Record<string, number>
  /** The sources ended, or there is as much as was asked for. */
  isWhole: boolean
  notes: { code: string; message: string }[]
}

async function sample(services: Parts, task: NewTask, outer: AbortSignal): Promise<Sample> {
  const { settings, logger } = services
  const free = { ...settings, apify: { ...settings.apify, token: null } }
  const sources: Partial<Record<Platform, Source>> = openSources(free, logger)
  const deadline = AbortSignal.timeout(LONGEST_MS)
  const signal = AbortSignal.any([outer, deadline])
  const found: Sample = { taken: [], looked: 0, rejected: {}, isWhole: false, notes: [] }
  const limit = Math.min(task.maxVideos, MAX_SAMPLED)
  const request = {
    platform: task.platform as Platform,
    query: task.query,
    urls: task.urls,
    ...(task.path ? { path: task.path } : {}),
    limit,
  }
  try {
    const source = sources[request.platform]
    for await (const each of source?.discover(request, { signal }) ?? []) {
      signal.throwIfAborted()
      const candidate = clean(each)
      found.looked++
      const refusal = refusalOf(candidate, settings, task, false)
      if (refusal) found.rejected[refusal.code] = (found.rejected[refusal.code] ?? 0) + 1
      else found.taken.push(candidate)
      if (found.taken.length >= task.maxVideos) break
      if (found.looked >= MAX_SAMPLED) return found
    }
    found.isWhole = true
  } catch (thrown) {
    outer.throwIfAborted()
    const error = toError(thrown)
    if (deadline.aborted) {
      const message = `The sources were looked at for ${LONGEST_MS / 1000} s only.`
      found.notes.push({ code: 'sample-cut', message })
    } else if (error instanceof ForgeindexError) {
      found.notes.push({ code: error.code, message: error.message })
    } else throw thrown
    // What only Apify can search is likely to be there; what failed is not.
    found.isWhole = !deadline.aborted && costOf(services, task) === null
  }
  return found
}

/** Dollars at Apify in all; null when it would not be asked or an actor's price is not known. */
function costOf({ settings }: Parts, task: NewTask): number | null {
  const { token, actors, maxItems, maxUsd } = settings.apify
  if (!token) return null
  const asked = new Map<PaidPlatform, number>()
  const add = (platform: string | null, count: number) => {
    if (platform && isPaidPlatform(platform)) {
      asked.set(platform, (asked.get(platform) ?? 0) + count)
    }
  }
  if (task.urls.length > 0) {
    for (const url of task.urls) add(platformOfUrl(url, settings), 1)
  } else if (task.platform === 'any') {
    const each = Math.ceil(task.maxVideos / 3)
    for (const platform of ['youtube', 'tiktok', 'instagram']) add(platform, each)
  } else add(task.platform, task.maxVideos)
  if (asked.size === 0) return null
  let sum = 0
  for (const [platform, count] of asked) {
    const price = apifyPrice(platform, actors[platform], itemsFor(count, maxItems))
    if (price === null) return null
    sum += price
  }
  return Math.round(Math.min(sum, maxUsd, task.maxUsd ?? maxUsd) * 10_000) / 10_000
}

/** Of those that are known; null when none is. */
function meanOf(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function countBy(all: Candidate[], nameOf: (candidate: Candidate) => string) {
  const counts: Record<string, number> = {}
  for (const each of all) counts[nameOf(each)] = (counts[nameOf(each)] ?? 0) + 1
  return counts
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
