import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../config/database.ts'
import type { Settings } from '../config/settings.ts'
import { type ForgeindexError, PermanentError, TransientError } from '../errors.ts'
import type { Logger } from '../log.ts'
import {
  beginSourceRun,
  closeSourceRun,
  knownRunIds,
  openSourceRuns,
  type SourceRun,
  sourceRunsFor,
  spentOnTask,
  updateSourceRun,
} from '../store/source-runs.ts'
import { type ApifyClient, type ApifyRun, apifyClient, canonicalJson } from './apify-client.ts'
import type { DiscoveryOptions } from './discovery/source.ts'
import { hashOf } from './urls.ts'

/** The actor ends itself after this long, and keeps what it found. */
const RUN_TIMEOUT_SECONDS = 3600
/** Short, so that the first results are taken while the run goes on. */
const WAIT_SECONDS = 5
const PAGE_SIZE = 200
/** An unnamed dataset is kept for seven days; an older run is not gone back to. */
const REUSE_MS = 5 * 24 * 3600 * 1000
/** Runs that may end badly for one question of one task before it is not asked again. */
const FRUITLESS_RUNS = 2
const START_ATTEMPTS = 3
/** Apify's clock may be behind ours. */
const CLOCK_MARGIN_MS = 60_000
/** The same page again and again is an endless pager. */
const SAME_PAGES = 3
/** Empty answers after the end while more results are counted. */
const LATE_PAGES = 3
const ABORT_TIMEOUT_MS = 10_000

export interface ApifyQuestion {
  platform: string
  actor: string
  input: object
  /** Results asked for; the run may bring a few more, never many. */
  maxItems: number
}

interface OwnRun {
  run: ApifyRun
  /** Writes what Apify says about the run into the task's row of it. */
  keep(run: ApifyRun): Promise<void>
}

/**
 * The results of one question, page by page while the run still goes on. A task that has asked the
 * same before goes on with that run. A run that no task keeps ends when the caller leaves.
 *
 * @throws PermanentError `apify-run-failed` after the results there were, `apify-budget-spent`
 * @throws what apify-client.ts throws
 */
export async function* apifyResults(
  settings: Settings,
  question: ApifyQuestion,
  options: DiscoveryOptions,
): AsyncIterable<unknown[]> {
  const client = apifyClient(settings)
  const own = await openRun(client, settings, question, options)
  let { run } = own
  const bound = question.maxItems * 2 + PAGE_SIZE
  const deadline = Date.now() + (RUN_TIMEOUT_SECONDS + 600) * 1000
  let [offset, previous, same, late] = [0, '', 0, 0]
  try {
    while (offset < bound) {
      options.signal.throwIfAborted()
      const page = { offset, limit: PAGE_SIZE }
      const { items, total } = await client.items(run.datasetId, page, options.signal)
      if (items.length > 0) {
        const text = hashOf(JSON.stringify(items))
        same = text === previous ? same + 1 : 0
        previous = text
        if (same >= SAME_PAGES) throw endless()
        if (same > 0) {
          await sleep(200 * same, undefined, { signal: options.signal })
          continue
        }
        yield items
        offset += items.length
      } else if (run.isOver && (offset >= (total ?? 0) || late >= LATE_PAGES)) {
        if (run.status !== 'SUCCEEDED') throw failed(run)
        return
      } else if (Date.now() > deadline) {
        throw new TransientError('timed-out', `The run ${run.id} at Apify does not end.`)
      } else {
        // The last results may be counted before they can be read.
        if (run.isOver) await sleep(500 * 2 ** late++, undefined, { signal: options.signal })
        run = await stateOf(client, run, options.signal)
        await own.keep(run)
      }
    }
    throw endless()
  } finally {
    if (!options.task && !run.isOver) await abortRun(client, run.id).catch(() => null)
  }
}

/**
 * Ends at Apify what a task no longer needs, or what tasks left behind that are over. A run that cannot
 * be ended now stays open in its row, for the next round.
 */
export async function endApifyRuns(
  { settings, logger }: { settings: Settings; logger: Logger },
  db: Db,
  of: { taskId: string } | 'ended-tasks',
): Promise<void> {
  if (!settings.apify.token) return
  const client = apifyClient(settings)
  for (const row of await openSourceRuns(db, of)) {
    try {
      const id = row.runId ?? (await lostRun(client, db, row))?.id
      const run = id === undefined ? null : await abortRun(client, id)
      if (run) await updateSourceRun(db, row.id, rowOf(run))
      else await closeSourceRun(db, row.id, 'gone')
    } catch (thrown) {
      logger.warn({ err: thrown, runId: row.runId }, 'a run at Apify could not be ended yet')
    }
  }
}

