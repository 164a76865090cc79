import { countTracks } from './annotated-tracks.ts'
import type { SeenConcept, SeenObject } from './annotation-input.ts'
import type { Annotation } from './annotation-schema.ts'
import { compare } from './order.ts'
import { score, time } from './rounding.ts'

/** Boxes counted by label, source label and model; the most frequent first. */
export function objectsDetected(boxes: SeenObject[]): Annotation['objects_detected'] {
  return grouped(boxes, (box) => [box.label, box.sourceLabel, box.modelName])
    .map((group) => {
      const { label, sourceLabel, modelName, source } = group[0]!
      const tracks = countTracks(group)
      const confidences = group.map((box) => box.confidence)
      const { keyframes, first, last } = extent(group)
      return {
        label,
        source_label: sourceLabel,
        count: group.length,
        ...(tracks === null ? {} : { tracks }),
        keyframes,
        max_confidence: score(largest(confidences)),
        mean_confidence: score(mean(confidences)),
        first_seen: first,
        last_seen: last,
        model_name: modelName,
        ...(source === 'open_vocabulary' ? { source } : {}),
      }
    })
    .sort(
      (a, b) =>
        b.keyframes - a.keyframes ||
        b.count - a.count ||
        compare(a.label, b.label) ||
        compare(a.source_label, b.source_label) ||
        compare(a.model_name, b.model_name),
    )
}

/** Concepts counted by label, model and kind of score; the most frequent first. */
export function conceptsSeen(concepts: SeenConcept[]): Annotation['concepts'] {
  return grouped(concepts, (concept) => [concept.label, concept.modelName, concept.scoreKind ?? ''])
    .map((group) => {
      const { label, modelName, scoreKind } = group[0]!
      const scores = group.map((concept) => concept.score)
      const { keyframes, first, last } = extent(group)
      return {
        label,
        keyframes,
        max_score: score(largest(scores)),
        mean_score: score(mean(scores)),
        ...(scoreKind && { score_kind: scoreKind }),
        first_seen: first,
        last_seen: last,
        model_name: modelName,
      }
    })
    .sort(
      (a, b) =>
        b.keyframes - a.keyframes ||
        compare(a.label, b.label) ||
        compare(a.model_name, b.model_name) ||
        compare(a.score_kind ?? '', b.score_kind ?? ''),
    )
}

function grouped<T>(items: T[], keyOf: (item: T) => string[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify(keyOf(item))
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return [...groups.values()]
}

/** On how many keyframes, and from when to when. */
function extent(seen: { keyframeId: string; timestamp: number }[]) {
  const times = seen.map(({ timestamp }) => timestamp)
  return {
    keyframes: new Set(seen.map(({ keyframeId }) => keyframeId)).size,
    first: time(-largest(times.map((value) => -value))),
    last: time(largest(times)),
  }
}

/** By a loop, because spreading a long list into Math.max overflows the stack. */
function largest(values: number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
}

/** Summed in order of size, so that the order of the rows does not change the last digit. */
function mean(values: number[]): number {
  return values.toSorted((a, b) => a - b).reduce((sum, value) => sum + value, 0) / values.length
}
