import type { ActivityRule, ActivityTerm } from './taxonomy.ts'

/** Something seen on a keyframe. `human` is a correction and satisfies any term. */
export interface FrameLabel {
  label: string
  /** 0–1, higher is surer. */
  confidence: number
  source: 'yolo' | 'clip' | 'human'
}

/** A keyframe with all that was seen on it. */
export interface LabelledKeyframe {
  keyframeId: string
  /** Seconds on the video's timeline. */
  timestamp: number
  shotIndex: number
  /** Whether a cut comes right before it. */
  isSceneChange: boolean
  labels: FrameLabel[]
}

/** A stretch of one shot over which a rule holds. Seconds on the video's timeline. */
export interface ActivitySegment {
  label: string
  startTime: number
  endTime: number
  /** Mean over the keyframes where the rule holds of the least sure label it needs, 0–1. */
  confidence: number
  metadata: {
    /** The rule's label. */
    rule: string
    shotIndex: number
    /** Keyframes where the rule holds, in presentation order. */
    keyframeIds: string[]
    /** Keyframes in between where a label was missed. */
    bridgedKeyframeIds: string[]
    /** What the rule found, by label and source: on how many keyframes, and the surest of them. */
    evidence: { label: string; source: string; keyframes: number; maxConfidence: number }[]
  }
}

/** A missed keyframe that stands for longer than this is not bridged: most of the time would be a guess. */
const MAX_BRIDGE_SECONDS = 2
/** Sums of frame times are off by less: 2 s made of sixty thirtieths is not too short. */
const EPSILON_SECONDS = 1e-6

/**
 * Finds the stretches over which each rule holds. A keyframe stands for the time from its
 * timestamp to the next keyframe, the last one to the end of the video; what comes before the first
 * keyframe belongs to none. A cut ends a segment. Each rule is a lane of its own: segments of one
 * label never overlap, those of different labels may.
 *
 * One keyframe on which a needed label is missing is bridged when the rule holds on both sides of
 * it in the same shot, since detectors miss single frames. A keyframe on which a label was *seen*
 * that the rule excludes is no miss, and ends the segment.
 *
 * `none` needs more than silence: such a rule is left out unless every source has looked at the
 * frames, because a person whom no detector looked for is not absent.
 *
 * @param keyframes in any order; the result does not depend on it
 * @param durationSeconds end of the video; 0 gives no segments
 * @param options.sources sources that looked at the frames; default both
 * @returns segments by start, then label, each within [0, durationSeconds] and at least the rule's
 *   `minDurationSeconds` long
 */
export function recogniseActivities(
  rules: ActivityRule[],
  keyframes: LabelledKeyframe[],
  durationSeconds: number,
  options: { sources?: ('yolo' | 'clip')[] } = {},
): ActivitySegment[] {
  const sources = new Set(options.sources ?? ['yolo', 'clip'])
  const frames = timed(keyframes, durationSeconds)
  return rules
    .filter((rule) => rule.none.length === 0 || sources.size === 2)
    .flatMap((rule) => segmentsOf(rule, frames))
    .sort((a, b) => a.startTime - b.startTime || compare(a.label, b.label))
}

interface TimedKeyframe extends LabelledKeyframe {
  endTime: number
  /** Counts up at each cut. */
  shot: number
}

/** Keyframes in presentation order with the time they stand for, inside the video. */
function timed(keyframes: LabelledKeyframe[], durationSeconds: number): TimedKeyframe[] {
  const inside = (seconds: number) => Math.min(Math.max(seconds, 0), durationSeconds)
  const ordered = keyframes.toSorted(
    (a, b) =>
      a.timestamp - b.timestamp || a.shotIndex - b.shotIndex || compare(a.keyframeId, b.keyframeId),
  )
  let shot = 0
  return ordered.map((frame, index) => {
    const previous = ordered[index - 1]
    const isCut = previous && (frame.isSceneChange || frame.shotIndex !== previous.shotIndex)
    if (isCut) shot++
    return {
      ...frame,
      timestamp: inside(frame.timestamp),
      endTime: inside(ordered[index + 1]?.timestamp ?? durationSeconds),
      shot,
    }
  })
}

/** What one keyframe says about a rule. */
type Verdict =
  | { holds: true; confidence: number; evidence: FrameLabel[] }
  | { holds: false; isExcluded: boolean }

