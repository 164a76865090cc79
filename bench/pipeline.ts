/**
 * `npm run bench:pipeline [-- --json] [--rounds N]`: how much of the time of a whole run is decoding
 * and models, which nobody can save, and how it compares with the Python stack in
 * `FORGEINDEX_PEER_DIR`. Every round measures all in turn on the same 120 s clip, so that a busy
 * machine disturbs them alike; the least of the rounds counts.
 *
 * The last line is JSON. `--json` leaves out the table before it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings, type Settings } from '../src/config/settings.ts'
import { run } from '../src/media/process.ts'
import { type Agreement, agreementWith } from './pipeline/agreement.ts'
import { bareDecodeSeconds, framesOf, loadBareModels } from './pipeline/bare.ts'
import { type Baseline, type BaselineRun, openBaseline } from './pipeline/baseline.ts'
import { benchClip, CLIP_SECONDS, variantOf } from './pipeline/clip.ts'
import { eightBitVerdict, type FastLoss, fastLoss, QUERIES } from './pipeline/fast-loss.ts'
import { watchMemory } from './pipeline/memory.ts'
import { serve, type WholeRun } from './pipeline/served.ts'
import { wordErrors, wordsOf, wordsSaid } from './pipeline/word-errors.ts'

interface Round {
  decode: number
  frames: number
  clip: number
  detector: number
  speech: number
  exact: WholeRun
  fast: WholeRun
  brief: BaselineRun | null
  careful: BaselineRun | null
}

/** Equal outputs, as the exact profile promises: see docs/decisions/profiles.md. */
const EQUAL = { embeddingCosine: 0.9999, detectorDifference: 1e-3 }

const root = path.resolve(import.meta.dirname, '..')
const testData = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
const onlyJson = process.argv.includes('--json')
const roundCount = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 2
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
  const own = { ...process.env, FORGEINDEX_MODELS_DIR: given.modelDirs[0] }
  const variables = { ...own, ...baseline?.variables }
  const settings = readSettings({ ...variables, FORGEINDEX_DATA_DIR: work })
  const { file, material } = baseline
    ? { file: baseline.clip, material: 'footage' as const }
    : await benchClip(settings.ffmpeg, testData, cache)
  const built = await run(process.execPath, [path.join(root, 'scripts/build.mjs')])
  if (built.code !== 0) throw new Error(built.stderr)

  const { rounds, names, memory, eightBit } = await measure(settings, variables, file, baseline)
  const agreement = baseline ? await agreementOf(baseline, settings, file) : null
  const loss = await lossOf(own, file)
  const facts = { material, models: names, threads: settings.threads }
  report(rounds, memory, facts, agreement, { loss, eightBit })
}

async function measure(
  settings: Settings,
  variables: NodeJS.ProcessEnv,
  file: string,
  baseline: Baseline | null,
) {
  await using models = await loadBareModels(settings)
  await using exact = await serveProfile('exact', variables)
  await using fast = await serveProfile('fast', variables)
  const copyOf = (name: string) => variantOf(settings.ffmpeg, file, path.join(work, `${name}.mp4`))
  // The first video pays for loading the models; what is measured is a program at work.
  const warmUp = await copyOf('warm-up')
  await exact.ingest(warmUp)
  await fast.ingest(warmUp)
  const rounds: Round[] = []
  for (let n = 1; n <= roundCount; n++) {
    const decode = await bareDecodeSeconds(settings, file)
    using frames = await framesOf(settings, file)
    const bare = await models.run(frames.pictures, frames.audio!)
    const whole = await exact.ingest(await copyOf(`exact-${n}`))
    const brief = baseline ? await baseline.run('brief', settings.threads) : null
    const quick = await fast.ingest(await copyOf(`fast-${n}`))
    const careful = baseline ? await baseline.run('careful', settings.threads) : null
    rounds.push({
      ...{ decode, frames: frames.seconds, ...bare },
      ...{ exact: whole, fast: quick, brief, careful },
    })
    note(`round ${n}: ${JSON.stringify(secondsOf(rounds.at(-1)!))}`)
  }
  const eightBit = eightBitVerdict(fast.dataDir)
  // In a run of its own: a process stands still while its memory is added up, 10 to 60 ms each time.
  const memory = watchMemory(exact.pid)
  await exact.ingest(await copyOf('memory'))
  return { rounds, names: models.names, memory: await memory.stop(), eightBit }
}

function serveProfile(profile: 'exact' | 'fast', variables: NodeJS.ProcessEnv) {
  return serve(path.join(work, `library-${profile}-${Date.now()}`), {
    ...variables,
    FORGEINDEX_PROFILE: profile,
  })
}

/** The models of the clip's keyframes through torch, one profile's outputs against the reference's. */
async function agreementOf(baseline: Baseline, settings: Settings, file: string) {
  using frames = await framesOf(settings, file)
  return await agreementWith(baseline, settings, frames.pictures)
}

/**
 * Both profiles with real weights: the environment's models, and without any named those of the test
 * data. One that is not installed is named on stderr, and what it would have labelled is null.
 */
async function lossOf(own: NodeJS.ProcessEnv, file: string): Promise<FastLoss> {
  const variables = { CLIP_MODEL: 'mini-vl', YOLO_MODEL: 'yolox-nano', ...own }
  const runs: WholeRun[] = []
  for (const profile of ['exact', 'fast'] as const) {
    await using served = await serveProfile(profile, variables)
    runs.push(await served.ingest(file, QUERIES))
  }
  for (const { name, state } of runs.flatMap((whole) => whole.steps)) {
    if (state !== 'done') console.error(`What fast loses: the step ${name} is ${state}.`)
  }
  return fastLoss(runs[0]!, runs[1]!)
}

