/**
 * `npm run bench:pipeline [-- --json] [--rounds N]`: how much of the time of a whole run is decoding
 * and models, which nobody can save. Every round measures all four in turn on the same 120 s clip,
 * so that a busy machine disturbs them alike; the least of the rounds counts.
 *
 * The last line is JSON. `--json` leaves out the table before it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings } from '../src/config/settings.ts'
import { run } from '../src/media/process.ts'
import { bareDecodeSeconds, framesOf, loadBareModels } from './pipeline/bare.ts'
import { openBaseline } from './pipeline/baseline.ts'
import { benchClip, CLIP_SECONDS, variantOf } from './pipeline/clip.ts'
import { watchMemory } from './pipeline/memory.ts'
import { serve, type WholeRun } from './pipeline/served.ts'

interface Round {
  decode: number
  frames: number
  clip: number
  detector: number
  speech: number
  whole: WholeRun
  baseline: number | null
}

const root = path.resolve(import.meta.dirname, '..')
const onlyJson = process.argv.includes('--json')
const roundCount = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 3
const work = mkdtempSync(path.join(tmpdir(), 'forgeindex-bench-'))
const cache = path.join(root, '.cache/bench')

try {
  await bench()
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const given = readSettings(process.env)
  const baseline = openBaseline(process.env.FORGEINDEX_PEER_DIR, root, work, given.modelDirs)
  // The bench's library is a new one; the models are those of the library that the environment names.
  const variables = {
    ...process.env,
    FORGEINDEX_MODELS_DIR: given.modelDirs[0],
    ...baseline?.variables,
  }
  const settings = readSettings({ ...variables, FORGEINDEX_DATA_DIR: work })
  const testData = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
  const { file, material } = baseline
    ? { file: baseline.clip, material: 'footage' as const }
    : await benchClip(settings.ffmpeg, testData, cache)
  const built = await run(process.execPath, [path.join(root, 'scripts/build.mjs')])
  if (built.code !== 0) throw new Error(built.stderr)

  await using models = await loadBareModels(settings)
  await using served = await serve(path.join(work, 'library'), variables)
  // The first video pays for loading the models; what is measured is a program at work.
  await served.ingest(await variantOf(settings.ffmpeg, file, path.join(work, 'warm-up.mp4')))
  const memory = watchMemory(served.pid)
  const rounds: Round[] = []
  for (let n = 1; n <= roundCount; n++) {
    const decode = await bareDecodeSeconds(settings, file)
    using frames = await framesOf(settings, file)
    const bare = await models.run(frames.pictures, frames.audio!)
    const whole = await served.ingest(
      await variantOf(settings.ffmpeg, file, path.join(work, `round-${n}.mp4`)),
    )
    const compared = baseline ? await baseline.seconds(settings.threads) : null
    rounds.push({ decode, frames: frames.seconds, ...bare, whole, baseline: compared })
    note(`round ${n}: ${JSON.stringify(rounds.at(-1))}`)
  }
  report(rounds, await memory.stop(), { material, models: models.names, threads: settings.threads })
}

function report(
  rounds: Round[],
  memory: { parent: number | null; everything: number | null },
  facts: { material: string; models: Record<string, string>; threads: number },
): void {
  const least = (value: (round: Round) => number) => Math.min(...rounds.map(value))
  const decode = least((round) => round.decode)
  const frames = least((round) => round.frames)
  const bareModels = least((round) => round.clip + round.detector + round.speech)
  const best = rounds.reduce((a, b) => (a.whole.seconds <= b.whole.seconds ? a : b)).whole
  const baselines = rounds.flatMap((round) => round.baseline ?? [])
  const result = {
    ...facts,
    hardware: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`,
    // Above the bench's own two or so, other work took part of the machine and the ratios wobble.
    load_average: round2(loadavg()[1] ?? 0),
    clip_seconds: CLIP_SECONDS,
    rounds: rounds.length,
    keyframes: best.keyframes,
    detections: best.detections,
    words: best.words,
    bare_decode_seconds: round2(decode),
    frames_seconds: round2(frames),
    bare_clip_seconds: round2(least((round) => round.clip)),
    bare_detector_seconds: round2(least((round) => round.detector)),
    bare_speech_seconds: round2(least((round) => round.speech)),
    whole_seconds: round2(best.seconds),
    step_seconds: Object.fromEntries(best.steps.map((step) => [step.name, round2(step.seconds)])),
    frames_over_decode: round2(frames / decode),
    whole_over_bare: round2(best.seconds / (decode + bareModels)),
    video_seconds_per_second: round2(CLIP_SECONDS / best.seconds),
    speedup_over_baseline:
      baselines.length > 0 ? round2(Math.min(...baselines) / best.seconds) : null,
    peak_memory_mb: memory.everything,
    parent_peak_memory_mb: memory.parent,
    health_p99_ms: round2(Math.max(...rounds.map((round) => round.whole.healthP99Ms))),
  }
  for (const [name, value] of Object.entries(result)) {
    note(`${name.padEnd(26)} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

function note(line: string): void {
  if (!onlyJson) process.stdout.write(`${line}\n`)
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
