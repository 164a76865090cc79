/**
 * `npm run bench:models [-- --json] [--rounds N]`: how long a new program takes to its first batch of
 * vectors, how long a search waits while videos are processed on all cores, and what the processes
 * hold. With FORGEINDEX_PEER_DIR on CLIP ViT-B/32 and YOLOv8n, else on the models of the settings.
 *
 * The last line is JSON. `--json` leaves out the table before it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings } from '../src/config/settings.ts'
import { run } from '../src/media/process.ts'
import { type ColdStart, coldStart } from './models/cold-start.ts'
import { latencyWhile } from './models/saturated.ts'
import { framesOf } from './pipeline/bare.ts'
import { openBaseline } from './pipeline/baseline.ts'
import { benchClip, variantOf } from './pipeline/clip.ts'
import { watchMemory } from './pipeline/memory.ts'
import { serve } from './pipeline/served.ts'

const root = path.resolve(import.meta.dirname, '..')
const onlyJson = process.argv.includes('--json')
const roundCount = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 3
const work = mkdtempSync(path.join(tmpdir(), 'forgeindex-bench-'))
const BATCH = 16

try {
  await bench()
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const given = readSettings(process.env)
  const baseline = openBaseline(process.env.FORGEINDEX_PEER_DIR, root, work, given.modelDirs)
  const variables = {
    ...process.env,
    FORGEINDEX_MODELS_DIR: given.modelDirs[0],
    ...baseline?.variables,
  }
  const settings = readSettings({ ...variables, FORGEINDEX_DATA_DIR: work })
  const testData = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
  const clip = baseline
    ? baseline.clip
    : (await benchClip(settings.ffmpeg, testData, path.join(root, '.cache/bench'))).file
  const built = await run(process.execPath, [path.join(root, 'scripts/build.mjs')])
  if (built.code !== 0) throw new Error(built.stderr)

  const cold = await coldStarts(clip, settings, { ...variables, FORGEINDEX_DATA_DIR: work })
  await using served = await serve(path.join(work, 'library'), variables)
  // The first video and the first search pay for loading the models.
  await served.ingest(await variantOf(settings.ffmpeg, clip, path.join(work, 'warm-up.mp4')))
  const ask = async (text: string) => {
    const answer = await fetch(`${served.url}/api/search?q=${encodeURIComponent(text)}`)
    if (!answer.ok) throw new Error(`The search answered ${answer.status}.`)
    await answer.arrayBuffer()
  }
  await ask('warm up')
  const quiet = await latencyWhile(ask, new Promise((resolve) => setTimeout(resolve, 5_000)))
  const memory = watchMemory(served.pid)
  const folder = path.join(work, 'videos')
  mkdirSync(folder)
  for (let n = 0; n < roundCount; n++) {
    await variantOf(settings.ffmpeg, clip, path.join(folder, `${n}.mp4`))
  }
  const saturated = await latencyWhile(ask, served.ingestFolder(folder))
  report(cold, { quiet, saturated }, await memory.stop())
}

async function coldStarts(
  clip: string,
  settings: ReturnType<typeof readSettings>,
  variables: NodeJS.ProcessEnv,
): Promise<ColdStart[]> {
  using frames = await framesOf(settings, clip)
  const pictures = frames.pictures.slice(0, BATCH)
  // The first one reads the files from disk and hashes them.
  await coldStart(pictures, variables)
  const starts: ColdStart[] = []
  for (let n = 0; n < roundCount; n++) starts.push(await coldStart(pictures, variables))
  return starts
}

function report(
  cold: ColdStart[],
  search: Record<'quiet' | 'saturated', Awaited<ReturnType<typeof latencyWhile>>>,
  memory: { parent: number | null; everything: number | null },
): void {
  const cpu = cold.flatMap(({ cpuSeconds }) => cpuSeconds ?? [])
  const result = {
    hardware: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`,
    load_average: round2(loadavg()[1] ?? 0),
    cold_start_seconds: round2(Math.min(...cold.map(({ seconds }) => seconds))),
    cold_start_cpu_seconds: cpu.length > 0 ? round2(Math.min(...cpu)) : null,
    search_quiet_p50_ms: round2(search.quiet.p50),
    search_quiet_p95_ms: round2(search.quiet.p95),
    search_saturated_count: search.saturated.count,
    search_saturated_p50_ms: round2(search.saturated.p50),
    search_saturated_p95_ms: round2(search.saturated.p95),
    peak_memory_mb: memory.everything,
    parent_peak_memory_mb: memory.parent,
  }
  for (const [name, value] of Object.entries(result)) {
    if (!onlyJson) process.stdout.write(`${name.padEnd(26)} ${value}\n`)
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
