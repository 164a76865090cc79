import type { Response } from 'undici'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { ForgeindexError, PermanentError, TransientError } from '../errors.ts'
import { guardOf } from './guard.ts'
import { errorOfStatus, readJson, userAgent, withRetries } from './http.ts'

const ATTEMPTS = 5
/** The client libraries of Apify begin with this wait too [docs.apify.com/api/client/js]. */
const FIRST_WAIT_MS = 500
/** Runs looked through for one whose start was asked for and never confirmed. */
const RECENT_RUNS = 20

const RUNNING = ['READY', 'RUNNING', 'TIMING-OUT', 'ABORTING']

const runSchema = z.object({
  id: z.string(),
  status: z.string(),
  statusMessage: z.string().nullish().catch(null),
  startedAt: z.string().nullish().catch(null),
  defaultDatasetId: z.string(),
  defaultKeyValueStoreId: z.string().nullish().catch(null),
  usageTotalUsd: z.number().nullish().catch(null),
})

/** One execution of an actor [docs.apify.com/api/v2/actor-run-get]. */
export interface ApifyRun {
  id: string
  datasetId: string
  /** As Apify writes it: SUCCEEDED, FAILED, TIMED-OUT, ABORTED, else it still runs. */
  status: string
  statusMessage: string | null
  isOver: boolean
  /** Dollars so far; null while Apify does not say. Informational, by its documentation. */
  costUsd: number | null
}

export interface ApifyCaps {
  maxItems: number
  maxUsd: number
  timeoutSeconds: number
}

/**
 * Apify over its REST API. The token travels in the Authorization header alone, so that no address
 * in a log or a message carries it.
 */
