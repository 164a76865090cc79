import type { InputFault } from '../errors.ts'
import { highestShare } from './calibration.ts'
import type { ActivityTermFile, TaxonomyFile } from './taxonomy-schema.ts'

/**
 * What is wrong with a file of the right shape: names used twice, rules without a condition, rules
 * over labels that nothing in the taxonomy can produce, which would silently never hold, and
 * thresholds that contradict each other.
 */
export function meaningFaults(file: TaxonomyFile): InputFault[] {
  return [
    ...repeated(file.concepts.map((concept) => concept.name)).map(([index, name]) => ({
      path: `concepts.${index}.name`,
      expected: 'a name used once',
      got: JSON.stringify(name),
    })),
    ...repeated(file.activities.map((activity) => activity.label)).map(([index, name]) => ({
      path: `activities.${index}.label`,
      expected: 'a label used once',
      got: JSON.stringify(name),
    })),
    ...(Object.hasOwn(file.categories, 'other')
      ? [
          {
            path: 'categories.other',
            expected: 'another name: other is what fits no category',
            got: '"other"',
          },
        ]
      : []),
    ...file.concepts.flatMap((concept, index) =>
      aboveFault(
        `concepts.${index}.keep_threshold`,
        'threshold',
        concept.keep_threshold,
        concept.threshold,
      ),
    ),
    ...file.activities.flatMap((activity, index) => ruleFaults(file, activity, index)),
    ...calibrationFaults(file),
  ]
}

function ruleFaults(
  file: TaxonomyFile,
  activity: TaxonomyFile['activities'][number],
  index: number,
): InputFault[] {
  const known = new Set([
    ...Object.values(file.objects),
    ...file.concepts.map((concept) => concept.name),
  ])
  const faults: InputFault[] = []
  if (!activity.all && !activity.any) {
    faults.push({
      path: `activities.${index}`,
      expected: 'all or any: labels that must be seen',
      got: Object.keys(activity).join(', '),
    })
  }
  for (const part of ['all', 'any', 'none'] as const) {
    for (const [position, entry] of (activity[part] ?? []).entries()) {
      const at = `activities.${index}.${part}.${position}`
      for (const one of Array.isArray(entry) ? entry : [entry]) {
        faults.push(...termFaults(known, one, at))
      }
    }
  }
  return faults
}

function termFaults(known: Set<string>, term: ActivityTermFile, path: string): InputFault[] {
  const { label, keep_confidence, min_confidence } =
    typeof term === 'string' ? { label: term } : term
  return [
    ...(known.has(label)
      ? []
      : [{ path, expected: 'a concept or a value of objects', got: JSON.stringify(label) }]),
    ...aboveFault(`${path}.keep_confidence`, 'min_confidence', keep_confidence, min_confidence),
  ]
}

/** A lower threshold that lies above the one it goes with. */
function aboveFault(
  path: string,
  upper: string,
  keep: number | null | undefined,
  limit: number | null | undefined,
): InputFault[] {
  if (keep === undefined || keep === null || keep <= (limit ?? 0)) return []
  return [{ path, expected: `at most ${upper}`, got: String(keep) }]
}

function calibrationFaults(file: TaxonomyFile): InputFault[] {
  const known = new Set(file.concepts.map((concept) => concept.name))
  const models = file.calibration.map(({ model, revision }) => `${model} ${revision}`)
  return [
    ...repeated(models).map(([index, name]) => ({
      path: `calibration.${index}.model`,
      expected: 'one calibration for a model and revision',
      got: JSON.stringify(name),
    })),
    ...file.calibration.flatMap(({ shares, concepts, frames }, index) => [
      ...(isRising(shares) && shares[0] === 0 && shares.at(-1) === 1
        ? []
        : [
            {
              path: `calibration.${index}.shares`,
              expected: 'rising numbers from 0 to 1',
              got: JSON.stringify(shares),
            },
          ]),
      ...concepts.flatMap((concept, position) => {
        const path = `calibration.${index}.concepts.${position}`
        const faults = aboveFault(
          `${path}.keep_threshold`,
          'threshold',
          concept.keep_threshold,
          concept.threshold,
        )
        if (!known.has(concept.name)) {
          faults.push({
            path: `${path}.name`,
            expected: 'a concept',
            got: JSON.stringify(concept.name),
          })
        }
        if (concept.quantiles.length !== shares.length || !isSorted(concept.quantiles)) {
          faults.push({
            path: `${path}.quantiles`,
            expected: `${shares.length} numbers that never fall, one per share`,
            got: JSON.stringify(concept.quantiles),
          })
        }
        if (concept.threshold !== null && concept.threshold > highestShare(frames)) {
          faults.push({
            path: `${path}.threshold`,
            expected: `at most ${highestShare(frames)}, which ${frames} frames can show`,
            got: String(concept.threshold),
          })
        }
        return faults
      }),
    ]),
  ]
}

const isSorted = (values: number[]) => values.slice(1).every((value, i) => value >= values[i]!)
const isRising = (values: number[]) => values.slice(1).every((value, i) => value > values[i]!)

/** Every value that is there before, with its index. */
function repeated(values: string[]): [number, string][] {
  return [...values.entries()].filter(([index, value]) => values.indexOf(value) < index)
}
