import { type FrameLabel, judge, type Verdict } from './activity-evidence.ts'
import type { ScoreKind } from './concepts.ts'
import { compare } from './order.ts'
import type { ActivityRule } from './taxonomy.ts'

/** A keyframe with all that was seen on it. */
export interface LabelledKeyframe {
  keyframeId: string
  /** Seconds on the video's timeline. */
  timestamp: number
  /** Of another one than the keyframe before: a cut lies between them. */
  shotIndex: number
  labels: FrameLabel[]
}

/** A stretch of one shot over which a rule holds. Seconds on the video's timeline. */
export interface ActivitySegment {
  label: string
  startTime: number
  endTime: number
  /** Least sure label that the rule needs, 0–1: mean over the time of the keyframes that have it. */
  confidence: number
  metadata: {
    /** The rule's label. */
    rule: string
    shotIndex: number
    /** Keyframes that show what the rule asks for, in presentation order. */
    keyframeIds: string[]
    /** When each of them is, in seconds. */
    keyframeTimes: number[]
    /** Those of them that show it too weakly to begin a segment. */
    weakKeyframeIds: string[]
    /** Keyframes in between where a label was missed, and the seconds they stand for. */
    bridgedKeyframeIds: string[]
    bridgedSeconds: number
    evidence: Sighting[]
  }
}

/** What the rule found of one label by one model. */
export interface Sighting {
  label: string
  source: string
  modelName?: string
  /** What a concept's confidence is. */
  scoreKind?: ScoreKind
  /** On how many keyframes; with the surest of them, and the mean over them. */
  keyframes: number
  maxConfidence: number
  meanConfidence: number
}

/** Times are compared as whole microseconds: sixty thirtieths are exactly two seconds. */
const MICROSECONDS = 1e6

/**
 * Finds the stretches over which each rule holds. A keyframe stands for the time from its timestamp
 * to the next keyframe, the last one to the end of the video; what comes before the first keyframe
 * belongs to none. A cut ends a segment. Each rule is a lane of its own: segments of one label never
 * overlap, those of different labels may.
 *
 * Two thresholds keep segments from flickering (see `judge`): a stretch of keyframes on which the rule
 * at least goes on is a segment when it holds in full on one of them. That is the hysteresis of
 * Canny's edge detector (1986), alike in both directions of time.
 *
 * A gap between two stretches of a shot, over which a label is missed, is bridged when it lasts no
 * longer than the rule's `maxGapSeconds` nor than either stretch: most of the time would be a guess.
 * A keyframe on which a label is surely seen that the rule excludes is no gap.
 *
 * `none` needs more than silence: such a rule is left out unless every source has looked at the
 * frames, because a person whom no detector looked for is not absent.
 *
 * @param keyframes in any order; the result does not depend on it
 * @param durationSeconds end of the video; 0 gives no segments
 * @param options.sources sources that looked at the frames; default both
 * @returns segments by start, then label, each within [0, durationSeconds] and at least the rule's
 *   `minDurationSeconds` long, to the microsecond
 */
export function recogniseActivities(
  rules: ActivityRule[],
  keyframes: LabelledKeyframe[],
  durationSeconds: number,
  options: { sources?: ('yolo' | 'clip')[] } = {},
): ActivitySegment[] {
  if (!(durationSeconds > 0)) return []
  const sources = new Set(options.sources ?? ['yolo', 'clip'])
  const frames = timed(keyframes, durationSeconds)
  return rules
    .filter((rule) => rule.none.length === 0 || sources.size === 2)
    .flatMap((rule) => segmentsOf(rule, frames))
    .sort((a, b) => a.startTime - b.startTime || compare(a.label, b.label))
}

/** A keyframe with the time it stands for, and that as whole microseconds. */
interface TimedKeyframe extends LabelledKeyframe {
  endTime: number
  micros: number
}

type Seen = Extract<Verdict, { confidence: number }>

/** Consecutive keyframes of one shot that show what the rule asks for; with gaps that are bridged. */
interface Stretch {
  seen: { frame: TimedKeyframe; verdict: Seen }[]
  missed: TimedKeyframe[]
  micros: number
}

/** Keyframes in presentation order with the time they stand for, inside the video. */
function timed(keyframes: LabelledKeyframe[], durationSeconds: number): TimedKeyframe[] {
  const inside = (seconds: number) => Math.min(Math.max(seconds, 0), durationSeconds)
  const micros = (seconds: number) => Math.round(seconds * MICROSECONDS)
  const ordered = keyframes.toSorted(
    (a, b) =>
      a.timestamp - b.timestamp || a.shotIndex - b.shotIndex || compare(a.keyframeId, b.keyframeId),
  )
  return ordered.map((frame, index) => {
    const timestamp = inside(frame.timestamp)
    const endTime = inside(ordered[index + 1]?.timestamp ?? durationSeconds)
    return { ...frame, timestamp, endTime, micros: micros(endTime) - micros(timestamp) }
  })
}

