import {
  type Calibration,
  type ConceptCalibration,
  promptsHash,
  shareBelow,
} from './calibration.ts'
import type { Concept, Taxonomy } from './taxonomy.ts'

/**
 * What a concept's score is: the share of background frames that look less like the concept, where
 * the taxonomy has a calibration for the model; else the concept's share of a softmax over itself
 * and the background prompts, which ranks frames but is no probability.
 */
export type ScoreKind = 'background_quantile' | 'softmax_share'

/** How sure it is that a frame shows a concept. */
export interface ConceptScore {
  concept: string
  /** 0–1. */
  score: number
  scoreKind: ScoreKind
  /** What both kinds are made of: the logarithm of the softmax share over the rest. */
  logOdds: number
  /** Whether the score reaches the concept's threshold for the model. */
  present: boolean
  /** Whether it reaches the lower threshold at which a label that is there goes on. */
  kept: boolean
}

/**
 * CLIP multiplies cosines by this before its softmax: the logit scale its authors train with and
 * cap at 100. [openai/CLIP: the paper's section 2.5, model.py `logit_scale`]
 */
const LOGIT_SCALE = 100

/**
 * Scores each concept of the taxonomy on each frame, zero-shot: the mean of the concept's prompt
 * vectors, normalised again, competes with each background prompt for the frame. Concepts do not
 * compete with each other, since a frame may show several. The calibration for the model, when there
 * is one for these very prompts, turns that into the share of background frames below it.
 *
 * All vectors are of one model and of one length; they need not be L2-normalised.
 *
 * @param conceptVectors one list per concept, in the taxonomy's order, one vector per prompt
 * @param backgroundVectors one per background prompt
 * @param options.model the embedding model, for thresholds and a calibration of its own; without
 *   it, or for a model the taxonomy does not name, the concept's ordinary threshold holds
 * @returns one list per frame, in the order given: every concept, in the taxonomy's order
 * @throws RangeError when lists or vectors are of different lengths
 */
export function scoreConcepts(
  taxonomy: Pick<Taxonomy, 'concepts' | 'templates' | 'background' | 'calibrations'>,
  conceptVectors: ArrayLike<number>[][],
  backgroundVectors: ArrayLike<number>[],
  frameVectors: ArrayLike<number>[],
  options: { model?: { name: string; revision: string } } = {},
): ConceptScore[][] {
  const { concepts } = taxonomy
  const scales = concepts.map((concept) => scaleOf(taxonomy, concept, options.model))
  return logOddsOf(conceptVectors, backgroundVectors, frameVectors, concepts.length).map((frame) =>
    frame.map((logOdds, index) => {
      const { scoreKind, scoreOf, threshold, keepThreshold } = scales[index]!
      const score = scoreOf(logOdds)
      return {
        concept: concepts[index]!.name,
        score,
        scoreKind,
        logOdds,
        present: threshold !== null && score >= threshold,
        kept: keepThreshold !== null && score >= keepThreshold,
      }
    }),
  )
}

/** How a concept's log-odds become a score, and from where on that is a label. */
interface Scale {
  scoreKind: ScoreKind
  scoreOf(logOdds: number): number
  threshold: number | null
  keepThreshold: number | null
}

function scaleOf(
  taxonomy: Pick<Taxonomy, 'templates' | 'background' | 'calibrations'>,
  concept: Concept,
  model: { name: string; revision: string } | undefined,
): Scale {
  const found = model ? freshCalibration(taxonomy, concept, model) : null
  if (found) {
    const { calibration, own } = found
    return {
      scoreKind: 'background_quantile',
      scoreOf: (logOdds) => shareBelow(logOdds, calibration, own.quantiles),
      threshold: own.threshold,
      keepThreshold: own.keepThreshold,
    }
  }
  const ofModel = model ? concept.modelThresholds[model.name] : undefined
  const threshold = ofModel === undefined ? concept.threshold : ofModel
  return {
    scoreKind: 'softmax_share',
    scoreOf: shareOf,
    threshold,
    // A threshold of the model's own has no lower one beside it.
    keepThreshold: ofModel === undefined ? concept.keepThreshold : ofModel,
  }
}

/**
 * The calibration of a concept for a model; null when there is none, or when templates, background
 * or the concept's prompts are others than those that were measured.
 */
export function freshCalibration(
  taxonomy: Pick<Taxonomy, 'templates' | 'background' | 'calibrations'>,
  concept: Pick<Concept, 'name' | 'prompts'>,
  model: { name: string; revision: string },
): { calibration: Calibration; own: ConceptCalibration } | null {
  const calibration = taxonomy.calibrations.find(
    (each) => each.model === model.name && each.revision === model.revision,
  )
  const own = calibration?.concepts.find(({ name }) => name === concept.name)
  if (!calibration || own?.prompts !== promptsHash(taxonomy, concept.prompts)) return null
  return { calibration, own }
}

/**
 * The log-odds of each concept against the background prompts on each frame: 100 times its cosine
 * with the frame, less the logarithm of the sum of the exponentials of theirs.
 *
 * @param expected how many concepts there must be
 * @returns [frames][concepts]
 */
export function logOddsOf(
  conceptVectors: ArrayLike<number>[][],
  backgroundVectors: ArrayLike<number>[],
  frameVectors: ArrayLike<number>[],
  expected = conceptVectors.length,
): number[][] {
  if (conceptVectors.length !== expected) {
    throw new RangeError(
      `Expected prompt vectors for ${expected} concepts, got ${conceptVectors.length}`,
    )
  }
  const means = conceptVectors.map(meanVector)
  const background = backgroundVectors.map(normalised)
  return frameVectors.map((vector) => {
    const frame = normalised(vector)
    const rivals = logSumExp(background.map((rival) => LOGIT_SCALE * dot(rival, frame)))
    return means.map((mean) => LOGIT_SCALE * dot(mean, frame) - rivals)
  })
}

/** The share, 0–1, whose log-odds these are. */
export function shareOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/** Shifted by the largest, so it cannot overflow; -Infinity for nothing. */
function logSumExp(values: number[]): number {
  const largest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  if (largest === Number.NEGATIVE_INFINITY) return largest
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0))
}

/** Mean of the normalised vectors, normalised again, so that no prompt counts more for its length. */
export function meanVector(vectors: ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0)
  for (const vector of vectors.map(normalised)) {
    if (vector.length !== sum.length) throw lengthError(sum.length, vector.length)
    for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
  }
  return normalised(sum)
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
