/**
 * `npm run bench:acquire [-- --downloads N] [--candidates N] [--rounds N]`: what this program adds to
 * plain parallel HTTP, whether its memory grows, how exactly several workers keep a rate, and what
 * discovering very many candidates takes. The last line is JSON.
 */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import { migrate, openServer } from '../src/config/database.ts'
import { readSettings } from '../src/config/settings.ts'
import type { Candidate, Source } from '../src/ingestion/discovery/source.ts'
import { download } from '../src/ingestion/downloader.ts'
import { runIngestion } from '../src/ingestion/orchestrator.ts'
import { startJobs } from '../src/jobs.ts'
import { openServices, type Services } from '../src/services.ts'
import { createTask } from '../src/store/tasks.ts'
import { makeClip } from '../test/support/clip.ts'
import { createTestDatabase, testDatabaseUrl } from '../test/support/servers.ts'

const CONCURRENCY = 16
const LATENCY_MS = 150
const WORKERS = 4
const PER_MINUTE = 1200
const RATE_SECONDS = 20

const option = (name: string, fallback: number) => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? fallback : Number(process.argv[at + 1])
}
const downloads = option('downloads', 1000)
const candidates = option('candidates', 100_000)
const rounds = option('rounds', 3)
const never = new AbortController().signal
const mib = (bytes: number) => Math.round(bytes / 1024 ** 2)
const rss = () => {
  globalThis.gc?.()
  return mib(process.memoryUsage().rss)
}

