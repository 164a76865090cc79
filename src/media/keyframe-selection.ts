/**
 * Which decoded frames become keyframes: one a second of presentation time, and every shot change.
 * ffmpeg picks candidates while it decodes (`selectionFilter`) and prints two logs; `readCandidates`
 * reads them, and `thin` settles what ffmpeg cannot know, since a filter never looks ahead.
 */

/** A frame that ffmpeg wrote as a picture. */
export interface Candidate {
  /** Presentation time in microseconds; the picture's file name has it in milliseconds. */
  microseconds: number
  /** Number of the frame among all decoded ones, from 0; -1 until the log of frames tells. */
  frameIndex: number
  /** ffmpeg's `lavfi.scene_score`, 0 to 1. */
  sceneScore: number
}

/** A frame with a higher score begins a new shot. The value is the brief's `gt(scene,0.3)`. */
const SCENE_THRESHOLD = 0.3

/** Keyframes are at least this far apart, which also bounds what a flickering video can produce. */
const MIN_GAP_SECONDS = 0.1

/**
 * Scores from which a frame may begin a shot that the plain threshold misses. Of the cuts found by
 * hand in dark or like scenes, the lowest scores 0.096, 14 times the mean before it.
 */
const SUSPECT = { least: 0.05, timesMean: 5 }

/** More than this, on the whole, comes only from a file built to fill the disk. */
const FLOOD = { atOnce: 200, perSecond: 30 }

/** Half the smallest step of time that a microsecond clock can round away. */
const ROUNDING_SECONDS = 0.00001

const DECODED_KEY = 'forgeindex.decoded'
const SCORE_KEY = 'lavfi.scene_score'

/** Frames whose candidate has not come are forgotten beyond this many: some logs of 32 KB. */
const MAX_UNPLACED = 10_000

/** The file descriptor on which ffmpeg tells of each decoded frame. */
export const FRAME_LOG = 4

/**
 * Filters right after the decoder. Time is kept in whole microseconds, because the log rounds seconds
 * to six digits (a tenth of a second after three hours). Each decoded frame gets an entry in a log of
 * its own, which comes in blocks of 32 KB: line by line, ffmpeg would wait and its reader wake up for
 * each frame, a fifth of the time of decoding 720p. Candidates are told at once on standard output.
 */
export function countingFilter(): string {
  return [
    'settb=1/1000000',
    `metadata=mode=add:key=${DECODED_KEY}:value=1`,
    `metadata=mode=print:key=${DECODED_KEY}:file='pipe\\:${FRAME_LOG}'`,
  ].join(',')
}

/**
 * Lets candidates through. Grid: the first frame, then each frame in a later whole second than the
 * last grid frame or cut. Cut: score above the threshold, even right after a grid frame (`thin` then
 * drops that one). Suspect: score well above its running mean, in case the shot detector, which looks
 * ahead, finds that a shot begins there; `thin` drops the others.
 *
 * Variables of `select` (unset ones are 0): 0 the last cut's time plus one, 1 the last grid frame's or
 * cut's time plus one, 2 the running mean of the score, 3 the decision. Expressions that use `scene`
 * make ffmpeg compute the score on full frames, which costs about 3 % of decoding 720p.
 */
