import { setImmediate as breathe } from 'node:timers/promises'
import { duplicateCandidates } from '../store/duplicate-candidates.ts'
import { duplicatePartners, type FoundPair, replaceDuplicatePairs } from '../store/duplicates.ts'
import { hasVideoVector } from '../store/embeddings.ts'
import { getVideo } from '../store/videos.ts'
import { type Compared, compare } from './dedup/compare.ts'
import { questionsOf } from './dedup/questions.ts'
import { makeOwnPrints, otherVideo } from './dedup/track.ts'
import type { PipelineStep, StepContext, StepReport } from './step.ts'

/** Cosine similarity of two videos' vectors above which they are a pair, as the brief says. */
export const DUPLICATE_THRESHOLD = 0.95

/**
 * Finds videos that look the same, and says how they belong together: the same from end to end, part
 * of each other, or only the same scene. Nothing is deleted.
 */
export class DedupStep implements PipelineStep {
  readonly name = 'dedup'
  readonly version = 2
  readonly phase = 'processing'
  readonly after = ['embeddings' as const]

  async fingerprint(): Promise<unknown> {
    return { threshold: DUPLICATE_THRESHOLD }
  }

  async run(context: StepContext): Promise<StepReport> {
    const { video, db, models } = context
    const { ref } = await models.describe('clip')
    const counts: Record<string, number> = { pairs: 0 }
    // In this order: another video that ends meanwhile then finds this one, or is found.
    const stored = await makeOwnPrints(context)
    const earlier = await duplicatePartners(db, video.id)
    const hasVector = await hasVideoVector(db, video.id)
    const found: FoundPair[] = hasVector ? await this.#pairs(context, stored) : []
    return {
      counts,
      modelName: ref.name,
      ...(hasVector ? {} : { skipped: 'no-vector' }),
      async write(trx) {
        counts.pairs = await replaceDuplicatePairs(trx, video.id, ref.name, found, earlier)
      },
    }
  }

  /** Pairs that the similarity makes, and those that it does not but the pictures prove. */
  async #pairs(
    context: StepContext,
    stored: { times: number[]; prints: Uint8Array },
  ): Promise<FoundPair[]> {
    const { db, settings, signal } = context
    // The frames step may have corrected it since this run began.
    const { id, contentSha256, duration } = await getVideo(db, context.video.id)
    const own: Compared = {
      id,
      contentSha256,
      track: { ...stored, duration: duration ?? (stored.times.at(-1) ?? 0) + 1 },
    }
    const candidates = await duplicateCandidates(
      { form: settings.databaseUrl === null ? 'embedded' : 'server', db },
      id,
      await questionsOf(context, stored.prints),
      DUPLICATE_THRESHOLD,
    )
    const pairs: FoundPair[] = []
    for (const { videoId, similarity } of candidates) {
      signal.throwIfAborted()
      const other = await otherVideo(context, videoId)
      // A comparison takes some 30 ms of this thread: requests are answered between two.
      await breathe()
      const comparison = other && compare(own, other)
      const isProven = comparison !== null && comparison.kind !== 'same-scene'
      if (!isProven && similarity <= DUPLICATE_THRESHOLD) continue
      pairs.push({
        otherId: videoId,
        similarity,
        kind: comparison?.kind ?? null,
        match: comparison?.match ?? null,
        isMirrored: comparison?.isMirrored ?? false,
        speed: comparison?.speed ?? 1,
        sameness: comparison?.sameness ?? null,
      })
    }
    return pairs
  }
}