interface Run {
  frames: { frame: TimedKeyframe; verdict: Verdict }[]
}

function segmentsOf(rule: ActivityRule, frames: TimedKeyframe[]): ActivitySegment[] {
  const judged = frames.map((frame) => ({ frame, verdict: judge(rule, frame.labels) }))
  const runs: Run[] = []
  let open: Run | null = null
  for (const [index, entry] of judged.entries()) {
    const last = open?.frames.at(-1)
    if (last && last.frame.shot !== entry.frame.shot) open = null
    if (entry.verdict.holds) {
      if (!open) {
        open = { frames: [] }
        runs.push(open)
      }
      open.frames.push(entry)
    } else if (open && isMiss(entry, judged[index + 1])) {
      open.frames.push(entry)
    } else {
      open = null
    }
  }
  return runs
    .map((run) => toSegment(rule, run))
    .filter(
      ({ startTime, endTime }) =>
        endTime > startTime && endTime - startTime >= rule.minDurationSeconds - EPSILON_SECONDS,
    )
}

/** Whether a keyframe inside an open run is a miss to bridge: the rule holds on the one after it. */
function isMiss(
  { frame, verdict }: Run['frames'][number],
  next: Run['frames'][number] | undefined,
): boolean {
  return (
    !verdict.holds &&
    !verdict.isExcluded &&
    next?.verdict.holds === true &&
    next.frame.shot === frame.shot &&
    frame.endTime - frame.timestamp <= MAX_BRIDGE_SECONDS + EPSILON_SECONDS
  )
}

function judge(rule: ActivityRule, labels: FrameLabel[]): Verdict {
  if (rule.none.some((terms) => surest(terms, labels))) return { holds: false, isExcluded: true }
  const all = rule.all.map((terms) => surest(terms, labels))
  const any = rule.any.map((terms) => surest(terms, labels)).filter((found) => found !== null)
  if (all.includes(null) || (rule.any.length > 0 && any.length === 0)) {
    return { holds: false, isExcluded: false }
  }
  const bestOfAny = any.toSorted((a, b) => b.confidence - a.confidence).slice(0, 1)
  const evidence = [...all.filter((found) => found !== null), ...bestOfAny]
  return {
    holds: true,
    confidence: Math.min(...evidence.map((found) => found.confidence)),
    evidence,
  }
}

/** The surest label that one of the terms asks for; null when there is none. */
function surest(terms: ActivityTerm[], labels: FrameLabel[]): FrameLabel | null {
  const fitting = labels.filter((found) =>
    terms.some(
      ({ label, source }) =>
        found.label === label && (!source || source === found.source || found.source === 'human'),
    ),
  )
  const [first] = fitting.sort(
    (a, b) =>
      b.confidence - a.confidence || compare(a.label, b.label) || compare(a.source, b.source),
  )
  return first ?? null
}

function toSegment(rule: ActivityRule, run: Run): ActivitySegment {
  const first = run.frames[0]!.frame
  const found = run.frames.flatMap(({ frame, verdict }) =>
    verdict.holds ? [{ frame, verdict }] : [],
  )
  return {
    label: rule.label,
    startTime: first.timestamp,
    endTime: run.frames.at(-1)!.frame.endTime,
    confidence: found.reduce((sum, { verdict }) => sum + verdict.confidence, 0) / found.length,
    metadata: {
      rule: rule.label,
      shotIndex: first.shotIndex,
      keyframeIds: found.map(({ frame }) => frame.keyframeId),
      bridgedKeyframeIds: run.frames
        .filter(({ verdict }) => !verdict.holds)
        .map(({ frame }) => frame.keyframeId),
      evidence: summed(found.flatMap(({ verdict }) => verdict.evidence)),
    },
  }
}

function summed(evidence: FrameLabel[]): ActivitySegment['metadata']['evidence'] {
  const byKind = new Map<string, ActivitySegment['metadata']['evidence'][number]>()
  for (const { label, source, confidence } of evidence) {
    const key = `${source} ${label}`
    const before = byKind.get(key)
    byKind.set(key, {
      label,
      source,
      keyframes: (before?.keyframes ?? 0) + 1,
      maxConfidence: Math.max(before?.maxConfidence ?? 0, confidence),
    })
  }
  return [...byKind.values()].sort(
    (a, b) => compare(a.label, b.label) || compare(a.source, b.source),
  )
}

/** Order by code units: the same on every machine, unlike localeCompare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
