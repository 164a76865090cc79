import { replaceDuplicatePairs } from '../store/duplicates.ts'
import { hasVideoVector } from '../store/embeddings.ts'
import type { PipelineStep, StepContext, StepReport } from './step.ts'

/** Cosine similarity of two videos' vectors above which they are flagged, as the brief says. */
export const DUPLICATE_THRESHOLD = 0.95

/** Flags videos that look the same. Nothing is deleted. */
export class DedupStep implements PipelineStep {
  readonly name = 'dedup'
  readonly version = 1
  readonly phase = 'processing'
  readonly after = ['embeddings' as const]

  async fingerprint(): Promise<unknown> {
    return { threshold: DUPLICATE_THRESHOLD }
  }

  async run({ video, db, models }: StepContext): Promise<StepReport> {
    const { ref } = await models.describe('clip')
    const hasVector = await hasVideoVector(db, video.id)
    const counts: Record<string, number> = { pairs: 0 }
    return {
      counts,
      modelName: ref.name,
      ...(hasVector ? {} : { skipped: 'no-vector' }),
      async write(trx) {
        counts.pairs = await replaceDuplicatePairs(trx, video.id, DUPLICATE_THRESHOLD)
      },
    }
  }
}
