import { SkipStep } from '../../errors.ts'
import type { PipelineStep, StepContext, StepReport } from '../../pipeline/step.ts'
import { frameVectorsOf } from '../../store/embeddings.ts'
import { replaceConcepts } from '../../store/labels.ts'
import { scoreConcepts } from '../concepts.ts'
import { loadTaxonomy, type Taxonomy } from '../taxonomy.ts'

interface PromptVectors {
  /** One list of vectors per concept, in the taxonomy's order. */
  concepts: Float32Array[][]
  background: Float32Array[]
}

/**
 * The taxonomy's concepts on each keyframe: CLIP's text vectors of the prompts against the frame
 * vectors that the embeddings step made. No picture is looked at again.
 */
export class ConceptsStep implements PipelineStep {
  readonly name = 'concepts'
  readonly version = 1
  readonly phase = 'labeling'
  readonly after = ['embeddings' as const]
  /** Prompt vectors by model and taxonomy: the same for every video. */
  readonly #prompts = new Map<string, Promise<PromptVectors>>()

  async fingerprint({ models, video }: StepContext): Promise<unknown> {
    const { ref, installed } = await models.describe('clip')
    const { concepts, background } = await loadTaxonomy(video.taxonomy)
    return { ref, installed, concepts, background }
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
      { modelName: ref.name },
    )
    const concepts = scores.flatMap((found, i) =>
      found
        .filter(({ present }) => present)
        .map(({ concept, score }) => ({
          keyframeId: frames[i]!.keyframeId,
          label: concept,
          score,
          modelName: ref.name,
        })),
    )
    return {
      counts: { keyframes: frames.length, concepts: concepts.length },
      modelName: ref.name,
      device: models.deviceOf('clip'),
      ...(frames.length === 0 ? { skipped: 'no-keyframes' } : {}),
      write: (trx) => replaceConcepts(trx, video.id, concepts),
    }
  }

  async #promptVectors({ models }: StepContext, taxonomy: Taxonomy): Promise<PromptVectors> {
    const { ref } = await models.describe('clip')
    const key = `${ref.name} ${ref.revision} ${taxonomy.hash}`
    const known = this.#prompts.get(key)
    if (known !== undefined) return await known
    const made = embedPrompts(taxonomy, (texts) => models.embedTexts(texts, { priority: 'batch' }))
    this.#prompts.set(key, made)
    // A failure is not kept: the next video tries again.
    made.catch(() => this.#prompts.delete(key))
    return await made
  }
}

async function embedPrompts(
  taxonomy: Taxonomy,
  embed: (texts: string[]) => Promise<Float32Array[]>,
): Promise<PromptVectors> {
  const texts = [...taxonomy.concepts.flatMap(({ prompts }) => prompts), ...taxonomy.background]
  const vectors = await embed(texts)
  let at = 0
  const concepts = taxonomy.concepts.map(({ prompts }) => {
    at += prompts.length
    return vectors.slice(at - prompts.length, at)
  })
  return { concepts, background: vectors.slice(at) }
}
