/**
 * `npm run bench:clips [-- --json] [--count N]`: what a short video costs beyond decoding and models. Cuts
 * real footage into clips of ten seconds, decodes them and runs the models on their keyframes and sound
 * alone, one after the other; then the whole program takes the folder. The difference, divided by the
 * number of clips, is the overhead: queue, database, storing, near-duplicates, labels, annotation.
 *
 * The last line is JSON. `--json` leaves out the table before it.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings, type Settings } from '../src/config/settings.ts'
import { probe } from '../src/media/ffprobe.ts'
import { run } from '../src/media/process.ts'
import { bareDecodeSeconds, framesOf, loadBareModels } from './pipeline/bare.ts'
import { serve } from './pipeline/served.ts'

const SECONDS = 10
/** Cuts of one place begin this much later each time round, so that no two files are the same. */
const SHIFT_SECONDS = 1.7

const root = path.resolve(import.meta.dirname, '..')
const testData = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
const onlyJson = process.argv.includes('--json')
const count = Number(process.argv[process.argv.indexOf('--count') + 1]) || 100
const work = mkdtempSync(path.join(tmpdir(), 'forgeindex-bench-'))

try {
  await bench()
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const settings = readSettings({ ...process.env, FORGEINDEX_DATA_DIR: path.join(work, 'bare') })
  const variables = { ...process.env, FORGEINDEX_MODELS_DIR: settings.modelDirs[0] }
  const built = await run(process.execPath, [path.join(root, 'scripts/build.mjs')])
  if (built.code !== 0) throw new Error(built.stderr)
  const folder = path.join(work, 'clips')
  mkdirSync(folder)
  const clips = await cutClips(settings, folder)

  const bare = { decode: 0, models: 0 }
  {
    await using models = await loadBareModels(settings)
    for (const clip of clips) {
      bare.decode += await bareDecodeSeconds(settings, clip)
      using frames = await framesOf(settings, clip)
      const { clip: vectors, detector, speech } = await models.run(frames.pictures, frames.audio!)
      bare.models += vectors + detector + speech
    }
  }
  await using served = await serve(path.join(work, 'library'), variables)
  // The first video pays for loading the models.
  const first = path.join(work, 'warm-up.mp4')
  await cut(settings, clips[0]!, 0.5, first)
  await served.ingest(first)
  const whole = await served.ingestFolder(folder)
  const bareSeconds = bare.decode + bare.models
  const result = {
    hardware: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`,
    load_average: round(loadavg()[1] ?? 0),
    clips: clips.length,
    clip_seconds: SECONDS,
    processed: whole.processed,
    failed: whole.failed,
    bare_decode_seconds: round(bare.decode),
    bare_model_seconds: round(bare.models),
    whole_seconds: round(whole.seconds),
    overhead_ms: Math.round(((whole.seconds - bareSeconds) / clips.length) * 1000),
    parent_cpu_ms: whole.parentCpu && Math.round((whole.parentCpu.seconds / clips.length) * 1000),
  }
  if (!onlyJson) {
    for (const [name, value] of Object.entries(result)) {
      process.stdout.write(`${name.padEnd(22)} ${value}\n`)
    }
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** Clips with sound from all long enough videos of the test data in turn. */
async function cutClips(settings: Settings, folder: string): Promise<string[]> {
  const videos = path.join(testData, 'videos')
  const places: { file: string; start: number; room: number }[] = []
  for (const name of readdirSync(videos).sort()) {
    const file = path.join(videos, name)
    if (!/\.mp4$/.test(name)) continue
    const { durationSeconds, hasVideo } = await probe(settings, file)
    if (!hasVideo) continue
    for (let start = 0; start + SECONDS <= durationSeconds; start += SECONDS) {
      places.push({ file, start, room: durationSeconds - SECONDS - start })
    }
  }
  const clips: string[] = []
  for (let n = 0; clips.length < count; n++) {
    const round = Math.floor(n / places.length)
    const { file, start, room } = places[n % places.length]!
    const target = path.join(folder, `clip-${String(n).padStart(4, '0')}.mp4`)
    await cut(settings, file, start + Math.min(room, round * SHIFT_SECONDS), target, n)
    clips.push(target)
  }
  return clips
}

/** Ten seconds with a quiet tone, whose pitch makes the file differ from every other. */
async function cut(
  settings: Settings,
  file: string,
  start: number,
  target: string,
  n = 9_999,
): Promise<void> {
  const { code, stderr } = await run(settings.ffmpeg, [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', '-ss', String(start), '-i', file],
    ...['-f', 'lavfi', '-i', `sine=frequency=${200 + n}:duration=${SECONDS}`],
    ...['-map', '0:v:0', '-map', '1:a', '-t', String(SECONDS), '-vf', 'scale=640:-2'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', target],
  ])
  if (code !== 0) throw new Error(`ffmpeg could not cut ${file}: ${stderr}`)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