const work = await mkdtemp(path.join(tmpdir(), 'forgeindex-bench-'))
try {
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model}, Node ${process.version}`
  console.log(`${machine}, load ${loadavg()[0]?.toFixed(1)}`)
  const result = {
    downloads: downloads > 0 ? await benchDownloads() : null,
    rate: testDatabaseUrl() ? await benchRate() : null,
    candidates: candidates > 0 ? await benchCandidates() : null,
    load: loadavg()[0],
  }
  console.log(JSON.stringify(result))
} finally {
  await rm(work, { recursive: true, force: true })
}

/** Both arms in turn, so that a busy machine disturbs them alike; the median of the rounds counts. */
async function benchDownloads() {
  const clip = path.join(work, 'clip.mp4')
  const { length: bytes } = await makeClip(clip, { seconds: 3 })
  await using server = await startChild('plain-server.ts', [clip, String(LATENCY_MS)])
  const settings = readSettings({
    FORGEINDEX_DATA_DIR: path.join(work, 'library'),
    FORGEINDEX_FETCH_CONCURRENCY: String(CONCURRENCY),
    // The server is an operator's endpoint here, so that the guard lets it pass.
    FORGEINDEX_COMMONS_URL: server.line,
    LOG_LEVEL: 'silent',
  })
  await using services = await openServices(settings)
  const url = (kind: string, n: number) => `${server.line}/${kind}-${n}.mp4`
  const agent = new Agent()
  const plain = async (round: number) => {
    const folder = path.join(work, `plain-${round}`)
    await mkdir(folder)
    return await perSecond(async (n) => {
      const answer = await fetch(url('plain', n), { dispatcher: agent })
      await writeFile(path.join(folder, `${n}.mp4`), Buffer.from(await answer.arrayBuffer()))
    })
  }
  const memory: number[] = []
  const ours = async (round: number) => {
    return await perSecond(async (n) => {
      const folder = path.join(work, `ours-${round}`, String(n))
      const from = { platform: 'urls', url: url('ours', n), downloadUrl: url('ours', n) } as const
      await download(settings, from, folder, { signal: never })
      if (n % 100 === 99) memory.push(rss())
    })
  }
  await perSecond(
    async (n) => void (await fetch(url('warm', n), { dispatcher: agent })).body?.cancel(),
    50,
  )
  const rates: { plain: number; ours: number; ratio: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const rate = { plain: await plain(round), ours: await ours(round) }
    rates.push({ ...rate, ratio: rate.ours / rate.plain })
    console.log(`plain ${rate.plain.toFixed(1)}/s, ours ${rate.ours.toFixed(1)}/s`)
  }
  const ratio = rates.map((each) => each.ratio).sort((a, b) => a - b)[rates.length >> 1]
  const whole = await benchJobs(services, url)
  await agent.close()
  return {
    count: downloads,
    bytes,
    latencyMs: LATENCY_MS,
    ratio,
    rates,
    jobsPerSecond: whole,
    memoryMiB: { first: memory[0], last: memory.at(-1), peak: Math.max(...memory) },
  }
}

/** The same through the queue, with ffprobe, storing and all rows: until all are stored. */
async function benchJobs(services: Services, url: (kind: string, n: number) => string) {
  const { database, queue } = services
  const { pool } = database
  const urls = Array.from({ length: Math.min(downloads, 300) }, (_, n) => url('jobs', n))
  const { rows } = await pool.query<{ id: string }>(
    `insert into videos (source_url, platform, source_id, title, taxonomy, fetch_from)
     select u, 'urls', md5(u), u, 'manufacturing', jsonb_build_object('url', u, 'downloadUrl', u)
     from unnest($1::text[]) u returning id`,
    [urls],
  )
  for (const { id } of rows) await queue.enqueue('fetch', { videoId: id })
  const started = performance.now()
  await startJobs(services)
  for (;;) {
    const stored = await pool.query('select from videos where storage_key is not null')
    if (stored.rowCount === urls.length) break
    await sleep(200)
  }
  return (urls.length / (performance.now() - started)) * 1000
}

async function perSecond(one: (n: number) => Promise<void>, count = downloads): Promise<number> {
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next < count) await one(next++)
    }),
  )
  return (count / (performance.now() - started)) * 1000
}

/** Workers are processes with connections of their own. */
async function benchRate() {
  const own = await createTestDatabase()
  try {
    {
      await using database = openServer(own.url)
      await migrate(database)
    }
    const startAt = Date.now() + 5000
    const args = [own.url, String(PER_MINUTE), String(startAt), String(RATE_SECONDS)]
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, async () => {
        await using child = await startChild('turns.ts', args)
        return Number(child.line)
      }),
    )
    const turns = workers.reduce((sum, each) => sum + each, 0)
    // What was there from the start comes on top.
    const due = PER_MINUTE / 10 + (PER_MINUTE / 60) * RATE_SECONDS
    return { perMinute: PER_MINUTE, seconds: RATE_SECONDS, workers, turns, due, ratio: turns / due }
  } finally {
    await own.drop()
  }
}

/** A source of very many candidates, most of them too long; the first and the last memory tell. */
async function benchCandidates() {
  const own = testDatabaseUrl() ? await createTestDatabase() : null
  try {
    const settings = readSettings({
      FORGEINDEX_DATA_DIR: path.join(work, 'many'),
      LOG_LEVEL: 'silent',
      ...(own ? { DATABASE_URL: own.url } : {}),
    })
    await using services = await openServices(settings)
    const memory: number[] = []
    const started = performance.now()
    const source: Source = {
      platform: 'commons',
      async *discover() {
        for (let n = 0; n < candidates; n++) {
          if (n % (candidates / 10) === 0) {
            memory.push(rss())
            console.log(
              `${n} candidates, ${memory.at(-1)} MiB, ${Math.round(performance.now() - started)} ms`,
            )
          }
          yield candidateOf(n)
        }
      },
    }
    const { db } = services.database
    const task = await db.transaction().execute((trx) =>
      createTask(trx, {
        ...{ query: 'lathe', platform: 'commons', urls: [], path: null },
        ...{ taxonomy: 'manufacturing', maxVideos: 10_000 },
      }),
    )
    const sources = { ...services.sources, commons: source }
    const signals = { signal: never, draining: never }
    await runIngestion({ ...services, sources }, task.id, signals)
    memory.push(rss())
    const seconds = (performance.now() - started) / 1000
    const { rows } = await services.database.pool.query(
      'select state, count(*) as count from candidates group by state order by state',
    )
    return {
      form: services.database.form,
      count: candidates,
      seconds: Math.round(seconds),
      perSecond: Math.round(candidates / seconds),
      memoryMiB: memory,
      rows,
    }
  } finally {
    await own?.drop()
  }
}

/** Every hundredth is taken. */
function candidateOf(n: number): Candidate {
  return {
    platform: 'commons',
    sourceId: `File:Lathe ${n}.webm`,
    url: `https://commons.wikimedia.org/wiki/File:Lathe_${n}.webm`,
    downloadUrl: `https://upload.wikimedia.org/wikipedia/commons/0/00/Lathe_${n}.webm`,
    title: `Lathe ${n}`,
    description: 'A lathe turns a shaft. '.repeat(20),
    durationSeconds: n % 100 === 0 ? 60 : 6000,
    uploader: 'somebody',
    uploaderUrl: null,
    publishedAt: null,
    licence: 'CC-BY-SA-4.0',
    licenceUrl: null,
    licenceEvidence: null,
    rank: n,
  } as Candidate
}

/** A script of bench/acquire/ in a process of its own; `line` is the first that it prints. */
async function startChild(
  script: string,
  args: string[],
): Promise<{ line: string } & AsyncDisposable> {
  const file = path.join(import.meta.dirname, 'acquire', script)
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)))
  })
  return {
    line,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}
