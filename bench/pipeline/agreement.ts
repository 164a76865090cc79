import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Tensor } from 'onnxruntime-node'
import type { Settings } from '../../src/config/settings.ts'
import { run } from '../../src/media/process.ts'
import { resolveModel } from '../../src/models/catalog.ts'
import { ImageTower } from '../../src/models/clip.ts'
import { loadDetector } from '../../src/models/detector/onnx-detector.ts'
import type { DetectorManifest, EmbeddingManifest } from '../../src/models/manifest.ts'
import { openSession } from '../../src/models/onnx.ts'
import type { Baseline } from './baseline.ts'

/** How equal the outputs of the exact profile and of torch are, both fed the same pixels. */
export interface Agreement {
  frames: number
  /** The least cosine between the two vectors of a keyframe. */
  embeddingCosine: number
  /** The same with each side's own preprocessing of the same JPEG. */
  embeddingCosineFromPictures: number
  /** The largest difference of a raw detector output: boxes in pixels of the input, scores 0–1. */
  detectorDifference: number
}

/** Every so manieth keyframe is compared. */
const STRIDE = 8
const DIMS = 512

/**
 * Our runtime against the baseline's torch, same weights and pixels.
 *
 * @param settings name the baseline's networks
 * @param pictures the keyframes of the clip, JPEG
 */
export async function agreementWith(
  baseline: Baseline,
  settings: Settings,
  pictures: string[],
): Promise<Agreement> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-agreement-'))
  try {
    const chosen = pictures.filter((_, index) => index % STRIDE === 0)
    const [clip, detector] = await Promise.all(
      (['clip', 'detector'] as const).map((job) => resolveModel(settings, job)),
    )
    const tower = await ImageTower.load(
      clip!.manifest as EmbeddingManifest,
      clip!.files,
      settings.threads,
    )
    const tensors = await tower.prepare(chosen)
    const vectors = await tower.run(tensors)
    await tower.dispose()
    const boxes = await loadDetector(
      detector!.manifest as DetectorManifest,
      detector!.files.model!,
      settings.threads,
    )
    const prepared = await boxes.prepare(chosen)
    await boxes.dispose()
    const frames = chosen.map((picture, n) => {
      const files = { clip: `${folder}/clip-${n}.f32`, detector: `${folder}/pixels-${n}.f32` }
      const { tensor, width, height } = prepared[n]!
      writeFileSync(files.clip, bytesOf(tensors[n]!))
      writeFileSync(files.detector, bytesOf(tensor))
      return { picture, ...files, width, height }
    })
    writeFileSync(path.join(folder, 'frames.json'), JSON.stringify(frames))
    const script = path.join(import.meta.dirname, 'agreement.py')
    const { code, stderr } = await run(baseline.python, [script, baseline.networks, folder], {
      timeoutMs: 600_000,
    })
    if (code !== 0) throw new Error(`The comparison with torch ended with ${code}: ${stderr}`)

    // Through the session itself: a detector only gives what is left after suppression.
    const session = await openSession(detector!.files.model!, settings.threads)
    let detectorDifference = 0
    for (const [n, { tensor, width, height }] of prepared.entries()) {
      const feed = new Tensor('float32', tensor, [1, 3, height, width])
      const outputs = await session.run({ [session.inputNames[0]!]: feed })
      const raw = outputs[session.outputNames[0]!]!.data as Float32Array
      const theirs = floats(path.join(folder, `detector-${n}.f32`))
      if (theirs.length !== raw.length) throw new Error('The detector outputs differ in size.')
      for (const [i, value] of raw.entries()) {
        detectorDifference = Math.max(detectorDifference, Math.abs(value - theirs[i]!))
      }
    }
    await session.release()
    return {
      frames: chosen.length,
      embeddingCosine: leastCosine(vectors, floats(path.join(folder, 'clip.f32'))),
      embeddingCosineFromPictures: leastCosine(
        vectors,
        floats(path.join(folder, 'clip-from-pictures.f32')),
      ),
      detectorDifference,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function floats(file: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(file)
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
}

function leastCosine(a: Float32Array, b: Float32Array): number {
  let least = 1
  for (let start = 0; start < a.length; start += DIMS) {
    let cosine = 0
    for (let i = start; i < start + DIMS; i++) cosine += a[i]! * b[i]!
    least = Math.min(least, cosine)
  }
  return least
}
