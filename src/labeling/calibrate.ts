import { InvalidInputError } from '../errors.ts'
import {
  type Calibration,
  type ConceptCalibration,
  promptsHash,
  quantilesOf,
  SHARES,
  shareBelow,
} from './calibration.ts'
import { FALSE_ALARM_SHARE, LEAST_RECALL, shareThreshold } from './concept-report.ts'
import type { LabelledFrame } from './labelled-frames.ts'
import type { Concept, Taxonomy } from './taxonomy.ts'

/** Fewer say nothing of what one frame in a hundred looks like. */
export const LEAST_BACKGROUND = 50
/** A label that is there goes on where five times as many background frames reach the score. */
const KEEP_SHARE = 5 * FALSE_ALARM_SHARE

/**
 * Measures a taxonomy's concepts on labelled frames with one model. The threshold is the score that
 * one background frame in a hundred reaches; a concept of which less than a tenth is found there is
 * left silent, and so is one without frames that was silent with this model before.
 *
 * @param logOdds of each concept on each frame, [frames][concepts], as `logOddsOf` gives them
 * @param about.date the day, YYYY-MM-DD
 * @throws InvalidInputError `too-few-frames` for fewer than `LEAST_BACKGROUND` background frames
 */
export function calibrate(
  taxonomy: Taxonomy,
  frames: LabelledFrame[],
  logOdds: number[][],
  about: { model: { name: string; revision: string }; date: string; origin: string },
): Calibration {
  const background = logOdds.filter((_, i) => frames[i]!.concepts.length === 0)
  if (background.length < LEAST_BACKGROUND) {
    throw new InvalidInputError(
      'too-few-frames',
      `Expected at least ${LEAST_BACKGROUND} pictures in none/, which show no concept; got ${background.length}.`,
    )
  }
  const scale = { shares: SHARES, frames: background.length }
  return {
    model: about.model.name,
    revision: about.model.revision,
    date: about.date,
    frames: background.length,
    origin: about.origin,
    shares: SHARES,
    concepts: taxonomy.concepts.map((concept, index) => {
      const quantiles = quantilesOf(
        background.map((frame) => frame[index]!),
        SHARES,
      ).map((value) => Math.round(value * 100) / 100)
      const own = logOdds.filter((_, i) => frames[i]!.concepts.includes(concept.name))
      const scores = own.map((frame) => shareBelow(frame[index]!, scale, quantiles))
      return {
        name: concept.name,
        prompts: promptsHash(taxonomy, concept.prompts),
        quantiles,
        ...thresholds(taxonomy, concept, about.model, scores, background.length),
      }
    }),
  }
}

function thresholds(
  taxonomy: Taxonomy,
  concept: Concept,
  model: { name: string },
  scores: number[],
  frames: number,
): Pick<ConceptCalibration, 'threshold' | 'keepThreshold' | 'origin'> {
  const threshold = shareThreshold(1 - FALSE_ALARM_SHARE, frames)
  const keepThreshold = shareThreshold(1 - KEEP_SHARE, frames)
  const silent = { threshold: null, keepThreshold: null }
  const reached = (least: number) => scores.filter((score) => score >= least).length
  const found = `${reached(threshold)} of ${scores.length} frames that show it reach ${threshold}`
  if (scores.length > 0 && reached(threshold) < LEAST_RECALL * scores.length) {
    return { ...silent, origin: `${found}, so it stays silent.` }
  }
  if (scores.length > 0) {
    return {
      threshold,
      keepThreshold,
      origin: `${found}, ${reached(keepThreshold)} reach ${keepThreshold}.`,
    }
  }
  const before = taxonomy.calibrations
    .find((calibration) => calibration.model === model.name)
    ?.concepts.find(({ name }) => name === concept.name)
  const was = before ? before.threshold : concept.modelThresholds[model.name]
  if (was === null) {
    return { ...silent, origin: 'No frame shows it; silent with this model before, and still.' }
  }
  return {
    threshold,
    keepThreshold,
    origin: 'By background frames alone: no frame shows it, so what it finds is not known.',
  }
}
