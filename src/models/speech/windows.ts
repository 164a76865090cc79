import type { SpeechRange } from './speech-ranges.ts'
import { SAMPLE_RATE, type WavFile } from './wav.ts'

/** A range of speech and where it lies in its window. */
export interface Piece extends SpeechRange {
  /** First sample of the piece in the window; up to half a second of lead-in lies before it. */
  windowStart: number
}

/** At most 30 s of sound for the model, put together from pieces of the recording, in order. */
export interface SpeechWindow {
  pieces: Piece[]
}

/**
 * Sound kept between two pieces, at most. It is the recording's own, taken from before the later
 * piece: digital silence in a noisy hall would be two audible cuts.
 */
const MAX_GAP_SAMPLES = 0.5 * SAMPLE_RATE

/** A full window may end at a pause in its last quarter, so that sentences stay whole. */
const CUT_FROM = 0.75

/**
 * Packs ranges (in order, each at most 30 s) into windows of at most `capacitySamples`; a longer
 * range has a window to itself. `mayJoin` tells whether two ranges that follow each other may share
 * a window. The encoder takes as long for one second as for thirty, so short
 * utterances share a window, and the map back to the recording is kept. A full window ends at the
 * longest pause of its last quarter: a sentence parted between windows costs words in both.
 */
export async function* packRanges(
  ranges: AsyncIterable<SpeechRange> | Iterable<SpeechRange>,
  capacitySamples: number,
  mayJoin: (earlier: SpeechRange, later: SpeechRange) => boolean = () => true,
): AsyncGenerator<SpeechWindow> {
  let pieces: Piece[] = []
  for await (const range of ranges) {
    const last = pieces.at(-1)
    if (last && !mayJoin(last, range)) {
      yield { pieces }
      pieces = []
    }
    while (pieces.length > 0 && !fits(pieces, range, capacitySamples)) {
      const cut = longestPause(pieces, range, capacitySamples)
      yield { pieces: pieces.slice(0, cut) }
      pieces = pieces.slice(cut).reduce(append, [])
    }
    pieces = append(pieces, range)
  }
  if (pieces.length > 0) yield { pieces }
}

/** The pieces of a window with a range put behind them. */
function append(pieces: Piece[], { startSample, endSample }: SpeechRange): Piece[] {
  const last = pieces.at(-1)
  const gap = last ? Math.min(MAX_GAP_SAMPLES, startSample - last.endSample) : 0
  const windowStart = windowLength({ pieces }) + gap
  return [...pieces, { startSample, endSample, windowStart }]
}

function fits(pieces: Piece[], range: SpeechRange, capacitySamples: number): boolean {
  return windowLength({ pieces: append(pieces, range) }) <= capacitySamples
}

/** How many of the pieces of a full window to keep, so that the pause after them is longest. */
function longestPause(pieces: Piece[], next: SpeechRange, capacitySamples: number): number {
  let best = pieces.length
  let longest = next.startSample - (pieces.at(-1)?.endSample ?? 0)
  for (let cut = pieces.length - 1; cut > 0; cut--) {
    const [before, after] = [pieces[cut - 1]!, pieces[cut]!]
    if (before.windowStart + pieceLength(before) < capacitySamples * CUT_FROM) break
    const pause = after.startSample - before.endSample
    if (pause > longest) {
      longest = pause
      best = cut
    }
  }
  return best
}

/** The sound of a window, 16 kHz in [-1, 1): its pieces with the lead-in before each. */
export async function readWindow(wav: WavFile, window: SpeechWindow): Promise<Float32Array> {
  const samples = new Float32Array(windowLength(window))
  let filledTo = 0
  for (const piece of window.pieces) {
    const leadIn = piece.windowStart - filledTo
    const end = piece.windowStart + pieceLength(piece)
    await wav.read(piece.startSample - leadIn, samples.subarray(filledTo, end))
    filledTo = end
  }
  return samples
}

/** Samples of a window that hold sound. */
export function windowLength({ pieces }: SpeechWindow): number {
  const last = pieces.at(-1)
  return last ? last.windowStart + pieceLength(last) : 0
}

export function pieceLength(range: SpeechRange): number {
  return range.endSample - range.startSample
}
