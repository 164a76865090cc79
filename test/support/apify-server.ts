import type http from 'node:http'
import { type MediaServer, startMediaServer } from './media-server.ts'

/** What a run of an actor does. */
export interface RunPlan {
  items: unknown[]
  /** Results that are ready after each look at the run; all of them at the first look when absent. */
  perLook?: number
  /** SUCCEEDED unless given. `never`: it stays RUNNING. */
  ends?: 'SUCCEEDED' | 'FAILED' | 'TIMED-OUT' | 'never'
  statusMessage?: string
}

export interface StandInRun {
  id: string
  actor: string
  input: Record<string, unknown>
  /** Of the start: maxItems, maxTotalChargeUsd, timeout. */
  caps: URLSearchParams
  status: string
  startedAt: Date
  plan: RunPlan
  ready: number
}

type Place = 'start' | 'run' | 'items' | 'abort' | 'runs'
/**
 * `lost`: the start happens, its answer does not arrive. `same-page`: the first page whatever the offset.
 * `endless`: new results for ever.
 */
export type ApifyFault =
  | '400'
  | '401'
  | '402'
  | '403'
  | '429'
  | '429-at-once'
  | '503'
  | 'half-body'
  | 'not-json'
  | 'lost'
  | 'same-page'
  | 'endless'

export interface ApifyServer extends MediaServer {
  readonly runs: StandInRun[]
  /** Makes the next `times` requests of that kind fail. */
  fail(place: Place, fault: ApifyFault, times?: number): void
  /** Forgets runs and faults. */
  reset(): void
}

/** Dollars that one result costs here. */
export const ITEM_USD = 0.004

/**
 * A stand-in for Apify's REST API as documented at docs.apify.com/api/v2: starting an actor, its run,
 * waiting, aborting, the list of runs, a run's input record, the pages of a dataset.
 */
