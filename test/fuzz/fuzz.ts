import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { watchMemory } from '../../bench/pipeline/memory.ts'
import { readSettings } from '../../src/config/settings.ts'
import { ForgeindexError, toError } from '../../src/errors.ts'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { randomFrom } from '../support/random.ts'
import { testData } from '../support/test-data.ts'
import { MUTATIONS } from './mutations.ts'

/** Short real clips of several containers and codecs, in the shared data. */
const REAL = [
  'videos/worker-zone.mp4',
  'videos/worker-zone-neardup.webm',
  'videos/grid-bbaf2n.mpg',
  'videos/edge/ocv-tree.avi',
  'videos/edge/worker-zone-vfr.mp4',
  'videos/edge/worker-zone-10bit-hevc.mp4',
  'videos/edge/tc-nasa_13013_rotated.mp4',
  'videos/edge/very-short-0.2s.mp4',
  'videos/edge/audio-only.mp4',
]

/** What one spoilt file came to. */
export interface Outcome {
  seed: number
  clip: string
  mutation: string
  /** `decoded`, `decoded with warnings`, or the code of our error. */
  code: string
  message: string
  seconds: number
  /** Bytes that the decoding left in its folder. */
  bytesWritten: number
}

export interface FuzzResult {
  outcomes: Outcome[]
  /** Of ours and everything we started, in MiB; null where the system does not tell. */
  peakMiB: { before: number | null; everything: number | null }
}

/** Made here when the shared data is absent: so few of each kind as still hold sound and two cuts. */
async function madeClips(folder: string): Promise<string[]> {
  const made: [string, string[]][] = [
    ['made.mp4', ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac']],
    ['made.mkv', ['-c:v', 'mpeg4', '-c:a', 'aac']],
    ['made.avi', ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-c:a', 'pcm_s16le']],
  ]
  const files: string[] = []
  for (const [name, codecs] of made) {
    const file = path.join(folder, name)
    await promisify(execFile)('ffmpeg', [
      ...['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=10'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440', '-t', '3', ...codecs, file],
    ])
    files.push(file)
  }
  return files
}

/**
 * Spoils clips in every known way and takes each through the header's reading and the decoding, as the
 * frames step does. Nothing is asserted here.
 *
 * @param options.seed of the first file; the n-th has seed + n
 * @param options.onOutcome after each file
 */
export async function fuzz(options: {
  files: number
  seed: number
  onOutcome?(outcome: Outcome): void
}): Promise<FuzzResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-fuzz-'))
  const settings = readSettings({ FORGEINDEX_DATA_DIR: folder, LOG_LEVEL: 'silent' })
  const own = await madeClips(folder)
  const clips = [...own, ...REAL.flatMap((name) => testData(name) ?? [])]
  const sources = await Promise.all(
    clips.map(async (file) => ({ name: path.basename(file), bytes: await readFile(file) })),
  )
  const names = Object.keys(MUTATIONS)
  const outcomes: Outcome[] = []
  const memory = watchMemory(process.pid)
  const before = Math.round(process.memoryUsage.rss() / 1024 ** 2)
  try {
    for (let n = 0; n < options.files; n++) {
      const seed = options.seed + n
      const random = randomFrom(seed)
      const { name: clip, bytes } = sources[n % sources.length]!
      const mutation = names[n % names.length]!
      const file = path.join(folder, `spoilt${path.extname(clip)}`)
      await writeFile(file, MUTATIONS[mutation]!(bytes, random))
      const out = path.join(folder, 'out')
      await mkdir(out)
      const began = performance.now()
      const { code, message } = await decoded(settings, file, out)
      const seconds = (performance.now() - began) / 1000
      const bytesWritten = await bytesIn(out)
      await rm(out, { recursive: true, force: true })
      const outcome = { seed, clip, mutation, code, message, seconds, bytesWritten }
      outcomes.push(outcome)
      options.onOutcome?.(outcome)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const { everything } = await memory.stop()
  return { outcomes, peakMiB: { before, everything } }
}

async function decoded(
  settings: ReturnType<typeof readSettings>,
  file: string,
  out: string,
): Promise<{ code: string; message: string }> {
  try {
    const info = await probe(settings, file)
    const { keyframes, warnings } = await extract(settings, file, info, out)
    const code = warnings.length > 0 ? 'decoded with warnings' : 'decoded'
    return { code, message: `${keyframes.length} keyframes; ${warnings.join(', ')}` }
  } catch (thrown) {
    const error = toError(thrown)
    if (!(error instanceof ForgeindexError)) {
      return { code: 'unknown', message: `${error.name}: ${error.stack ?? error.message}` }
    }
    return { code: error.code, message: error.message }
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder)) bytes += (await stat(path.join(folder, name))).size
  return bytes
}

/** How often each code came, most frequent first, for a report. */
export function counted(outcomes: readonly Outcome[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { code } of outcomes) counts.set(code, (counts.get(code) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
}
