import type { TimelineLabel, TimelineRows, TimelineShot } from '../store/timeline.ts'
import type { Timeline, TimelineLane } from './schemas/video-parts.ts'

/** Lanes of objects and concepts; further labels are left out. */
const MOST_LANES = 40
/** Spans of all lanes together: about 350 kB of JSON. */
const MOST_SPANS = 4000
/** Screens are some 800 pixels wide: closer than this share of the window is one. */
const PIXELS = 800
/** Shortest resolution, in seconds: a millisecond. */
const FINEST = 0.001

interface Stretch {
  startTime: number
  endTime: number
}

/**
 * The lanes of a video at a zoom level, from what is stored: spans of one lane closer than
 * `resolution` seconds are one, shots shorter than it join the next. Where that is still too much for
 * one answer the resolution is doubled until it is not; the answer says which it is. Spans keep their
 * own times where they reach over the window's ends.
 */
export function timelineOf(
  rows: TimelineRows,
  view: { duration: number | null; from: number; to: number; resolution: number | undefined },
): Timeline {
  const { duration, from, to } = view
  let resolution = Math.max(FINEST, view.resolution ?? (to - from) / PIXELS)
  for (;;) {
    const lanes = {
      shots: shotsOf(rows.shots, resolution),
      objects: lanesOf(rows.labels, resolution),
      activities: activitiesOf(rows.activities, resolution),
      speech: speechOf(rows.speech, resolution),
    }
    const spans =
      lanes.shots.length +
      lanes.activities.length +
      lanes.speech.length +
      lanes.objects.reduce((sum, lane) => sum + lane.spans.length, 0)
    if (spans <= MOST_SPANS) {
      return { duration, from, to, resolution: milliseconds(resolution), ...lanes }
    }
    resolution *= 2
  }
}

/** Stretches in order of their start, joined where the gap is shorter than `resolution`. */
function joined<T extends Stretch>(stretches: T[], resolution: number): T[][] {
  const groups: T[][] = []
  let end = Number.NEGATIVE_INFINITY
  for (const stretch of stretches) {
    const group = groups.at(-1)
    // Keyframes that follow each other touch: no gap at all.
    if (group && stretch.startTime - end < Math.max(resolution, FINEST)) group.push(stretch)
    else groups.push([stretch])
    end = Math.max(group ? end : stretch.endTime, stretch.endTime)
  }
  return groups
}

function lanesOf(labels: TimelineLabel[], resolution: number): TimelineLane[] {
  const byLabel = new Map<string, TimelineLabel[]>()
  for (const seen of labels) {
    const key = `${seen.kind} ${seen.label}`
    const list = byLabel.get(key)
    if (list) list.push(seen)
    else byLabel.set(key, [seen])
  }
  return [...byLabel.values()]
    .map((list) => ({
      list,
      seconds: list.reduce((sum, seen) => sum + seen.endTime - seen.startTime, 0),
    }))
    .sort((a, b) => b.seconds - a.seconds || (a.list[0]!.label < b.list[0]!.label ? -1 : 1))
    .slice(0, MOST_LANES)
    .map(({ list }) => ({
      label: list[0]!.label,
      kind: list[0]!.kind,
      ...amountOf(list),
      spans: joined(list, resolution).map((group) => ({ ...timesOf(group), ...amountOf(group) })),
    }))
}

function shotsOf(stored: TimelineShot[], resolution: number): Timeline['shots'] {
  const shots: Timeline['shots'] = []
  let previous: number | undefined
  for (const { shotIndex, startTime, endTime } of stored) {
    const last = shots.at(-1)
    const isSame = shotIndex === previous
    previous = shotIndex
    if (last && (isSame || last.end_time - last.start_time < resolution)) {
      last.end_time = endTime
      if (!isSame) last.shots++
    } else {
      shots.push({ shot_index: shotIndex, start_time: startTime, end_time: endTime, shots: 1 })
    }
  }
  return shots.map((shot) => ({
    ...shot,
    start_time: milliseconds(shot.start_time),
    end_time: milliseconds(shot.end_time),
  }))
}

function activitiesOf(
  activities: TimelineRows['activities'],
  resolution: number,
): Timeline['activities'] {
  const labels = [...new Set(activities.map(({ label }) => label))]
  return labels
    .flatMap((label) =>
      joined(
        activities.filter((activity) => activity.label === label),
        resolution,
      ).map((group) => ({
        label,
        ...timesOf(group),
        confidence: rounded(Math.max(...group.map(({ confidence }) => confidence))),
      })),
    )
    .sort((a, b) => a.start_time - b.start_time || (a.label < b.label ? -1 : 1))
}

function speechOf(speech: Stretch[], resolution: number): Timeline['speech'] {
  return joined(speech, resolution).map(timesOf)
}

function timesOf(group: Stretch[]): { start_time: number; end_time: number } {
  const end = group.reduce((latest, { endTime }) => Math.max(latest, endTime), 0)
  return { start_time: milliseconds(group[0]!.startTime), end_time: milliseconds(end) }
}

function amountOf(seen: TimelineLabel[]): { count: number; max_confidence: number } {
  return {
    count: seen.reduce((sum, { count }) => sum + count, 0),
    max_confidence: rounded(
      seen.reduce((most, { maxConfidence }) => Math.max(most, maxConfidence), 0),
    ),
  }
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000
const rounded = (share: number) => Math.round(share * 10_000) / 10_000