export function selectionFilter(): string {
  const gap = MIN_GAP_SECONDS - ROUNDING_SECONDS
  const second = (time: string) => `floor(${time}+${ROUNDING_SECONDS.toFixed(5)})`
  const grid = `gt(${second('t')},${second('ld(1)-1')})*gte(t+1,ld(1)+${gap})`
  const cut = `gt(scene,${SCENE_THRESHOLD})*gte(t+1,ld(0)+${gap})`
  const suspect = `gt(scene,${SUSPECT.least})*gt(scene,${SUSPECT.timesMean}*ld(2))*gte(t,prev_selected_t+${gap})`
  const later = `gt(t,prev_selected_t)*if(${cut},st(0,t+1)*st(1,t+1),if(${grid},st(1,t+1),${suspect}))`
  const decision = `not(isnan(t))*if(isnan(prev_selected_t),st(1,t+1),${later})`
  return [
    `select='st(3,${decision});st(2,ld(2)*0.9+scene*0.1);ld(3)'`,
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
 * Reads ffmpeg's logs line by line, in whatever order their lines come.
 *
 * `readCandidate` gives true when candidates come faster than any video has them (the picture size
 * changes at each frame, which restarts the filters): stop then.
 *
 * @param onDecoded called for each decoded frame, in their order, with its presentation time in
 *   microseconds; NaN when it has none
 */
export function readCandidates(onDecoded?: (microseconds: number) => void): {
  log: SelectionLog
  readFrame(line: string): void
  readCandidate(line: string): boolean
} {
  const log: SelectionLog = {
    candidates: [],
    decodedFrames: 0,
    lastMicroseconds: null,
    longestGapMicroseconds: 0,
  }
  /** Candidates whose number is not known, and frames that may be theirs. */
  const unplaced: Candidate[] = []
  const frames: { microseconds: number; frameIndex: number }[] = []
  const place = () => {
    for (let candidate = unplaced[0]; candidate; candidate = unplaced[0]) {
      const { microseconds } = candidate
      const at = frames.findIndex((frame) => frame.microseconds === microseconds)
      if (at === -1) return
      candidate.frameIndex = frames[at]!.frameIndex
      frames.splice(0, at + 1)
      unplaced.shift()
    }
  }
  let frameTime = Number.NaN
  const readFrame = (line: string): void => {
    frameTime = timeIn(line) ?? frameTime
    if (!line.startsWith(`${DECODED_KEY}=`)) return
    const frameIndex = log.decodedFrames++
    onDecoded?.(frameTime)
    if (Number.isNaN(frameTime)) return
    const gap = frameTime - (log.lastMicroseconds ?? frameTime)
    log.longestGapMicroseconds = Math.max(log.longestGapMicroseconds, gap)
    log.lastMicroseconds = Math.max(frameTime, log.lastMicroseconds ?? frameTime)
    frames.push({ microseconds: frameTime, frameIndex })
    if (frames.length > MAX_UNPLACED) frames.shift()
    place()
  }
  let candidateTime = Number.NaN
  const readCandidate = (line: string): boolean => {
    candidateTime = timeIn(line) ?? candidateTime
    if (!line.startsWith(`${SCORE_KEY}=`)) return false
    const sceneScore = Number(line.slice(SCORE_KEY.length + 1)) || 0
    const candidate = { microseconds: candidateTime, frameIndex: -1, sceneScore }
    log.candidates.push(candidate)
    unplaced.push(candidate)
    place()
    const seconds = Math.max(candidateTime, log.lastMicroseconds ?? 0) / 1e6
    return log.candidates.length > FLOOD.atOnce + FLOOD.perSecond * seconds
  }
  return { log, readFrame, readCandidate }
}

/** Presentation time in microseconds that a line tells, NaN for none; null in lines about other things. */
function timeIn(line: string): number | null {
  const frame = /^frame:\d+ +pts:(\S+)/.exec(line)
  return frame ? Number(frame[1]) : null
}

/** True for a frame with a score above the brief's threshold. */
export function isCut(candidate: Candidate): boolean {
  return candidate.sceneScore > SCENE_THRESHOLD
}

/**
 * The keyframes among the candidates, in order of time, never two within 0.1 s. Of a cut and a grid
 * frame the cut stays; of two of a kind, the earlier.
 *
 * @param beginsShot whether the shot detector found a hard cut at a time in microseconds
 */
export function thin(
  candidates: readonly Candidate[],
  beginsShot: (microseconds: number) => boolean = () => false,
): Candidate[] {
  const kept: Candidate[] = []
  const apart = (MIN_GAP_SECONDS - ROUNDING_SECONDS) * 1e6
  const isWanted = (candidate: Candidate) => isCut(candidate) || beginsShot(candidate.microseconds)
  const onGrid = gridOf(candidates)
  for (const candidate of candidates) {
    if (!onGrid.has(candidate) && !isWanted(candidate)) continue
    let previous = kept.at(-1)
    if (previous && isWanted(candidate) && !isWanted(previous)) {
      if (candidate.microseconds - previous.microseconds < apart) kept.pop()
      previous = kept.at(-1)
    }
    if (!previous || candidate.microseconds - previous.microseconds >= apart) kept.push(candidate)
  }
  return kept
}

/** The candidates that ffmpeg took for the grid, found again by its own rule. */
function gridOf(candidates: readonly Candidate[]): Set<Candidate> {
  const isOnGrid = gridRule()
  return new Set(candidates.filter(isOnGrid))
}

/** Whether ffmpeg took a candidate for the grid; to be asked of each one in turn. */
function gridRule(): (candidate: Candidate) => boolean {
  const apart = (MIN_GAP_SECONDS - ROUNDING_SECONDS) * 1e6
  const second = (microseconds: number) => Math.floor(microseconds / 1e6 + ROUNDING_SECONDS)
  let last: number | null = null
  return (candidate) => {
    const { microseconds, sceneScore } = candidate
    const isNext =
      last === null || (second(microseconds) > second(last) && microseconds - last >= apart)
    // Without a score it is the first frame after the picture's size changed.
    const isOnGrid = isNext || sceneScore <= SUSPECT.least
    if (isOnGrid || isCut(candidate)) last = microseconds
    return isOnGrid
  }
}

/**
 * Whether a candidate will most likely be kept, to be asked of each one in turn while more are to come.
 * Wrong for few: what the shot detector adds later, and a grid frame that gives way to a cut beside it.
 */
export function keptRule(): (candidate: Candidate) => boolean {
  const isOnGrid = gridRule()
  return (candidate) => isOnGrid(candidate) || isCut(candidate)
}
