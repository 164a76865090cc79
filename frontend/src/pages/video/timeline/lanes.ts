import type { Moment } from '../../../../../src/api/schemas/search.ts'
import type { Timeline } from '../../../api/video.ts'
import { colorOf } from '../../../lib/colors.ts'
import { humanLabel } from '../../../lib/format.ts'
import type { View } from './view.ts'

export type LaneKind = 'shots' | 'hits' | 'activity' | 'speech' | 'object' | 'concept'

/** A stretch on a lane. Seconds. */
export interface Segment {
  start: number
  end: number
  /** What stands in it when there is room, and what a screen reader hears. */
  text: string
  /** 0–1; null where nothing is sure or unsure. */
  confidence: number | null
  /** Boxes or keyframes it stands for, or shots that are too short to be drawn alone. */
  count: number | null
}

export interface Lane {
  /** `object:person`: the same at every zoom. */
  id: string
  kind: LaneKind
  /** The label as the API has it; what a lane without labels is called. */
  label: string
  color: string
  segments: Segment[]
}

const GRAY = '#8b9198'
const AMBER = '#f5a623'
const SPEECH = '#9fd0ee'

/**
 * All lanes of a video, in the order they are shown. `whole` says which lanes there are, so that
 * none comes or goes while zooming; `detail` gives the segments where it is there, for its window.
 */
export function lanesOf(whole: Timeline, detail: Timeline | null, hits: Moment[] | null): Lane[] {
  const from = detail ?? whole
  const lanes: Lane[] = [
    {
      id: 'shots',
      kind: 'shots',
      label: 'Shots',
      color: GRAY,
      segments: from.shots.map(shotSegment),
    },
  ]
  if (hits)
    lanes.push({
      id: 'hits',
      kind: 'hits',
      label: 'Search hits',
      color: AMBER,
      segments: hits
        .filter((hit) => hit.reason === 'picture' || hit.reason === 'speech')
        .map(hitSegment)
        .sort((a, b) => a.start - b.start),
    })
  for (const label of new Set(whole.activities.map((activity) => activity.label)))
    lanes.push({
      id: `activity:${label}`,
      kind: 'activity',
      label,
      color: colorOf(label),
      segments: from.activities
        .filter((activity) => activity.label === label)
        .map(({ start_time, end_time, confidence }) => ({
          start: start_time,
          end: end_time,
          text: humanLabel(label),
          confidence,
          count: null,
        })),
    })
  lanes.push({
    id: 'speech',
    kind: 'speech',
    label: 'Speech',
    color: SPEECH,
    segments: from.speech.map(({ start_time, end_time }) => ({
      start: start_time,
      end: end_time,
      text: 'Speech',
      confidence: null,
      count: null,
    })),
  })
  for (const kind of ['object', 'concept'] as const)
    for (const { label } of whole.objects.filter((lane) => lane.kind === kind)) {
      const lane = from.objects.find((each) => each.label === label && each.kind === kind)
      lanes.push({
        id: `${kind}:${label}`,
        kind,
        label,
        color: colorOf(label),
        segments: (lane?.spans ?? []).map((span) => ({
          start: span.start_time,
          end: span.end_time,
          text: humanLabel(label),
          confidence: span.max_confidence,
          count: span.count,
        })),
      })
    }
  return lanes
}

function shotSegment(shot: Timeline['shots'][number]): Segment {
  const first = shot.shot_index + 1
  return {
    start: shot.start_time,
    end: shot.end_time,
    text: shot.shots > 1 ? `Shots ${first}–${first + shot.shots - 1}` : `Shot ${first}`,
    confidence: null,
    count: shot.shots > 1 ? shot.shots : null,
  }
}

function hitSegment(hit: Moment): Segment {
  return {
    start: hit.start_time,
    end: hit.end_time,
    text: hit.text ?? 'Looks like it',
    confidence: hit.score,
    count: null,
  }
}

/**
 * The segment after (`1`) or before (`-1`) `time`. Backwards, the segment that plays is gone to the
 * start of first, unless it has only just begun.
 */
export function stepSegment(
  segments: readonly Segment[],
  time: number,
  direction: 1 | -1,
): Segment | null {
  if (direction === 1) return segments.find((segment) => segment.start > time + 0.01) ?? null
  return segments.findLast((segment) => segment.start < time - 0.3) ?? null
}

/** The segment at `time`, give or take `slack` seconds; of several the one that began last. */
export function segmentAt(segments: readonly Segment[], time: number, slack = 0): Segment | null {
  return (
    segments.findLast((segment) => time >= segment.start && time < segment.end) ??
    segments.find((segment) => time >= segment.start - slack && time <= segment.end + slack) ??
    null
  )
}

/** Whether data of `window` holds all of the view. */
export const covers = (window: View, view: View) =>
  window.from <= view.from + 1e-3 && window.to >= view.to - 1e-3
