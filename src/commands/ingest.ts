import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { Estimate, task as taskSchema } from '../api/schemas/tasks.ts'
import { recogniseArgument } from '../ingestion/recognise.ts'
import { printAccount, printEstimate } from './account.ts'
import { type Library, openLibrary } from './library.ts'
import { progressLine } from './progress.ts'
import { printJson, printLine } from './report.ts'

export type TaskJson = z.infer<typeof taskSchema>

export interface IngestOptions {
  platform?: string
  maxVideos?: number
  taxonomy?: string
  openVocabulary?: true | string
  dryRun?: boolean
  expand?: boolean
  duplicates?: string
  minRelevance?: number
  maxBytes?: number
  maxSeconds?: number
  maxUsd?: number
  wait?: boolean
  json?: boolean
}

const POLL_MS = 500
/** Under `npm run` one Ctrl-C arrives twice: from the terminal and from npm. */
export const ONE_PRESS_MS = 700

/** `forgeindex ingest`: exit code 0 when the task completed with at least one video processed. */
export async function ingest(what: string, options: IngestOptions): Promise<number> {
  await using library = await openLibrary()
  if (options.dryRun) {
    const body = { ...(await bodyOf(library, what, options)), dry_run: true }
    const found = await library.request<Estimate>('POST', '/api/ingest', body)
    if (options.json) printJson(found)
    else printEstimate(found)
    return 0
  }
  return await seeThrough(library, await startIngest(library, what, options), options)
}

/**
 * Follows a task that was just set going: to its end without a server or with `wait`. Exit code 0 when it
 * completed with at least one video processed, or goes on at the server.
 */
export async function seeThrough(
  library: Library,
  task: TaskJson,
  options: Pick<IngestOptions, 'wait' | 'json'>,
): Promise<number> {
  const isOurs = library.server === null
  if (isOurs) await library.work()
  if (!isOurs && !options.wait) {
    if (options.json) printJson(task)
    else printLine(`Task ${task.id} started; forgeindex tasks ${task.id} shows how far it is.`)
    return 0
  }
  const end = await follow(library, task.id)
  if (end === 'interrupted') {
    process.stderr.write(
      isOurs
        ? 'Interrupted. What is done is kept; the next command on this library goes on.\n'
        : 'No longer waiting; the server goes on.\n',
    )
    return 130
  }
  if (options.json) printJson(end)
  else printSummary(end)
  return end.status === 'completed' && end.videos_processed > 0 ? 0 : 1
}

/** Makes the task that `what` means. */
export async function startIngest(
  library: Library,
  what: string,
  options: IngestOptions,
): Promise<TaskJson> {
  const body = await bodyOf(library, what, options)
  return await library.request<TaskJson>('POST', '/api/ingest', body)
}

async function bodyOf({ settings }: Library, what: string, options: IngestOptions) {
  const named = options.platform !== undefined && options.platform !== 'folder'
  const known =
    named && !/^https?:/i.test(what) && !/\.txt$/i.test(what)
      ? { platform: options.platform, query: what, urls: [] as string[] }
      : await recogniseArgument(what, { ...settings, cwd: process.cwd() })
  const folder = 'path' in known ? known.path : undefined
  return {
    ...(known.query ? { query: known.query } : {}),
    ...(known.urls.length > 0 ? { urls: known.urls } : {}),
    ...(folder ? { path: folder } : {}),
    platform: options.platform ?? known.platform,
    ...maxVideosOf(options, known),
    ...(options.taxonomy ? { taxonomy: fullPath(options.taxonomy) } : {}),
    ...(options.openVocabulary ? { open_vocabulary: wordsOf(options.openVocabulary) } : {}),
    ...(options.expand ? { expand: true } : {}),
    ...(options.duplicates ? { duplicates: options.duplicates } : {}),
    ...(options.minRelevance === undefined ? {} : { min_relevance: options.minRelevance }),
    ...(options.maxBytes === undefined ? {} : { max_bytes: options.maxBytes }),
    ...(options.maxSeconds === undefined ? {} : { max_seconds: options.maxSeconds }),
    ...(options.maxUsd === undefined ? {} : { max_usd: options.maxUsd }),
  }
}

function wordsOf(given: true | string): true | string[] {
  return given === true ? true : given.split(',').map((word) => word.trim())
}

/** A taxonomy's name stays; a file of the caller's is named in full, for a server elsewhere. */
function fullPath(taxonomy: string): string {
  return /[/\\]|\.ya?ml$/i.test(taxonomy) ? path.resolve(taxonomy) : taxonomy
}

function maxVideosOf(options: IngestOptions, known: object) {
  const readOff = 'maxVideos' in known ? (known.maxVideos as number | null) : null
  const count = options.maxVideos ?? readOff
  return count === null ? {} : { max_videos: count }
}

/** Waits for a task's end with a progress line; Ctrl-C drains, a second one stops at once. */
export async function follow(library: Library, taskId: string): Promise<TaskJson | 'interrupted'> {
  const interrupted = new AbortController()
  let since = 0
  const onSignal = () => {
    if (interrupted.signal.aborted && Date.now() - since > ONE_PRESS_MS) process.exit(130)
    if (interrupted.signal.aborted) return
    since = Date.now()
    process.stderr.write('\nStopping at the next checkpoint; Ctrl-C again stops at once.\n')
    interrupted.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const line = progressLine()
  try {
    for (;;) {
      const task = await library.request<TaskJson>('GET', `/api/tasks/${taskId}`)
      line.show(
        task.progress,
        `${task.videos_processed + task.videos_failed} of ${Math.max(task.videos_found, 0)} videos` +
          `${task.videos_failed > 0 ? `, ${task.videos_failed} failed` : ''}${furthest(task)}`,
      )
      if (['completed', 'failed', 'cancelled'].includes(task.status)) return task
      if (interrupted.signal.aborted) {
        await library.drain()
        return 'interrupted'
      }
      await sleep(POLL_MS, undefined, { signal: interrupted.signal }).catch(() => undefined)
    }
  } finally {
    line.end()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

function furthest(task: TaskJson): string {
  const stages = Object.entries(task.stages).map(([name, count]) => `${name} ${count}`)
  return stages.length > 0 ? ` (${stages.join(', ')})` : ''
}

function printSummary(task: TaskJson): void {
  printLine(
    `Task ${task.id} ${task.status}: ${task.videos_found} found, ${task.videos_processed} processed, ` +
      `${task.videos_failed} failed, ${task.videos_duplicate} flagged as duplicates.`,
  )
  if (task.error_message) printLine(task.error_message)
  printAccount(task)
}
