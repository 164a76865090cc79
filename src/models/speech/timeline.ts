import type { Phrase } from './phrases.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { SAMPLE_RATE } from './wav.ts'
import { type Piece, pieceLength, type SpeechWindow } from './windows.ts'

/** A slow speaker pauses this long in a sentence; what lies further apart is two places. */
const MAX_PAUSE_SAMPLES = 3 * SAMPLE_RATE
/** Whisper's times are loose and a piece has 0.2 s of padding: less than this of it is no word. */
const MIN_OVERLAP_SAMPLES = 0.6 * SAMPLE_RATE

/**
 * Where a phrase of a window was said, on the recording's timeline: ranges that begin and end
 * inside pieces. More than one when the phrase runs over pieces that are far apart in the recording;
 * none when it lies wholly in a gap.
 */
export function placesOf(phrase: Phrase, window: SpeechWindow): SpeechRange[] {
  const places: SpeechRange[] = []
  for (const piece of piecesOf(phrase, window)) {
    const { start, end } = overlap(phrase, piece)
    const shift = piece.startSample - piece.windowStart
    const range = { startSample: start + shift, endSample: end + shift }
    const last = places.at(-1)
    if (last && areNeighbours(last, range)) last.endSample = range.endSample
    else places.push(range)
  }
  return places
}

/** The pieces a phrase has words in: it covers enough of them, or more than of any other. */
export function piecesOf(phrase: Phrase, window: SpeechWindow): Piece[] {
  const lengthIn = (piece: Piece) => {
    const { start, end } = overlap(phrase, piece)
    return end - start
  }
  const solid = window.pieces.filter((piece) => lengthIn(piece) >= MIN_OVERLAP_SAMPLES)
  if (solid.length > 0) return solid
  const touched = window.pieces.filter((piece) => lengthIn(piece) > 0)
  const [most] = touched.sort((a, b) => lengthIn(b) - lengthIn(a))
  return most ? [most] : []
}

/** Whether one sentence may run over both ranges, of which `later` comes after `earlier`. */
export function areNeighbours(earlier: SpeechRange, later: SpeechRange): boolean {
  return later.startSample - earlier.endSample <= MAX_PAUSE_SAMPLES
}

/** Samples of the window that are in both; the end is not after the start when there are none. */
function overlap(phrase: Phrase, piece: Piece): { start: number; end: number } {
  return {
    start: Math.max(phrase.start, piece.windowStart),
    end: Math.min(phrase.end, piece.windowStart + pieceLength(piece)),
  }
}
