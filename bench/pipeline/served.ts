import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../src/media/process.ts'
import { type CpuUsed, countCpu } from './cpu-time.ts'

const root = path.resolve(import.meta.dirname, '../..')
const program = path.join(root, 'dist/cli.js')
const HEALTH_EVERY_MS = 200

/** One video through the running program. */
export interface WholeRun {
  /** From the task's making to its end, queue and copying included. */
  seconds: number
  steps: { name: string; state: string; seconds: number; counts: Record<string, number> }[]
  keyframes: number
  detections: number
  words: number
  /** What was said. */
  text: string
  /** Labels of each whole second, as `second label`. */
  objects: Set<string>
  concepts: Set<string>
  /** Beginnings of the best moments of each query in seconds, best first; only when asked for. */
  moments: Map<string, number[]>
  /** Of the serving process itself meanwhile; null where the system does not tell. */
  parentCpu: CpuUsed | null
  /** 99th percentile of the time that /health took to answer meanwhile, in milliseconds. */
  healthP99Ms: number
}

/** The compiled program, serving an embedded library of its own. */
export interface Served extends AsyncDisposable {
  pid: number
  /** Base address of its API. */
  url: string
  dataDir: string
  /** @param queries searched for in the library afterwards */
  ingest(file: string, queries?: readonly string[]): Promise<WholeRun>
  /** All videos of a folder, `seconds` from the task's making to its end. */
  ingestFolder(
    folder: string,
  ): Promise<Pick<WholeRun, 'seconds' | 'parentCpu'> & { processed: number; failed: number }>
}

/** Starts `forgeindex serve` on an empty library in `dataDir`. */
export async function serve(dataDir: string, variables: NodeJS.ProcessEnv): Promise<Served> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = { ...variables, FORGEINDEX_DATA_DIR: dataDir, LOG_LEVEL: 'warn' }
  const server = spawn(process.execPath, [program, 'serve', '--port', String(port)], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  })
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
  await untilHealthy(url, server)
  const take = async (place: string) => {
    const cpuUsed = countCpu(server.pid!)
    const { code, stdout, stderr } = await run(
      process.execPath,
      [program, 'ingest', place, '--wait', '--json'],
      { cwd: root, env: env as Record<string, string>, timeoutMs: 1_800_000 },
    )
    const parentCpu = cpuUsed()
    if (code !== 0) throw new Error(`forgeindex ingest ended with ${code}: ${stderr}`)
    const task = JSON.parse(stdout) as {
      created_at: string
      finished_at: string
      videos_processed: number
      videos_failed: number
    }
    return {
      seconds: (Date.parse(task.finished_at) - Date.parse(task.created_at)) / 1000,
      processed: task.videos_processed,
      failed: task.videos_failed,
      parentCpu,
    }
  }
  return {
    pid: server.pid!,
    url,
    dataDir,
    ingestFolder: take,
    async ingest(file, queries = []) {
      const health = watchHealth(url)
      const { seconds, parentCpu } = await take(file).finally(() => health.stop())
      const healthP99Ms = await health.stop()
      const video = await detailOf(url, path.basename(file))
      return {
        seconds,
        steps: video.steps,
        keyframes: video.keyframes.length,
        detections: video.detections.length,
        words: (video.transcript?.full_text ?? '').split(/\s+/).filter(Boolean).length,
        text: video.transcript?.full_text ?? '',
        objects: labelsOf(video.detections),
        concepts: labelsOf(video.concepts),
        moments: new Map(
          await Promise.all(
            queries.map(async (query) => [query, await momentsOf(url, query)] as const),
          ),
        ),
        parentCpu,
        healthP99Ms,
      }
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM')
      await ended
    },
  }
}

interface Labelled {
  timestamp: number
  label: string
}

function labelsOf(found: Labelled[]): Set<string> {
  return new Set(found.map(({ timestamp, label }) => `${Math.floor(timestamp)} ${label}`))
}

async function momentsOf(url: string, query: string): Promise<number[]> {
  const answer = (await (
    await fetch(`${url}/api/search?q=${encodeURIComponent(query)}&limit=1`)
  ).json()) as { results: { moments: { start_time: number }[] }[] }
  return answer.results.flatMap(({ moments }) => moments.map((moment) => moment.start_time))
}

interface VideoDetail {
  steps: WholeRun['steps']
  keyframes: unknown[]
  detections: Labelled[]
  concepts: Labelled[]
  transcript: { full_text: string } | null
}

async function detailOf(url: string, title: string): Promise<VideoDetail> {
  const list = (await (await fetch(`${url}/api/videos?limit=200`)).json()) as {
    items: { id: string; title: string }[]
  }
  const found = list.items.find((video) => video.title === title)
  if (!found) throw new Error(`The library has no video ${title}`)
  return (await (await fetch(`${url}/api/videos/${found.id}`)).json()) as VideoDetail
}

/** Asks /health all the time, as a load balancer would but more often. */
function watchHealth(url: string): { stop(): Promise<number> } {
  const times: number[] = []
  let watching = true
  const watch = async () => {
    while (watching) {
      const began = performance.now()
      await (await fetch(`${url}/health`)).arrayBuffer()
      times.push(performance.now() - began)
      await sleep(HEALTH_EVERY_MS)
    }
  }
  const watched = watch()
  return {
    async stop() {
      watching = false
      await watched
      times.sort((a, b) => a - b)
      return times[Math.ceil(times.length * 0.99) - 1] ?? 0
    },
  }
}

async function untilHealthy(url: string, server: ChildProcess): Promise<void> {
  for (let waited = 0; waited < 120_000; waited += 200) {
    if (server.exitCode !== null) break
    const answer = await fetch(`${url}/health`).catch(() => null)
    if (answer) return
    await sleep(200)
  }
  server.kill('SIGKILL')
  throw new Error('forgeindex serve did not start; its messages are above.')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
