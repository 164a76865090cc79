import { replaceEmbeddings } from '../store/embeddings.ts'
import { modelId } from '../store/models.ts'
import type { PipelineStep, StepContext, StepInputs, StepReport } from './step.ts'

/** A CLIP vector for each keyframe, and their re-normalised average for the video. */
export class EmbeddingsStep implements PipelineStep {
  readonly name = 'embeddings'
  readonly version = 1
  readonly phase = 'processing'
  readonly after = ['frames' as const]

  async fingerprint({ models, settings }: StepInputs): Promise<unknown> {
    const { ref, installed } = await models.describe('clip')
    return { ref, installed, ...(settings.profile === 'fast' ? { profile: 'fast' } : {}) }
  }

  async run({
    video,
    settings,
    models,
    files,
    keyframes,
    signal,
  }: StepContext): Promise<StepReport> {
    const frames = await keyframes()
    const { ref } = await models.describe('clip')
    const pictures = await files.pictures(frames, signal)
    const { results: vectors, counts } = await files.lookAt(
      'clip',
      { keyframes: frames, pictures, profile: settings.profile },
      (changed) => models.embedImages(changed, { signal }),
    )
    const average = averageDirection(vectors)
    return {
      counts: { keyframes: vectors.length, ...counts },
      modelName: ref.name,
      device: models.deviceOf('clip'),
      ...(frames.length === 0 ? { skipped: 'no-keyframes' } : {}),
      async write(trx) {
        const model = { id: await modelId(trx, ref), name: ref.name }
        const withIds = vectors.map((vector, i) => ({ keyframeId: frames[i]!.id, vector }))
        await replaceEmbeddings(trx, video.id, model, withIds, average)
      },
    }
  }
}

/**
 * Mean of L2-normalised vectors, L2-normalised again: [512] float32. Null when there is none or
 * they cancel out.
 */
export function averageDirection(vectors: Float32Array[]): Float32Array | null {
  const [first] = vectors
  if (!first) return null
  const sum = new Float64Array(first.length)
  for (const vector of vectors) {
    for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
  }
  const length = Math.hypot(...sum)
  return length > 1e-9 ? Float32Array.from(sum, (value) => value / length) : null
}
