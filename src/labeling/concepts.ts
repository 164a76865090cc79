import type { Taxonomy } from './taxonomy.ts'

/** How sure it is that a frame shows a concept. */
export interface ConceptScore {
  concept: string
  /** 0–1: the concept's share of a softmax over itself and the background prompts. */
  score: number
  /** Whether the score reaches the concept's threshold for the model. */
  present: boolean
}

/**
 * CLIP multiplies cosines by this before its softmax: the logit scale its authors train with and
 * cap at 100. [openai/CLIP: the paper's section 2.5, model.py `logit_scale`]
 */
const LOGIT_SCALE = 100

/**
 * Scores each concept of the taxonomy on each frame, zero-shot: the mean of the concept's prompt
 * vectors, normalised again, competes with each background prompt for the frame. Concepts do not
 * compete with each other, since a frame may show several. A score above 0.5 says that the concept
 * fits better than all of the background together; with B equally good prompts it is 1 / (B + 1).
 *
 * All vectors are of one model and of one length; they need not be L2-normalised.
 *
 * @param conceptVectors one list per concept, in the taxonomy's order, one vector per prompt
 * @param backgroundVectors one per background prompt
 * @param options.modelName the embedding model, for thresholds of its own; without it, or for a
 *   model the taxonomy does not name, the concept's ordinary threshold holds
 * @returns one list per frame, in the order given: every concept, in the taxonomy's order
 * @throws RangeError when lists or vectors are of different lengths
 */
export function scoreConcepts(
  taxonomy: Pick<Taxonomy, 'concepts'>,
  conceptVectors: ArrayLike<number>[][],
  backgroundVectors: ArrayLike<number>[],
  frameVectors: ArrayLike<number>[],
  options: { modelName?: string } = {},
): ConceptScore[][] {
  const { concepts } = taxonomy
  if (conceptVectors.length !== concepts.length) {
    throw new RangeError(
      `Expected prompt vectors for ${concepts.length} concepts, got ${conceptVectors.length}`,
    )
  }
  const means = conceptVectors.map((vectors) => normalised(mean(vectors)))
  const background = backgroundVectors.map(normalised)
  const thresholds = concepts.map((concept) => {
    const own = options.modelName ? concept.modelThresholds[options.modelName] : undefined
    return own === undefined ? concept.threshold : own
  })
  return frameVectors.map((vector) => {
    const frame = normalised(vector)
    const rivals = background.map((rival) => LOGIT_SCALE * dot(rival, frame))
    return means.map((meanVector, index) => {
      const score = shareOf(LOGIT_SCALE * dot(meanVector, frame), rivals)
      const threshold = thresholds[index] ?? null
      return {
        concept: concepts[index]!.name,
        score,
        present: threshold !== null && score >= threshold,
      }
    })
  })
}

/** Share of `own` in the softmax over it and its rivals; shifted by the largest, so it cannot overflow. */
function shareOf(own: number, rivals: number[]): number {
  const largest = Math.max(own, ...rivals)
  const weight = Math.exp(own - largest)
  return weight / rivals.reduce((sum, rival) => sum + Math.exp(rival - largest), weight)
}

/** Mean of the normalised vectors, so that no prompt counts more for its length. */
function mean(vectors: ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0)
  for (const vector of vectors.map(normalised)) {
    if (vector.length !== sum.length) throw lengthError(sum.length, vector.length)
    for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
  }
  return sum
}

/** The vector at length 1; a zero vector stays zero. */
function normalised(vector: ArrayLike<number>): Float64Array {
  const result = Float64Array.from(vector)
  const length = Math.sqrt(result.reduce((sum, value) => sum + value * value, 0))
  return length > 0 ? result.map((value) => value / length) : result
}

function dot(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) throw lengthError(a.length, b.length)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function lengthError(expected: number, got: number): RangeError {
  return new RangeError(`Expected a vector of ${expected} numbers, got ${got}`)
}