function report(
  rounds: Round[],
  memory: { parent: number | null; everything: number | null },
  facts: { material: string; models: Record<string, string>; threads: number },
  agreement: Agreement | null,
  { loss, eightBit }: { loss: FastLoss; eightBit: ReturnType<typeof eightBitVerdict> },
): void {
  const least = (value: (round: Round) => number) => Math.min(...rounds.map(value))
  const fastest = (key: 'exact' | 'fast') =>
    rounds.map((round) => round[key]).reduce((a, b) => (a.seconds <= b.seconds ? a : b))
  const [best, quick] = [fastest('exact'), fastest('fast')]
  const peer = (key: 'brief' | 'careful') => {
    const runs = rounds.flatMap((round) => round[key] ?? [])
    return runs.length > 0 ? runs.reduce((a, b) => (a.seconds <= b.seconds ? a : b)) : null
  }
  const [brief, careful] = [peer('brief'), peer('careful')]
  const decode = least((round) => round.decode)
  const bareModels = least((round) => round.clip + round.detector + round.speech)
  const words = wordCounts({ exact: best, fast: quick, brief, careful })
  const over = (run: BaselineRun | null, ours: number) => (run ? round2(run.seconds / ours) : null)
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
    frames_seconds: round2(least((round) => round.frames)),
    bare_clip_seconds: round2(least((round) => round.clip)),
    bare_detector_seconds: round2(least((round) => round.detector)),
    bare_speech_seconds: round2(least((round) => round.speech)),
    whole_seconds: round2(best.seconds),
    fast_seconds: round2(quick.seconds),
    baseline_seconds: brief && round2(brief.seconds),
    careful_seconds: careful && round2(careful.seconds),
    step_seconds: stepSeconds(best),
    fast_step_seconds: stepSeconds(quick),
    baseline_stage_seconds: brief && rounded(brief.stages),
    careful_stage_seconds: careful && rounded(careful.stages),
    frames_over_decode: round2(least((round) => round.frames) / decode),
    whole_over_bare: round2(best.seconds / (decode + bareModels)),
    video_seconds_per_second: round2(CLIP_SECONDS / best.seconds),
    speedup_over_baseline: over(brief, best.seconds),
    speedup_over_careful: over(careful, best.seconds),
    speedup_fast_over_baseline: over(brief, quick.seconds),
    speedup_fast_over_careful: over(careful, quick.seconds),
    peak_memory_mb: memory.everything,
    parent_peak_memory_mb: memory.parent,
    baseline_peak_memory_mb: brief?.peakMemoryMb ?? null,
    /** Of one core: what all threads of the serving process left, and what the one that answers left. */
    parent_idle: best.parentCpu && round2(1 - best.parentCpu.seconds / best.seconds),
    serving_thread_idle:
      best.parentCpu && round2(1 - best.parentCpu.firstThreadSeconds / best.seconds),
    health_p99_ms: round2(Math.max(...rounds.map(({ exact }) => exact.healthP99Ms))),
    word_errors: words,
    /** The least of what makes outputs equal, 1 for the same; null without the baseline. */
    agreement_exact: agreement && agreementScore(agreement),
    equal_outputs: agreement && {
      frames: agreement.frames,
      embedding_cosine: agreement.embeddingCosine,
      embedding_cosine_from_pictures: agreement.embeddingCosineFromPictures,
      detector_difference: agreement.detectorDifference,
      word_errors_no_more: words && words.brief !== null ? words.exact <= words.brief : null,
      holds:
        agreement.embeddingCosine >= EQUAL.embeddingCosine &&
        agreement.detectorDifference <= EQUAL.detectorDifference &&
        (!words || words.brief === null || words.exact <= words.brief),
    },
    /** Labels that both profiles give, with real weights; null where there were none. */
    agreement_fast: loss.labels === null ? null : Math.floor(loss.labels * 10_000) / 10_000,
    fast_loss: loss,
    /** Of the image vectors that the fast profile was timed with; null where it took none. */
    fast_eight_bit: eightBit && { form: eightBit.form, least_cosine: eightBit.leastCosine },
  }
  for (const [name, value] of Object.entries(result)) {
    note(`${name.padEnd(26)} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** The worse of the least cosine and what the detector's largest difference leaves of 1. */
function agreementScore({ embeddingCosine, detectorDifference }: Agreement): number {
  return Math.floor(Math.min(embeddingCosine, 1 - detectorDifference, 1) * 1e6) / 1e6
}

function wordCounts(runs: {
  exact: WholeRun
  fast: WholeRun
  brief: BaselineRun | null
  careful: BaselineRun | null
}) {
  const heard = wordsOf(runs.exact.text)
  const said = wordsSaid(testData, heard.length + 100)
  if (!said) return null
  const errors = (text: string | undefined) =>
    text === undefined ? null : wordErrors(wordsOf(text), said)
  return {
    exact: errors(runs.exact.text)!,
    fast: errors(runs.fast.text)!,
    brief: errors(runs.brief?.text),
    careful: errors(runs.careful?.text),
    of: heard.length,
  }
}

function secondsOf({ exact, fast, brief, careful, ...bare }: Round) {
  const whole = { exact: exact.seconds, fast: fast.seconds }
  return rounded({ ...bare, ...whole, brief: brief?.seconds ?? 0, careful: careful?.seconds ?? 0 })
}

function stepSeconds(whole: WholeRun) {
  return rounded(Object.fromEntries(whole.steps.map((step) => [step.name, step.seconds])))
}

function rounded(values: Record<string, number>) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round2(value)]))
}

function note(line: string): void {
  if (!onlyJson) process.stdout.write(`${line}\n`)
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
