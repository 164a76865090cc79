/**
 * `npm run bench:speech [-- --minutes N]`: times real time, CPU seconds, words wrong and peak memory of
 * the speech model on packed speech with known words (seven clips of the test data, 2 s apart, over and
 * over), in this process: no queue, no database. With `FORGEINDEX_PEER_DIR` openai-whisper
 * (`<dir>/bin/python`, `<dir>/whisper/base.pt`) hears the same file afterwards.
 *
 * The last line is JSON.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings } from '../src/config/settings.ts'
import { run } from '../src/media/process.ts'
import { resolveModel } from '../src/models/catalog.ts'
import { SpeechModel, type SpeechModelFiles } from '../src/models/speech/speech-model.ts'
import { wavHeader, wordErrors, words } from '../test/models/speech/speech-files.ts'

const CLIPS = [
  'jfk',
  ...['0870', '0880', '0890', '0920', '0930'].map((n) => `librivox-austen-${n}`),
  'beckett',
]
const GAP = Buffer.alloc(2 * 32_000)
const WAV_HEADER_BYTES = 44
/** One round of the clips with their gaps lasts this long. */
const ROUND_SECONDS = 59.7

const root = path.resolve(import.meta.dirname, '..')
const testData = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
const minutes = Number(process.argv[process.argv.indexOf('--minutes') + 1]) || 2
const work = mkdtempSync(path.join(tmpdir(), 'forgeindex-bench-'))
try {
  await bench()
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const settings = readSettings(process.env)
  const speech = await resolveModel(settings, 'speech')
  if (!speech.installed)
    throw new Error(`The speech model is missing: ${speech.missing.join('; ')}`)
  const rounds = Math.max(1, Math.round((minutes * 60) / ROUND_SECONDS))
  const { file, said } = packedSpeech(rounds)
  const { threads } = settings
  const model = await SpeechModel.load(speech.files as unknown as SpeechModelFiles, { threads })
  const began = performance.now()
  const cpu = process.cpuUsage()
  const result = await model.transcribe(file)
  const wall = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await model.dispose()
  const ours = {
    wall,
    cpu: (user + system) / 1e6,
    times_real_time: result.durationSeconds / wall,
    wrong: wordErrors(said, result.text),
  }
  const report = {
    model: speech.ref.name,
    threads,
    seconds: result.durationSeconds,
    speech_seconds: result.speechSeconds,
    words: words(said).length,
    peak_memory_mb: peakMiB(),
    ours,
    openai_whisper: await peer(file, said, result.durationSeconds),
  }
  console.log(JSON.stringify(report))
}

/** The clips one after the other, `rounds` times, as one WAV file; and their words. */
function packedSpeech(rounds: number): { file: string; said: string } {
  const known = JSON.parse(readFileSync(path.join(testData, 'transcripts.json'), 'utf8'))
  const round = CLIPS.flatMap((name) => [
    readFileSync(path.join(testData, `audio/${name}.wav`)).subarray(WAV_HEADER_BYTES),
    GAP,
  ])
  const sound = Buffer.concat(Array.from({ length: rounds }, () => round).flat())
  const file = path.join(work, 'packed.wav')
  writeFileSync(file, Buffer.concat([wavHeader(sound.length), sound]))
  const said = CLIPS.map((name) => known[`audio/${name}.wav`]).join(' ')
  return { file, said: Array(rounds).fill(said).join(' ') }
}

/** openai-whisper as its `transcribe` runs by default, on the same file; null without it. */
async function peer(file: string, said: string, seconds: number) {
  const folder = process.env.FORGEINDEX_PEER_DIR
  const weights = path.join(folder ?? '', 'whisper/base.pt')
  if (!folder || !existsSync(weights)) return null
  const script = `
import json, sys, time, wave
import numpy, torch, whisper
torch.set_num_threads(2)
model = whisper.load_model(sys.argv[1])
sound = wave.open(sys.argv[2])
samples = numpy.frombuffer(sound.readframes(sound.getnframes()), numpy.int16).astype(numpy.float32) / 32768
wall, cpu = time.time(), time.process_time()
text = model.transcribe(samples, fp16=False)["text"]
print(json.dumps({"wall": time.time() - wall, "cpu": time.process_time() - cpu, "text": text}))
`
  const python = path.join(folder, 'bin/python')
  const { code, stdout, stderr } = await run(python, ['-c', script, weights, file])
  if (code !== 0) throw new Error(`openai-whisper failed: ${stderr}`)
  const { wall, cpu, text } = JSON.parse(stdout.trim().split('\n').at(-1)!)
  return { wall, cpu, times_real_time: seconds / wall, wrong: wordErrors(said, text) }
}

/** VmHWM of this process; null where the system has no /proc. */
function peakMiB(): number | null {
  if (!existsSync('/proc/self/status')) return null
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return found ? Math.round(Number(found[1]) / 1024) : null
}