export async function startApifyServer(
  token: string,
  planOf: (actor: string, input: Record<string, unknown>) => RunPlan,
): Promise<ApifyServer> {
  const runs: StandInRun[] = []
  const faults: { place: Place; fault: ApifyFault }[] = []
  let started = 0

  const server = await startMediaServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    if (!url.pathname.startsWith('/v2/')) return false
    void body(request).then((text) => void answer(request, url, text, response))
    return true
  })

  function answer(
    request: http.IncomingMessage,
    url: URL,
    text: string,
    response: http.ServerResponse,
  ): unknown {
    if (request.headers.authorization !== `Bearer ${token}` || url.search.includes(token)) {
      return refuse(response, 401, 'user-or-token-not-found', 'User was not found')
    }
    const [, , kind, id = '', part, record] = url.pathname.split('/').map(decodeURIComponent)
    const isPost = request.method === 'POST'
    if (kind === 'acts' && part === 'runs' && isPost) {
      const fault = take('start')
      if (fault && fault !== 'lost') return failWith(fault, response)
      const run = start(id, JSON.parse(text), url.searchParams)
      if (fault === 'lost') return response.destroy()
      return json(response, { data: shown(run) }, 201)
    }
    if (kind === 'acts' && part === 'runs') {
      const fault = take('runs')
      if (fault) return failWith(fault, response)
      const items = runs.filter(({ actor }) => actor === id).reverse()
      return json(response, { data: { total: items.length, items: items.map(shown) } })
    }
    const run = runs.find((each) => [each.id, `data-${each.id}`, `store-${each.id}`].includes(id))
    if (!run) return refuse(response, 404, 'record-not-found', 'Not found')
    if (kind === 'key-value-stores' && record === 'INPUT') return json(response, run.input)
    if (kind === 'actor-runs' && part === 'abort' && isPost) {
      const fault = take('abort')
      if (fault) return failWith(fault, response)
      if (run.status === 'RUNNING') run.status = 'ABORTED'
      return json(response, { data: shown(run) })
    }
    if (kind === 'actor-runs') {
      const fault = take('run')
      if (fault) return failWith(fault, response)
      goOn(run)
      return json(response, { data: shown(run) })
    }
    if (kind === 'datasets' && part === 'items') return page(run, url.searchParams, response)
    return refuse(
      response,
      404,
      'page-not-found',
      'We have bad news: there is no API endpoint here',
    )
  }

  function start(actor: string, input: Record<string, unknown>, caps: URLSearchParams): StandInRun {
    const plan = planOf(actor, input)
    const run = { id: `run${++started}`, actor, input, caps, plan }
    const made = { ...run, status: 'RUNNING', startedAt: new Date(), ready: 0 }
    runs.push(made)
    return made
  }

  /** A look at a run is what lets its time pass. */
  function goOn(run: StandInRun): void {
    if (run.status !== 'RUNNING') return
    const { items, perLook = items.length, ends = 'SUCCEEDED' } = run.plan
    const paid = Math.floor(Number(run.caps.get('maxTotalChargeUsd')) / ITEM_USD + 1e-9)
    const most = Math.min(items.length, Number(run.caps.get('maxItems')), paid)
    run.ready = Math.min(run.ready + perLook, most)
    if (run.ready === most && ends !== 'never') run.status = ends
  }

  function page(run: StandInRun, params: URLSearchParams, response: http.ServerResponse): unknown {
    const fault = take('items')
    const offset = fault === 'same-page' ? 0 : Number(params.get('offset'))
    const limit = Number(params.get('limit'))
    let items = run.plan.items.slice(0, run.ready).slice(offset, offset + limit)
    if (fault === 'endless') {
      items = Array.from({ length: limit }, (_, i) => ({ id: `more-${offset + i}`, error: 'x' }))
    } else if (fault && fault !== 'same-page') return failWith(fault, response)
    response.setHeader('x-apify-pagination-total', String(run.ready))
    return json(response, items)
  }

  function take(place: Place): ApifyFault | null {
    const at = faults.findIndex((each) => each.place === place)
    return at === -1 ? null : faults.splice(at, 1)[0]!.fault
  }

  return Object.assign(server, {
    runs,
    fail(place: Place, fault: ApifyFault, times = 1) {
      for (let i = 0; i < times; i++) faults.push({ place, fault })
    },
    reset() {
      runs.length = 0
      faults.length = 0
      server.requests.length = 0
    },
  })
}

function shown(run: StandInRun): object {
  const isOver = run.status !== 'RUNNING'
  return {
    id: run.id,
    actId: 'HDSasDasz78YcAPEB',
    status: run.status,
    ...(isOver && run.plan.statusMessage ? { statusMessage: run.plan.statusMessage } : {}),
    startedAt: run.startedAt.toISOString(),
    finishedAt: isOver ? new Date().toISOString() : null,
    defaultDatasetId: `data-${run.id}`,
    defaultKeyValueStoreId: `store-${run.id}`,
    usageTotalUsd: run.ready * ITEM_USD,
  }
}

function failWith(fault: ApifyFault, response: http.ServerResponse): void {
  if (fault === '400') refuse(response, 400, 'invalid-input', 'Input is not valid')
  else if (fault === '401') refuse(response, 401, 'user-or-token-not-found', 'User was not found')
  else if (fault === '402') refuse(response, 402, 'not-enough-usage-to-run-paid-actor', 'No credit')
  else if (fault === '403') refuse(response, 403, 'insufficient-permissions', 'Not allowed')
  else if (fault === '503') response.writeHead(503).end('no backend')
  else if (fault === '429' || fault === '429-at-once') {
    response.setHeader('retry-after', fault === '429' ? '1' : '0')
    refuse(response, 429, 'rate-limit-exceeded', 'You have exceeded the rate limit')
  } else if (fault === 'half-body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
    response.write('{"data":{"id":"ru', () => setTimeout(() => response.destroy(), 10))
  } else response.writeHead(200, { 'content-type': 'text/html' }).end('<html>maintenance</html>')
}

function refuse(response: http.ServerResponse, status: number, type: string, message: string) {
  json(response, { error: { type, message } }, status)
}

function json(response: http.ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(value))
}

async function body(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
