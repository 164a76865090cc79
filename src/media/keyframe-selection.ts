/**
 * Which decoded frames become keyframes: one a second of presentation time, and every shot change.
 * ffmpeg picks candidates while it decodes (`selectionFilter`) and prints a log; `readCandidates`
 * reads that log, and `thin` settles what ffmpeg cannot know, since a filter never looks ahead.
 */

/** A frame that ffmpeg wrote as a picture. */
export interface Candidate {
  /** Presentation time in microseconds; the picture's file name has it in milliseconds. */
  microseconds: number
  /** Number of the frame among all decoded ones, from 0. */
  frameIndex: number
  /** ffmpeg's `lavfi.scene_score`, 0 to 1. */
  sceneScore: number
}

/** A frame with a higher score begins a new shot. The value is the brief's `gt(scene,0.3)`. */
const SCENE_THRESHOLD = 0.3

/** Keyframes are at least this far apart, which also bounds what a flickering video can produce. */
const MIN_GAP_SECONDS = 0.1

/** More than this, on the whole, comes only from a file built to fill the disk. */
const FLOOD = { atOnce: 200, perSecond: 20 }

/** Half the smallest step of time that a microsecond clock can round away. */
const ROUNDING_SECONDS = 0.00001

const DECODED_KEY = 'forgeindex.decoded'
const SCORE_KEY = 'lavfi.scene_score'

/**
 * Filters between the decoder and the scaler. Time is kept in whole microseconds, because the log
 * rounds seconds to six digits (a tenth of a second after three hours). Each decoded frame gets one
 * log entry, so that a candidate's number among them is known; a candidate gets a second one.
 *
 * In `select`, variable 0 holds the last cut's time plus one (unset variables are 0). Grid: the first
 * frame, then each frame in a later whole second than the last selected one. Cut: score above the
 * threshold, even right after a grid frame (`thin` then drops that one). Expressions that use
 * `scene` make ffmpeg compute the score on full frames, which costs about 3 % of decoding 720p.
 */
export function selectionFilter(): string {
  const gap = MIN_GAP_SECONDS - ROUNDING_SECONDS
  const second = (time: string) => `floor(${time}+${ROUNDING_SECONDS.toFixed(5)})`
  const grid = `gt(${second('t')},${second('prev_selected_t')})*gte(t,prev_selected_t+${gap})`
  const cut = `gt(scene,${SCENE_THRESHOLD})*gte(t+1,ld(0)+${gap})`
  const later = `gt(t,prev_selected_t)*if(${cut},st(0,t+1),${grid})`
  return [
    'settb=1/1000000',
    `metadata=mode=add:key=${DECODED_KEY}:value=1`,
    `metadata=mode=print:key=${DECODED_KEY}:file=-:direct=1`,
    `select='not(isnan(t))*if(isnan(prev_selected_t),1,${later})'`,
    `metadata=mode=print:key=${SCORE_KEY}:file=-:direct=1`,
  ].join(',')
}

/** What the log has told so far. */
export interface SelectionLog {
  candidates: Candidate[]
  decodedFrames: number
  /** Presentation time of the newest decoded frame, microseconds; null before the first. */
  lastMicroseconds: number | null
  /** Longest time between two frames in a row, microseconds. */
  longestGapMicroseconds: number
}

/**
 * Reads ffmpeg's log line by line. `readLine` gives true when candidates come faster than any video
 * has them (the picture size changes at each frame, which restarts the filters): stop then.
 */
export function readCandidates(): { log: SelectionLog; readLine(line: string): boolean } {
  const log: SelectionLog = {
    candidates: [],
    decodedFrames: 0,
    lastMicroseconds: null,
    longestGapMicroseconds: 0,
  }
  let microseconds = Number.NaN
  const readLine = (line: string): boolean => {
    const frame = /^frame:\d+ +pts:(\S+)/.exec(line)
    if (frame) {
      microseconds = Number(frame[1]) // NaN for NOPTS
    } else if (line.startsWith(`${DECODED_KEY}=`)) {
      log.decodedFrames += 1
      if (Number.isNaN(microseconds)) return false
      const gap = microseconds - (log.lastMicroseconds ?? microseconds)
      log.longestGapMicroseconds = Math.max(log.longestGapMicroseconds, gap)
      log.lastMicroseconds = Math.max(microseconds, log.lastMicroseconds ?? microseconds)
    } else if (line.startsWith(`${SCORE_KEY}=`)) {
      const sceneScore = Number(line.slice(SCORE_KEY.length + 1)) || 0
      log.candidates.push({ microseconds, frameIndex: log.decodedFrames - 1, sceneScore })
      const seconds = (log.lastMicroseconds ?? 0) / 1e6
      return log.candidates.length > FLOOD.atOnce + FLOOD.perSecond * seconds
    }
    return false
  }
  return { log, readLine }
}

/** True for a frame that begins a new shot. */
export function isCut(candidate: Candidate): boolean {
  return candidate.sceneScore > SCENE_THRESHOLD
}

/**
 * The keyframes among the candidates, in order of time, never two within 0.1 s. Of a cut and a grid
 * frame the cut stays; of two of a kind, the earlier.
 */
export function thin(candidates: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = []
  const apart = (MIN_GAP_SECONDS - ROUNDING_SECONDS) * 1e6
  for (const candidate of candidates) {
    let previous = kept.at(-1)
    if (previous && isCut(candidate) && !isCut(previous)) {
      if (candidate.microseconds - previous.microseconds < apart) kept.pop()
      previous = kept.at(-1)
    }
    if (!previous || candidate.microseconds - previous.microseconds >= apart) kept.push(candidate)
  }
  return kept
}
