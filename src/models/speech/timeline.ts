import type { Phrase } from './phrases.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { SAMPLE_RATE } from './wav.ts'
import { type Piece, pieceLength, type SpeechWindow } from './windows.ts'

/** A slow speaker pauses this long in a sentence; what lies further apart are two places. */
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
  for (const part of overlaps(phrase, window)) {
    const last = places.at(-1)
    if (last && part.startSample - last.endSample <= MAX_PAUSE_SAMPLES) {
      last.endSample = part.endSample
    } else {
      places.push({ ...part })
    }
  }
  return places
}

/** The parts of the recording that a phrase covers, one for each piece it reaches into. */
function overlaps(phrase: Phrase, window: SpeechWindow): SpeechRange[] {
  const parts = window.pieces.flatMap((piece) => {
    const from = Math.max(phrase.start, piece.windowStart)
    const to = Math.min(phrase.end, piece.windowStart + pieceLength(piece))
    return to > from ? toRecording(piece, from, to) : []
  })
  const solid = parts.filter((part) => pieceLength(part) >= MIN_OVERLAP_SAMPLES)
  if (solid.length > 0 || parts.length < 2) return solid.length > 0 ? solid : parts
  return [parts.reduce((best, part) => (pieceLength(part) > pieceLength(best) ? part : best))]
}

function toRecording(piece: Piece, from: number, to: number): SpeechRange {
  const shift = piece.startSample - piece.windowStart
  return { startSample: from + shift, endSample: to + shift }
}
