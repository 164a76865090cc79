import { SkipStep } from '../../errors.ts'
import type { PipelineStep, StepContext, StepInputs, StepReport } from '../../pipeline/step.ts'
import { frameVectorsOf } from '../../store/embeddings.ts'
import { replaceConcepts } from '../../store/labels.ts'
import { keepPromptVectors, promptVectorsOf } from '../../store/prompt-vectors.ts'
import { scoreConcepts } from '../concepts.ts'
import { embedPrompts, type PromptVectors } from '../prompts.ts'
import { loadTaxonomy, type Taxonomy } from '../taxonomy.ts'

/**
 * The taxonomy's concepts on each keyframe: CLIP's text vectors of the prompts against the frame
 * vectors that the embeddings step made. No picture is looked at again.
 */
export class ConceptsStep implements PipelineStep {
  readonly name = 'concepts'
  readonly version = 2
  readonly phase = 'labeling'
  readonly after = ['embeddings' as const]
  /** Prompt vectors by model and taxonomy: the same for every video. */
  readonly #prompts = new Map<string, Promise<PromptVectors>>()

  async fingerprint({ models, video }: StepInputs): Promise<unknown> {
    const { ref, installed } = await models.describe('clip')
    const { concepts, templates, background, calibrations } = await loadTaxonomy(video.taxonomy)
    const calibration = calibrations.filter(({ model }) => model === ref.name)
    return { ref, installed, concepts, templates, background, calibration }
  }

  async run(context: StepContext): Promise<StepReport> {
    const { video, db, models } = context
    const { ref, installed } = await models.describe('clip')
    const taxonomy = await loadTaxonomy(video.taxonomy)
    const frames = await frameVectorsOf(db, video.id)
    if (!installed) {
      throw new SkipStep(
        'model-missing',
        `The model ${ref.name} is not installed: run \`forgeindex models pull ${ref.name}\`.`,
      )
    }
    const prompts = await this.#promptVectors(context, taxonomy)
    const scores = scoreConcepts(
      taxonomy,
      prompts.concepts,
      prompts.background,
      frames.map((frame) => frame.vector),
      { model: ref },
    )
    const concepts = scores.flatMap((found, i) =>
      found
        .filter(({ present, kept }) => present || kept)
        .map(({ concept, score, scoreKind, present }) => ({
          keyframeId: frames[i]!.keyframeId,
          label: concept,
          score,
          scoreKind,
          isWeak: !present,
          modelName: ref.name,
        })),
    )
    const labels = concepts.filter(({ isWeak }) => !isWeak)
    return {
      counts: { keyframes: frames.length, concepts: labels.length },
      modelName: ref.name,
      device: models.deviceOf('clip'),
      ...(frames.length === 0 ? { skipped: 'no-keyframes' } : {}),
      write: (trx) => replaceConcepts(trx, video.id, concepts),
    }
  }

  async #promptVectors({ db, models }: StepContext, taxonomy: Taxonomy): Promise<PromptVectors> {
    const { ref } = await models.describe('clip')
    const key = `${ref.name} ${ref.revision} ${taxonomy.hash}`
    const known = this.#prompts.get(key)
    if (known !== undefined) return await known
    const made = embedPrompts(
      taxonomy,
      (texts) => models.embedTexts(texts, { priority: 'batch' }),
      {
        get: (hashes) => promptVectorsOf(db, ref, hashes),
        keep: (vectors) => keepPromptVectors(db, ref, vectors),
      },
    )
    this.#prompts.set(key, made)
    // A failure is not kept: the next video tries again.
    made.catch(() => this.#prompts.delete(key))
    return await made
  }
}
