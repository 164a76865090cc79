import { sameColours } from '../models/detector/appearance.ts'
import { overlap } from '../models/detector/nms.ts'

/** One box on a keyframe: shares of the upright frame, origin at the top left. */
export interface TrackedBox {
  /** The detector's own word: only boxes of one word and one model can be one object. */
  sourceLabel: string
  modelName: string
  confidence: number
  x: number
  y: number
  w: number
  h: number
  /** As `appearanceOf` made it; without it places alone decide. */
  appearance?: Uint8Array | undefined
}

/** A keyframe and what is on it. */
export interface TrackedFrame {
  keyframeId: string
  /** Seconds; no two keyframes of a video share one. */
  timestamp: number
  /** Nothing is followed from one shot into another. */
  shotIndex: number
  boxes: TrackedBox[]
}

/** An object being followed. */
interface Track {
  /** Which boxes may continue it. */
  group: string
  first: { frame: number; place: number }
  last: TrackedBox
  /** Position of `last` in the list of frames, and its time. */
  lastFrame: number
  lastTime: number
  /** Change of the centre per second, in shares; null before the second box. */
  speed: { x: number; y: number } | null
  boxes: TrackedBox[]
}

/** A track goes on when its object is missed on this many keyframes: detectors miss single ones. */
const BRIDGED = 1

/**
 * How far, in side lengths of the box (the root of its area) per second, an object goes before its
 * being the same gets doubtful. Someone walking 1.4 m/s moves 1.2 sides of the box around 1.7 m.
 */
const REACH = 0.75
/** Nearness below which a box is too far to be the same: about 1.6 sides in a second. */
const MIN_NEARNESS = 0.1
/**
 * Colours in common below which it is another object. In the clips of the test data the same person
 * has 0.59 and more in common with itself a second later, also while turning and leaving.
 */
const MIN_COLOURS = 0.4
/** Boxes that cover each other so much are one object though its colours change: a light goes on. */
const SURE_OVERLAP = 0.7
/** Place, colours and size: what each says for two boxes being one object. */
const WEIGHTS = { place: 0.5, colours: 0.35, size: 0.15 }
const MIN_AFFINITY = 0.4

/**
 * Tells which boxes on a video's keyframes are the same object, so that one person is one person.
 * Keyframes lie a second apart, so overlap alone is weak: two boxes of one word are compared by
 * overlap or distance (to where the object was and to where it was heading), colours and size; the
 * best pairs are joined first. A cut ends every track; one missed keyframe is bridged. Who leaves and
 * comes back later is a new track.
 *
 * @param frames in any order; the outcome is the same
 * @param aspect width over height of the upright frame
 * @returns the track of each box, 1 … n by first appearance (the surest first on one keyframe)
 */
export function trackObjects(
  frames: readonly TrackedFrame[],
  aspect: number,
): Map<TrackedBox, number> {
  const ordered = frames.toSorted(
    (a, b) => a.timestamp - b.timestamp || compare(a.keyframeId, b.keyframeId),
  )
  const tracks: Track[] = []
  let open: Track[] = []
  let shot: number | null = null
  for (const [position, frame] of ordered.entries()) {
    if (frame.shotIndex !== shot) open = []
    shot = frame.shotIndex
    open = open.filter((track) => position - track.lastFrame <= BRIDGED + 1)
    const boxes = frame.boxes.toSorted(byRank)
    const continued = assign(open, boxes, frame.timestamp, aspect)
    for (const [place, box] of boxes.entries()) {
      const track = continued.get(box)
      if (track) extend(track, box, position, frame.timestamp)
      else {
        const begun: Track = {
          group: groupOf(box),
          first: { frame: position, place },
          last: box,
          lastFrame: position,
          lastTime: frame.timestamp,
          speed: null,
          boxes: [box],
        }
        tracks.push(begun)
        open.push(begun)
      }
    }
  }
  // They were begun in the order of their ids.
  return new Map(tracks.flatMap((track, index) => track.boxes.map((box) => [box, index + 1])))
}

