import { highestShare } from './calibration.ts'
import { type ConceptScore, freshCalibration, type ScoreKind } from './concepts.ts'
import type { LabelledFrame } from './labelled-frames.ts'
import type { Concept, Taxonomy } from './taxonomy.ts'

/** How a concept does on labelled frames. Shares 0–1; null where there is nothing to divide by. */
export interface ConceptReport {
  concept: string
  scoreKind: ScoreKind
  /** In force for the model; null: the concept is silent with it. */
  threshold: number | null
  /** Labelled frames that show it, and how many of them get the label. */
  frames: number
  hits: number
  /** The others. */
  missed: string[]
  /** Frames that show none of the concepts, and those of them that get the label. */
  background: number
  falseAlarms: string[]
  /** Frames of other concepts that get it: they may show it too, so they count for nothing. */
  elsewhere: number
  /** Hits over hits and false alarms: as these frames are mixed, not as videos are. */
  precision: number | null
  recall: number | null
  /** How often a frame that shows it scores above a background frame (area under the ROC curve). */
  separation: number | null
  suggestion: Suggestion | null
}

/** The lowest threshold with few enough false alarms on these frames. */
export interface Suggestion {
  /** Null: at none of them enough is found, so the concept had better be silent. */
  threshold: number | null
  hits: number
  falseAlarms: number
}

/** Of the background frames, so many may get a label that they do not deserve. */
export const FALSE_ALARM_SHARE = 0.01
/** A concept of which less is found is left silent: it would be an accident. */
export const LEAST_RECALL = 0.1

/**
 * Hits and misses of each concept on labelled frames.
 *
 * @param scores as `scoreConcepts` gave them, in the order of `frames`
 */
export function reportConcepts(
  taxonomy: Taxonomy,
  model: { name: string; revision: string },
  frames: LabelledFrame[],
  scores: ConceptScore[][],
): ConceptReport[] {
  return taxonomy.concepts.map((concept, index) => {
    const judged = frames.map((frame, i) => ({ ...frame, score: scores[i]![index]! }))
    const own = judged.filter(({ concepts }) => concepts.includes(concept.name))
    const none = judged.filter(({ concepts }) => concepts.length === 0)
    const present = (list: typeof judged) => list.filter(({ score }) => score.present)
    const hits = present(own).length
    const alarms = present(none)
    return {
      concept: concept.name,
      scoreKind: scores[0]?.[index]?.scoreKind ?? 'softmax_share',
      threshold: thresholdOf(taxonomy, concept, model),
      frames: own.length,
      hits,
      missed: own.filter(({ score }) => !score.present).map(({ file }) => file),
      background: none.length,
      falseAlarms: alarms.map(({ file }) => file),
      elsewhere: present(judged).length - hits - alarms.length,
      precision: hits + alarms.length > 0 ? hits / (hits + alarms.length) : null,
      recall: own.length > 0 ? hits / own.length : null,
      separation: separationOf(
        own.map(({ score }) => score.logOdds),
        none.map(({ score }) => score.logOdds),
      ),
      suggestion: suggest(
        own.map(({ score }) => score.score),
        none.map(({ score }) => score.score),
      ),
    }
  })
}

function thresholdOf(
  taxonomy: Taxonomy,
  concept: Concept,
  model: { name: string; revision: string },
): number | null {
  const found = freshCalibration(taxonomy, concept, model)
  if (found) return found.own.threshold
  const ofModel = concept.modelThresholds[model.name]
  return ofModel === undefined ? concept.threshold : ofModel
}

/**
 * The lowest score of a frame that shows the concept which at most `FALSE_ALARM_SHARE` of the
 * background frames reach. Null when one of the two kinds of frames is not there.
 */
export function suggest(own: number[], background: number[]): Suggestion | null {
  if (own.length === 0 || background.length === 0) return null
  const allowed = FALSE_ALARM_SHARE * background.length
  const reaching = (scores: number[], threshold: number) =>
    scores.filter((score) => score >= threshold).length
  const threshold = own
    .toSorted((a, b) => a - b)
    .find((score) => reaching(background, score) <= allowed)
  const hits = threshold === undefined ? 0 : reaching(own, threshold)
  if (threshold === undefined || hits < LEAST_RECALL * own.length) {
    return { threshold: null, hits: 0, falseAlarms: 0 }
  }
  return { threshold, hits, falseAlarms: reaching(background, threshold) }
}

/** Ties count half. */
function separationOf(own: number[], background: number[]): number | null {
  if (own.length === 0 || background.length === 0) return null
  const sorted = background.toSorted((a, b) => a - b)
  const below = (value: number) => {
    const first = sorted.findIndex((other) => other >= value)
    const next = sorted.findIndex((other) => other > value)
    const [low, high] = [first, next].map((at) => (at < 0 ? sorted.length : at))
    return (low! + high!) / 2
  }
  return own.reduce((sum, value) => sum + below(value), 0) / (own.length * sorted.length)
}

/** As high as a threshold may be for so many background frames, four decimals, rounded down. */
export function shareThreshold(share: number, frames: number): number {
  return Math.floor(Math.min(share, highestShare(frames)) * 1e4) / 1e4
}