export interface ApifyClient {
  /**
   * Starts a run and pays for it. Never asks twice by itself: a fault that leaves open whether the
   * run began is thrown as TransientError `apify-start-unclear`.
   */
  start(actor: string, input: object, caps: ApifyCaps, signal: AbortSignal): Promise<ApifyRun>
  /** A run of the actor with this very input that began at or after `since` and is not in `known`. */
  findRun(
    actor: string,
    input: object,
    options: { since: Date; known: string[] },
    signal: AbortSignal,
  ): Promise<ApifyRun | null>
  /** The run's state, at once or when it ends within `waitSeconds`; null when Apify has forgotten it. */
  run(id: string, waitSeconds: number, signal: AbortSignal): Promise<ApifyRun | null>
  /** Ends a run; one that has ended stays as it is. Its results stay. */
  abort(id: string, signal: AbortSignal): Promise<ApifyRun | null>
  /** Results of a run from `offset` on, in order; `total` as far as Apify knows it by now. */
  items(
    datasetId: string,
    page: { offset: number; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: unknown[]; total: number | null }>
}

export function apifyClient(settings: Settings): ApifyClient {
  const guard = guardOf(settings)
  const { token, url: base } = settings.apify
  const headers = { 'user-agent': userAgent(settings), authorization: `Bearer ${token}` }

  async function request(path: string, signal: AbortSignal, body?: string): Promise<Response> {
    const isPost = body !== undefined
    const response = await guard.fetch(`${base}${path}`, {
      signal,
      headers: isPost ? { ...headers, 'content-type': 'application/json' } : headers,
      ...(isPost ? { method: 'POST', body } : {}),
    })
    if (!response.ok) throw await refusalOf(response, path)
    return response
  }

  function get<T>(path: string, signal: AbortSignal, read: (response: Response) => Promise<T>) {
    return withRetries(async () => await read(await request(path, signal)), {
      attempts: ATTEMPTS,
      firstWaitMs: FIRST_WAIT_MS,
      signal,
    })
  }

  return {
    async start(actor, input, caps, signal) {
      const query = new URLSearchParams({
        maxItems: String(caps.maxItems),
        maxTotalChargeUsd: String(caps.maxUsd),
        timeout: String(caps.timeoutSeconds),
      })
      try {
        const path = `/v2/acts/${actorId(actor)}/runs?${query}`
        return runOf(await readJson(await request(path, signal, JSON.stringify(input))))
      } catch (thrown) {
        signal.throwIfAborted()
        // 429 came before anything began; of every other passing fault nobody can tell.
        if (!(thrown instanceof ForgeindexError) || thrown instanceof PermanentError) throw thrown
        if (thrown.code === 'rate-limited') throw thrown
        throw new TransientError('apify-start-unclear', thrown.message, { cause: thrown })
      }
    },

    async findRun(actor, input, { since, known }, signal) {
      const wanted = canonicalJson(input)
      const path = `/v2/acts/${actorId(actor)}/runs?desc=true&limit=${RECENT_RUNS}`
      const listed = await get(path, signal, readJson)
      const list = z.object({ data: z.object({ items: z.array(runSchema) }) }).safeParse(listed)
      if (!list.success) throw notUnderstood('the list of runs')
      for (const run of list.data.data.items) {
        if (known.includes(run.id) || Date.parse(run.startedAt ?? '') < since.getTime()) continue
        const store = run.defaultKeyValueStoreId
        if (!store) continue
        const record = `/v2/key-value-stores/${encodeURIComponent(store)}/records/INPUT`
        const had = await get(record, signal, readJson).catch(noneIfGone)
        if (canonicalJson(had) === wanted) return asRun(run)
      }
      return null
    },

    async run(id, waitSeconds, signal) {
      const path = `/v2/actor-runs/${encodeURIComponent(id)}?waitForFinish=${waitSeconds}`
      return await get(path, signal, async (response) => runOf(await readJson(response))).catch(
        noneIfGone,
      )
    },

    async abort(id, signal) {
      const path = `/v2/actor-runs/${encodeURIComponent(id)}/abort?gracefully=true`
      return await withRetries(async () => runOf(await readJson(await request(path, signal, ''))), {
        attempts: ATTEMPTS,
        firstWaitMs: FIRST_WAIT_MS,
        signal,
      }).catch(noneIfGone)
    },

    async items(datasetId, { offset, limit }, signal) {
      const path = `/v2/datasets/${encodeURIComponent(datasetId)}/items?format=json&offset=${offset}&limit=${limit}`
      return await get(path, signal, async (response) => {
        const items = await readJson(response)
        if (!Array.isArray(items)) throw notUnderstood('the results')
        const total = Number(response.headers.get('x-apify-pagination-total') ?? Number.NaN)
        return { items, total: Number.isFinite(total) ? total : null }
      })
    },
  }
}

/** JSON with its keys in order, so that one input is one text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function runOf(body: unknown): ApifyRun {
  const parsed = z.object({ data: runSchema }).safeParse(body)
  if (!parsed.success) throw notUnderstood('the run')
  return asRun(parsed.data.data)
}

function asRun(run: z.infer<typeof runSchema>): ApifyRun {
  return {
    id: run.id,
    datasetId: run.defaultDatasetId,
    status: run.status,
    statusMessage: run.statusMessage ?? null,
    isOver: !RUNNING.includes(run.status),
    costUsd: run.usageTotalUsd ?? null,
  }
}

/** Apify's refusals say what to mend: the token, the credit, the actor's name, its input. */
async function refusalOf(response: Response, path: string): Promise<ForgeindexError> {
  const { status } = response
  const said = await readJson(response).catch(() => null)
  const error = z.object({ error: z.object({ type: z.string(), message: z.string() }) })
  const detail = error.safeParse(said).data?.error
  const why = detail ? `${detail.type}: ${detail.message.slice(0, 300)}` : `status ${status}`
  const actor = /^\/v2\/acts\/([^/?]+)/.exec(path)?.[1]
  const refused = (code: string, advice: string) =>
    new PermanentError(code, `Apify refuses (${why}). ${advice}`)
  if (status === 401) return refused('apify-token-refused', 'Check APIFY_API_TOKEN.')
  if (status === 402) return refused('apify-no-credit', 'Its account is out of credit.')
  if (status === 403) {
    return refused('apify-access-denied', 'The account may not do this; see console.apify.com.')
  }
  if (status === 404 && actor) {
    const advice = `There is no actor ${decodeURIComponent(actor)}; name another in FORGEINDEX_APIFY_*_ACTOR.`
    return refused('apify-actor-not-found', advice)
  }
  if (status === 400) {
    return refused('apify-input-refused', 'The actor may take another input than the default one.')
  }
  return errorOfStatus(response, response.url)
}

/** What is not there (any more) is null; other errors go on. */
function noneIfGone(thrown: unknown): null {
  if (thrown instanceof PermanentError && thrown.code === 'video-gone') return null
  throw thrown
}

function notUnderstood(what: string): TransientError {
  return new TransientError('unexpected-answer', `Apify gave ${what} in a form not known here.`)
}

function actorId(actor: string): string {
  return encodeURIComponent(actor.replace('/', '~'))
}
