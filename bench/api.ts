/**
 * `npm run bench:api [-- --json] [--videos N] [--times N]`: how long the API's lists take with 10,000
 * videos of 60 keyframes in the library, asked over HTTP one after the other, on the embedded database
 * and, with FORGEINDEX_TEST_DATABASE_URL, on PostgreSQL. The embedded library is made once and kept
 * under `.cache/bench`; the one on the server is dropped at the end.
 *
 * The last line is JSON. `--json` leaves out the tables before it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { buildApp } from '../src/api/app.ts'
import { readSettings } from '../src/config/settings.ts'
import { openServices } from '../src/services.ts'
import { createTestDatabase, testDatabaseUrl } from '../test/support/servers.ts'
import { fillLibrary } from './support/fill-library.ts'
import { keptLibrary } from './support/kept-library.ts'

interface Timing {
  call: string
  p50: number
  p95: number
  p99: number
  /**
   * CPU time of this process per call, mean: what a quiet machine would need at least. With the
   * embedded database all of the work, with a server only ours.
   */
  cpu: number
  bytes: number
}

/** A list must answer within this at the 95th percentile. Milliseconds. */
const AIM_MS = 50
const WARM_UPS = 3

const onlyJson = process.argv.includes('--json')
const videos = option('--videos', 10_000)
const times = option('--times', 100)
const size = { videos, keyframesPerVideo: 60, vectorsPerVideo: 1 }

const results: Record<string, Timing[]> = {}
results.embedded = await measure({ FORGEINDEX_DATA_DIR: await keptLibrary(size) })
if (testDatabaseUrl()) {
  const database = await createTestDatabase()
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-bench-'))
  try {
    const variables = { FORGEINDEX_DATA_DIR: folder, DATABASE_URL: database.url }
    {
      await using services = await openServices(settingsOf(variables))
      await fillLibrary(services.database.db, size)
    }
    results.server = await measure(variables)
  } finally {
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  }
}
if (!onlyJson) for (const [form, timings] of Object.entries(results)) print(form, timings)
console.log(JSON.stringify({ ...size, times, aim_ms: AIM_MS, load: loadavg()[0], results }))

async function measure(variables: Record<string, string>): Promise<Timing[]> {
  await using services = await openServices(settingsOf(variables))
  const app = await buildApp(services, { localToken: null, loopbackOnly: true })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  try {
    const timings: Timing[] = []
    for (const call of await callsFor(url)) timings.push(await time(url, call))
    return timings
  } finally {
    await app.close()
  }
}

async function callsFor(url: string): Promise<string[]> {
  const video = (await ask<{ items: { id: string }[] }>(url, '/api/videos?limit=1')).items[0]!.id
  const task = (await ask<{ items: { id: string }[] }>(url, '/api/tasks?limit=1')).items[0]!.id
  const deep = await deepCursor(url, '/api/videos?limit=200')
  const deepByTitle = await deepCursor(url, '/api/videos?limit=200&sort=title')
  return [
    '/api/videos?limit=50',
    `/api/videos?limit=50&cursor=${deep}`,
    '/api/videos?limit=50&sort=title',
    `/api/videos?limit=50&sort=title&cursor=${deepByTitle}`,
    '/api/videos?limit=50&sort=-duration',
    '/api/videos?limit=50&platform=commons&hide_duplicates=true',
    '/api/videos?limit=50&objects=truck&min_confidence=0.5',
    '/api/videos?limit=50&objects=truck,person&tags=cnc&has_speech=true',
    '/api/videos?limit=50&activities=tool_usage&licence=open',
    '/api/videos?limit=50&q=lathe',
    '/api/facets',
    '/api/facets?platform=commons',
    '/api/facets?objects=truck',
    '/api/facets?tags=cnc&has_speech=true',
    '/stats',
    '/api/tasks?limit=50',
    `/api/tasks/${task}/candidates`,
    '/api/dataset?limit=50',
    '/api/search?q=welding+frame&limit=50',
    `/api/search?similar_to=video:${video}&limit=50`,
    `/api/videos/${video}?fields=id,title,objects_summary,keyframe_count,detection_count,models,tags`,
    `/api/videos/${video}/timeline`,
    `/api/videos/${video}/keyframes?sample=12`,
    `/api/videos/${video}/detections`,
  ]
}

/** The cursor near the end of a list: nine pages of ten lie before it. */
async function deepCursor(url: string, list: string): Promise<string> {
  let cursor: string | null = null
  for (let page = 0; page < Math.floor(videos / 200) - 1; page++) {
    const answer: { next_cursor: string | null } = await ask(
      url,
      cursor ? `${list}&cursor=${cursor}` : list,
    )
    if (!answer.next_cursor) break
    cursor = answer.next_cursor
  }
  return cursor ?? ''
}

async function time(url: string, call: string): Promise<Timing> {
  for (let i = 0; i < WARM_UPS; i++) await ask(url, call)
  const taken: number[] = []
  let bytes = 0
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    const answer = await fetch(url + call)
    bytes = (await answer.arrayBuffer()).byteLength
    taken.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(before)
  taken.sort((a, b) => a - b)
  const tenths = (ms: number) => Math.round(ms * 10) / 10
  const at = (share: number) =>
    tenths(taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]!)
  const cpu = tenths((user + system) / 1000 / times)
  return { call: shown(call), p50: at(0.5), p95: at(0.95), p99: at(0.99), cpu, bytes }
}

async function ask<T>(url: string, call: string): Promise<T> {
  const answer = await fetch(url + call)
  if (!answer.ok) throw new Error(`${call}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

function print(form: string, timings: Timing[]): void {
  console.log(`\n${videos} videos, ${form}: milliseconds over ${times} calls each\n`)
  console.log('| call | p50 | p95 | p99 | p95 : 50 ms | CPU | kB |\n|---|---|---|---|---|---|---|')
  for (const { call, p50, p95, p99, cpu, bytes } of timings) {
    const ratio = (p95 / AIM_MS).toFixed(2)
    console.log(
      `| \`${call}\` | ${p50} | ${p95} | ${p99} | ${ratio} | ${cpu} | ${Math.round(bytes / 1024)} |`,
    )
  }
}

/** Ids and cursors say nothing to a reader. */
function shown(call: string): string {
  return call
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '{id}')
    .replace(/cursor=.*/, 'cursor={deep}')
}

function settingsOf(variables: Record<string, string>) {
  return readSettings({ ...variables, LOG_LEVEL: 'warn' })
}

function option(name: string, usual: number): number {
  const at = process.argv.indexOf(name)
  return at < 0 ? usual : Number(process.argv[at + 1]) || usual
}