/** The task's earlier run for this question when it is of use, else a new one. */
async function openRun(
  client: ApifyClient,
  settings: Settings,
  question: ApifyQuestion,
  options: DiscoveryOptions,
): Promise<OwnRun> {
  const { task, signal } = options
  const { platform, actor, input } = question
  /** The run of a start that was asked for and not confirmed. */
  const lost = (startedAt: Date) =>
    lostRun(client, task?.db ?? null, { actor, input, startedAt }, signal)
  if (!task) {
    const maxUsd = options.maxUsd ?? settings.apify.maxUsd
    const since = new Date()
    const run = await startRun(client, question, maxUsd, signal, () => lost(since))
    return { run, keep: async () => {} }
  }
  const { db, id: taskId } = task
  const key = { platform, actor, inputHash: hashOf(canonicalJson({ actor, input })) }
  const rows = await sourceRunsFor(db, taskId, key)
  const keepIn = (rowId: number) => (run: ApifyRun) => updateSourceRun(db, rowId, rowOf(run))

  const [last] = rows
  const resumed = last ? await resume(client, last, lost, signal) : null
  if (last && resumed) {
    await keepIn(last.id)(resumed)
    if (resumed.status === 'SUCCEEDED' || !resumed.isOver) {
      return { run: resumed, keep: keepIn(last.id) }
    }
  } else if (last && last.finishedAt === null) {
    await closeSourceRun(db, last.id, last.runId === null ? 'refused' : 'gone')
  }
  const fruitless = rows.filter(({ runId }) => runId !== null).length
  if (last && resumed && fruitless >= FRUITLESS_RUNS) throw failed(resumed)

  const left = settings.apify.maxUsd - (await spentOnTask(db, taskId))
  const maxUsd = Math.floor(Math.min(left, options.maxUsd ?? left) * 10_000) / 10_000
  if (maxUsd <= 0) {
    throw new PermanentError(
      'apify-budget-spent',
      'The task has spent the dollars at Apify that it may: FORGEINDEX_APIFY_MAX_USD allows ' +
        `${settings.apify.maxUsd}, and max_usd where it was given can only allow less.`,
    )
  }
  const rowId = await beginSourceRun(db, taskId, { ...key, input, maxUsd })
  const since = new Date()
  try {
    const run = await startRun(client, question, maxUsd, signal, () => lost(since))
    await keepIn(rowId)(run)
    return { run, keep: keepIn(rowId) }
  } catch (thrown) {
    // Of an unclear start the row stays open: the next try looks for its run first.
    if (thrown instanceof PermanentError || codeOf(thrown) === 'rate-limited') {
      await closeSourceRun(db, rowId, 'refused')
    }
    throw thrown
  }
}

/** What became of an earlier run; null when nothing can be had from it any more. */
async function resume(
  client: ApifyClient,
  row: SourceRun,
  lost: (since: Date) => Promise<ApifyRun | null>,
  signal: AbortSignal,
): Promise<ApifyRun | null> {
  if (Date.now() - row.startedAt.getTime() > REUSE_MS) return null
  if (row.runId !== null) return await client.run(row.runId, 0, signal)
  return row.finishedAt === null ? await lost(row.startedAt) : null
}

/** Starts one run and no second one: after an unclear answer it looks for the run first. */
async function startRun(
  client: ApifyClient,
  question: ApifyQuestion,
  maxUsd: number,
  signal: AbortSignal,
  findLost: () => Promise<ApifyRun | null>,
): Promise<ApifyRun> {
  const caps = { maxItems: question.maxItems, maxUsd, timeoutSeconds: RUN_TIMEOUT_SECONDS }
  for (let tried = 1; ; tried++) {
    try {
      return await client.start(question.actor, question.input, caps, signal)
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown
      if (thrown.code === 'apify-start-unclear') {
        const run = await findLost()
        if (run) return run
      }
      const waitMs = thrown.retryAfterMs ?? 500 * 2 ** tried
      if (tried >= START_ATTEMPTS || waitMs > 120_000) throw thrown
      await sleep(waitMs, undefined, { signal })
    }
  }
}

/** A run whose start was asked for and never confirmed, found by its input. */
async function lostRun(
  client: ApifyClient,
  db: Db | null,
  { actor, input, startedAt }: Pick<SourceRun, 'actor' | 'input' | 'startedAt'>,
  signal: AbortSignal = AbortSignal.timeout(ABORT_TIMEOUT_MS),
): Promise<ApifyRun | null> {
  const known = db ? await knownRunIds(db, actor) : []
  const since = new Date(startedAt.getTime() - CLOCK_MARGIN_MS)
  return await client.findRun(actor, input, { since, known }, signal)
}

async function stateOf(client: ApifyClient, run: ApifyRun, signal: AbortSignal): Promise<ApifyRun> {
  const now = await client.run(run.id, run.isOver ? 0 : WAIT_SECONDS, signal)
  if (now) return now
  throw new PermanentError('apify-run-failed', `Apify no longer knows the run ${run.id}.`)
}

/** With a time limit of its own: the caller's signal may be what ends the run. */
async function abortRun(client: ApifyClient, id: string): Promise<ApifyRun | null> {
  return await client.abort(id, AbortSignal.timeout(ABORT_TIMEOUT_MS))
}

function rowOf(run: ApifyRun) {
  const { id: runId, datasetId, status: state, isOver, costUsd } = run
  return { runId, datasetId, state, isOver, costUsd }
}

function codeOf(thrown: unknown): string {
  return (thrown as Partial<ForgeindexError>).code ?? ''
}

function failed(run: ApifyRun): PermanentError {
  const why = run.statusMessage ? `: ${run.statusMessage.slice(0, 300)}` : ''
  return new PermanentError(
    'apify-run-failed',
    `The run ${run.id} at Apify ended ${run.status}${why}.`,
  )
}

function endless(): PermanentError {
  return new PermanentError(
    'apify-endless',
    'Apify gives more pages of results than were asked for, or the same ones again.',
  )
}
