import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Settings } from '../../src/config/settings.ts'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { run } from '../../src/media/process.ts'
import { resolveModel } from '../../src/models/catalog.ts'
import { ImageTower } from '../../src/models/clip.ts'
import { loadDetector } from '../../src/models/detector/onnx-detector.ts'
import type { DetectorManifest, EmbeddingManifest } from '../../src/models/manifest.ts'
import { SpeechModel, type SpeechModelFiles } from '../../src/models/speech/speech-model.ts'

const BATCH = 16

/** Wall seconds of decoding the pictures and throwing them away: the floor of the frames step. */
export async function bareDecodeSeconds(settings: Settings, file: string): Promise<number> {
  const args = ['-nostdin', '-loglevel', 'error', '-threads', String(settings.threads)]
  return await seconds(async () => {
    const { code, stderr } = await run(settings.ffmpeg, [
      ...args,
      '-i',
      file,
      '-an',
      '-f',
      'null',
      '-',
    ])
    if (code !== 0) throw new Error(`ffmpeg could not decode ${file}: ${stderr}`)
  })
}

/** What the frames step makes of a clip, and the wall seconds it took. The caller removes the folder. */
export async function framesOf(settings: Settings, file: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-bench-'))
  const info = await probe(settings, file)
  let extraction: Awaited<ReturnType<typeof extract>> | undefined
  const took = await seconds(async () => {
    extraction = await extract(settings, file, info, folder)
  })
  return {
    seconds: took,
    pictures: extraction!.keyframes.map((keyframe) => keyframe.file),
    audio: extraction!.audio,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The three models loaded in this process: no child, no queue, no database. */
export interface BareModels extends AsyncDisposable {
  names: { clip: string; detector: string; speech: string }
  /** Wall seconds of each model over the same pictures and sound, one after the other. */
  run(
    pictures: string[],
    audio: string,
  ): Promise<{ clip: number; detector: number; speech: number }>
}

/** Loads the models that the settings name; the first run's warm-up is not part of any time. */
export async function loadBareModels(settings: Settings): Promise<BareModels> {
  const [clip, detector, speech] = await Promise.all(
    (['clip', 'detector', 'speech'] as const).map((job) => resolveModel(settings, job)),
  )
  const missing = [clip!, detector!, speech!].flatMap((model) => model.missing)
  if (missing.length > 0) {
    throw new Error(
      `The bench needs all three models; missing: ${missing.join('; ')}. ` +
        'Pull them (forgeindex models pull) or set FORGEINDEX_MODELS_DIR.',
    )
  }
  const { threads } = settings
  const tower = await ImageTower.load(clip!.manifest as EmbeddingManifest, clip!.files, threads)
  const boxes = await loadDetector(
    detector!.manifest as DetectorManifest,
    detector!.files.model!,
    threads,
  )
  const voice = await SpeechModel.load(speech!.files as unknown as SpeechModelFiles, { threads })
  return {
    names: { clip: clip!.ref.name, detector: detector!.ref.name, speech: speech!.ref.name },
    async run(pictures, audio) {
      return {
        clip: await seconds(() => inBatches(pictures, tower)),
        detector: await seconds(() => inBatches(pictures, boxes)),
        speech: await seconds(() => voice.transcribe(audio)),
      }
    },
    async [Symbol.asyncDispose]() {
      await tower.dispose()
      await boxes.dispose()
      await voice.dispose()
    },
  }
}

/** Pictures through a model in batches; the next batch is decoded while one runs. */
async function inBatches<P>(
  pictures: string[],
  model: { prepare(files: string[]): Promise<P>; run(prepared: P): Promise<unknown> },
): Promise<void> {
  let next = model.prepare(pictures.slice(0, BATCH))
  for (let start = 0; start < pictures.length; start += BATCH) {
    const prepared = await next
    next = model.prepare(pictures.slice(start + BATCH, start + 2 * BATCH))
    await model.run(prepared)
  }
  await next
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