/** The best pairs first; each track and each box once. */
function assign(
  tracks: readonly Track[],
  boxes: readonly TrackedBox[],
  time: number,
  aspect: number,
): Map<TrackedBox, Track> {
  const pairs: { affinity: number; track: number; box: number }[] = []
  for (const [box, found] of boxes.entries()) {
    const group = groupOf(found)
    for (const [index, track] of tracks.entries()) {
      if (track.group !== group) continue
      const affinity = affinityOf(track, found, time, aspect)
      if (affinity >= MIN_AFFINITY) pairs.push({ affinity, track: index, box })
    }
  }
  pairs.sort((a, b) => b.affinity - a.affinity || a.track - b.track || a.box - b.box)
  const taken = new Set<number>()
  const continued = new Map<TrackedBox, Track>()
  for (const pair of pairs) {
    const track = tracks[pair.track]
    const box = boxes[pair.box]
    if (!track || !box || taken.has(pair.track) || continued.has(box)) continue
    taken.add(pair.track)
    continued.set(box, track)
  }
  return continued
}

/** How much speaks for the box being the track's object, 0–1; 0 when it cannot be. */
function affinityOf(track: Track, box: TrackedBox, time: number, aspect: number): number {
  const seconds = Math.max(time - track.lastTime, 1e-3)
  const side = Math.sqrt((area(track.last) + area(box)) / 2 / aspect)
  const last = centre(track.last)
  const now = centre(box)
  const heading = track.speed
    ? { x: last.x + track.speed.x * seconds, y: last.y + track.speed.y * seconds }
    : last
  const distance = Math.min(between(last, now, aspect), between(heading, now, aspect))
  const covered = overlap(corners(track.last), corners(box))
  // Closer in time is closer in space, but a box always shakes a little.
  const reach = REACH * side * Math.max(seconds, 0.5)
  const nearness = Math.exp(-(distance ** 2) / (2 * reach ** 2))
  const place = Math.max(covered, nearness)
  if (place < MIN_NEARNESS) return 0
  const colours =
    track.last.appearance && box.appearance
      ? sameColours(track.last.appearance, box.appearance)
      : null
  if (colours !== null && colours < MIN_COLOURS && covered < SURE_OVERLAP) return 0
  const size = Math.min(area(track.last), area(box)) / Math.max(area(track.last), area(box))
  return (
    WEIGHTS.place * place + WEIGHTS.size * Math.sqrt(size) + WEIGHTS.colours * (colours ?? place)
  )
}

function extend(track: Track, box: TrackedBox, position: number, time: number): void {
  const seconds = Math.max(time - track.lastTime, 1e-3)
  const [from, to] = [centre(track.last), centre(box)]
  track.speed = { x: (to.x - from.x) / seconds, y: (to.y - from.y) / seconds }
  track.last = box
  track.lastFrame = position
  track.lastTime = time
  track.boxes.push(box)
}

/** Order of the boxes on a frame that does not depend on the order they came in. */
function byRank(a: TrackedBox, b: TrackedBox): number {
  return (
    b.confidence - a.confidence ||
    compare(groupOf(a), groupOf(b)) ||
    a.x - b.x ||
    a.y - b.y ||
    a.w - b.w ||
    a.h - b.h
  )
}

function groupOf(box: TrackedBox): string {
  return `${box.modelName}\n${box.sourceLabel}`
}

function centre(box: TrackedBox): { x: number; y: number } {
  return { x: box.x + box.w / 2, y: box.y + box.h / 2 }
}

/** Distance of two points in frame widths. */
function between(a: { x: number; y: number }, b: { x: number; y: number }, aspect: number): number {
  return Math.hypot(a.x - b.x, (a.y - b.y) / aspect)
}

function area(box: TrackedBox): number {
  return Math.max(box.w * box.h, 1e-9)
}

function corners(box: TrackedBox) {
  return { x1: box.x, y1: box.y, x2: box.x + box.w, y2: box.y + box.h }
}

/** Order by code units: the same on every machine, unlike localeCompare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