function segmentsOf(rule: ActivityRule, frames: TimedKeyframe[]): ActivitySegment[] {
  return bridged(rule, stretchesOf(rule, frames))
    .filter(
      ({ seen, micros }) =>
        seen.some(({ verdict }) => verdict.kind === 'holds') &&
        micros > 0 &&
        micros >= rule.minDurationSeconds * MICROSECONDS,
    )
    .map((stretch) => toSegment(rule, stretch))
}

/** Stretches without gaps, each with the keyframes after it that could be bridged to the next one. */
function stretchesOf(
  rule: ActivityRule,
  frames: TimedKeyframe[],
): { stretch: Stretch; gap: TimedKeyframe[] | null }[] {
  const found: { stretch: Stretch; gap: TimedKeyframe[] | null }[] = []
  let before: TimedKeyframe | undefined
  for (const frame of frames) {
    const last = found.at(-1)
    if (last && before?.shotIndex !== frame.shotIndex) last.gap = null
    before = frame
    const verdict = judge(rule, frame.labels)
    if (verdict.kind === 'excluded') {
      if (last) last.gap = null
    } else if (verdict.kind === 'missed') {
      last?.gap?.push(frame)
    } else if (last?.gap?.length === 0) {
      last.stretch.seen.push({ frame, verdict })
      last.stretch.micros += frame.micros
    } else {
      const stretch = { seen: [{ frame, verdict }], missed: [], micros: frame.micros }
      found.push({ stretch, gap: [] })
    }
  }
  return found
}

/** Joins stretches over gaps; whether two are joined depends on nothing but these two and their gap. */
function bridged(
  rule: ActivityRule,
  found: { stretch: Stretch; gap: TimedKeyframe[] | null }[],
): Stretch[] {
  const joined: Stretch[] = []
  for (const [index, { stretch }] of found.entries()) {
    const before = found[index - 1]
    const open = joined.at(-1)
    const gap = before?.gap
    const micros = gap?.reduce((sum, frame) => sum + frame.micros, 0) ?? 0
    const most = Math.min(
      rule.maxGapSeconds * MICROSECONDS,
      before?.stretch.micros ?? 0,
      stretch.micros,
    )
    if (open && gap && micros <= most) {
      open.seen.push(...stretch.seen)
      open.missed.push(...gap)
      open.micros += micros + stretch.micros
    } else {
      joined.push({ seen: [...stretch.seen], missed: [], micros: stretch.micros })
    }
  }
  return joined
}

function toSegment(rule: ActivityRule, { seen, missed }: Stretch): ActivitySegment {
  const first = seen[0]!.frame
  const idsOf = (list: { keyframeId: string }[]) => list.map(({ keyframeId }) => keyframeId)
  const bridgedMicros = missed.reduce((sum, frame) => sum + frame.micros, 0)
  return {
    label: rule.label,
    startTime: first.timestamp,
    endTime: seen.at(-1)!.frame.endTime,
    confidence: meanConfidence(seen),
    metadata: {
      rule: rule.label,
      shotIndex: first.shotIndex,
      keyframeIds: idsOf(seen.map(({ frame }) => frame)),
      keyframeTimes: seen.map(({ frame }) => frame.timestamp),
      weakKeyframeIds: idsOf(
        seen.filter(({ verdict }) => verdict.kind === 'goes-on').map(({ frame }) => frame),
      ),
      bridgedKeyframeIds: idsOf(missed),
      bridgedSeconds: bridgedMicros / MICROSECONDS,
      evidence: sightings(seen),
    },
  }
}

/** By time, because keyframes at cuts and in slow stretches stand for different lengths. */
function meanConfidence(seen: Stretch['seen']): number {
  const micros = seen.reduce((sum, { frame }) => sum + frame.micros, 0)
  const weighted = seen.reduce(
    (sum, { frame, verdict }) => sum + verdict.confidence * frame.micros,
    0,
  )
  return Math.min(1, weighted / micros)
}

function sightings(seen: Stretch['seen']): Sighting[] {
  const byKind = new Map<string, { first: FrameLabel; best: number[] }>()
  for (const { verdict } of seen) {
    const onFrame = new Map<string, FrameLabel>()
    for (const label of verdict.evidence) {
      const key = JSON.stringify([label.label, label.source, label.modelName, label.scoreKind])
      const before = onFrame.get(key)
      if (!before || label.confidence > before.confidence) onFrame.set(key, label)
    }
    for (const [key, label] of onFrame) {
      const kind = byKind.get(key) ?? { first: label, best: [] }
      kind.best.push(label.confidence)
      byKind.set(key, kind)
    }
  }
  return [...byKind]
    .sort(([a], [b]) => compare(a, b))
    .map(([, { first, best }]) => ({
      label: first.label,
      source: first.source,
      ...(first.modelName !== undefined && { modelName: first.modelName }),
      ...(first.scoreKind !== undefined && { scoreKind: first.scoreKind }),
      keyframes: best.length,
      maxConfidence: best.reduce((most, value) => Math.max(most, value), 0),
      meanConfidence: best.reduce((sum, value) => sum + value, 0) / best.length,
    }))
}
