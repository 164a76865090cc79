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
  /** `object:person`, the same at every zoom. */
  id: string
  kind: LaneKind
  /** The label as the API has it; what a lane without labels is called. */
  label: string
  color: string
  segments: Segment[]
  /** Nothing on it anywhere in the video. */
  isEmpty: boolean
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
  const activities = new Set(whole.activities.map((activity) => activity.label))
  return [
    lane('shots', 'Shots', GRAY, from.shots.map(shotSegment), whole.shots.length === 0),
    ...(hits ? hitLanes(hits) : []),
    ...[...activities].map((label) =>
      lane(
        'activity',
        label,
        colorOf(label),
        from.activities
          .filter((activity) => activity.label === label)
          .map((activity) => segment(activity, humanLabel(label), activity.confidence)),
      ),
    ),
    ...(activities.size === 0 ? [lane('activity', 'Activities', GRAY, [], true)] : []),
    lane(
      'speech',
      'Speech',
      SPEECH,
      from.speech.map((speech) => segment(speech, 'Speech')),
      whole.speech.length === 0,
    ),
    ...objectLanes(whole, from, 'object'),
    ...(whole.objects.length === 0 ? [lane('object', 'Objects', GRAY, [], true)] : []),
    ...objectLanes(whole, from, 'concept'),
  ]
}

function lane(
  kind: LaneKind,
  label: string,
  color: string,
  segments: Segment[],
  isEmpty = false,
): Lane {
  return { id: `${kind}:${label}`, kind, label, color, segments, isEmpty }
}

function segment(
  { start_time, end_time }: { start_time: number; end_time: number },
  text: string,
  confidence: number | null = null,
  count: number | null = null,
): Segment {
  return { start: start_time, end: end_time, text, confidence, count }
}

function objectLanes(whole: Timeline, from: Timeline, kind: 'object' | 'concept'): Lane[] {
  return whole.objects
    .filter((each) => each.kind === kind)
    .map(({ label }) => {
      const there = from.objects.find((each) => each.label === label && each.kind === kind)
      return lane(
        kind,
        label,
        colorOf(label),
        (there?.spans ?? []).map((span) =>
          segment(span, humanLabel(label), span.max_confidence, span.count),
        ),
      )
    })
}

/**
 * Hits in pictures and in speech lie over each other: a lane each. What is found in the words of a
 * title or of tags is nowhere in the video.
 */
function hitLanes(hits: Moment[]): Lane[] {
  const lanes = [
    { reason: 'picture', label: 'Hits in pictures' },
    { reason: 'speech', label: 'Hits in speech' },
  ].flatMap(({ reason, label }) => {
    const segments = hits
      .filter((hit) => hit.reason === reason)
      .map((hit) => segment(hit, hit.text ?? 'Looks like it', hit.score))
      .sort((a, b) => a.start - b.start)
    return segments.length > 0 ? [lane('hits', label, AMBER, segments)] : []
  })
  return lanes.length > 0 ? lanes : [lane('hits', 'Search hits', AMBER, [], true)]
}

function shotSegment(shot: Timeline['shots'][number]): Segment {
  const first = shot.shot_index + 1
  const text = shot.shots > 1 ? `Shots ${first}–${first + shot.shots - 1}` : `Shot ${first}`
  return segment(shot, text, null, shot.shots > 1 ? shot.shots : null)
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
  const here = segments.findLast((segment) => time >= segment.start && time < segment.end)
  if (here || slack === 0) return here ?? null
  return (
    segments.find((segment) => time >= segment.start - slack && time <= segment.end + slack) ?? null
  )
}

/** Whether data of `window` holds all of the view. */
export const covers = (window: View, view: View) =>
  window.from <= view.from + 1e-3 && window.to >= view.to - 1e-3
