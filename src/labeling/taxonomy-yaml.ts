import { stringify } from 'yaml'
import type { Calibration } from './calibration.ts'
import type { ActivityRule, ActivityTerm, Taxonomy } from './taxonomy.ts'

/** The taxonomy as a file that reads back to the same content and hash. */
export function taxonomyYaml(taxonomy: Taxonomy): string {
  const file = {
    name: taxonomy.name,
    version: taxonomy.version,
    ...(taxonomy.description !== null && { description: taxonomy.description }),
    objects: taxonomy.objects,
    categories: taxonomy.categories,
    templates: taxonomy.templates,
    background: taxonomy.background,
    concepts: taxonomy.concepts.map((concept) => ({
      name: concept.name,
      prompts: concept.prompts,
      threshold: concept.threshold,
      ...(concept.keepThreshold !== concept.threshold && { keep_threshold: concept.keepThreshold }),
      threshold_origin: concept.thresholdOrigin,
      ...(Object.keys(concept.modelThresholds).length > 0 && {
        model_thresholds: concept.modelThresholds,
      }),
    })),
    activities: taxonomy.activities.map((rule) => ruleFile(taxonomy, rule)),
    min_duration_seconds: taxonomy.minDurationSeconds,
    max_gap_seconds: taxonomy.maxGapSeconds,
    tags: taxonomy.tags,
    ...(taxonomy.calibrations.length > 0 && {
      calibration: taxonomy.calibrations.map(calibrationFile),
    }),
  }
  return stringify(file, { aliasDuplicateObjects: false })
}

/** One model's calibration as it stands in a file. */
export function calibrationFile(calibration: Calibration): Record<string, unknown> {
  const { concepts, ...rest } = calibration
  return {
    ...rest,
    concepts: concepts.map(({ keepThreshold, origin, ...concept }) => ({
      ...concept,
      ...(keepThreshold !== concept.threshold && { keep_threshold: keepThreshold }),
      origin,
    })),
  }
}

function ruleFile(
  { minDurationSeconds, maxGapSeconds }: Taxonomy,
  rule: ActivityRule,
): Record<string, unknown> {
  return {
    label: rule.label,
    ...(rule.all.length > 0 && { all: rule.all.map(entryFile) }),
    ...(rule.any.length > 0 && { any: rule.any.map(entryFile) }),
    ...(rule.none.length > 0 && { none: rule.none.map(entryFile) }),
    ...(rule.minDurationSeconds !== minDurationSeconds && {
      min_duration_seconds: rule.minDurationSeconds,
    }),
    ...(rule.maxGapSeconds !== maxGapSeconds && { max_gap_seconds: rule.maxGapSeconds }),
  }
}

function entryFile(terms: ActivityTerm[]): unknown {
  const list = terms.map(({ minConfidence, keepConfidence, ...term }) => {
    if (
      Object.keys(term).length === 1 &&
      minConfidence === undefined &&
      keepConfidence === undefined
    )
      return term.label
    return {
      ...term,
      ...(minConfidence !== undefined && { min_confidence: minConfidence }),
      ...(keepConfidence !== undefined && { keep_confidence: keepConfidence }),
    }
  })
  return list.length === 1 ? list[0]! : list
}
