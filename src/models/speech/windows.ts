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

/**
 * Packs ranges (in order, each at most 30 s) into windows of at most `capacitySamples`; a longer
 * range has a window to itself. The encoder takes as long for one second as for thirty, so short
 * utterances share a window, and the map back to the recording is kept.
 */
export async function* packRanges(
  ranges: AsyncIterable<SpeechRange> | Iterable<SpeechRange>,
  capacitySamples: number,
): AsyncGenerator<SpeechWindow> {
  let pieces: Piece[] = []
  for await (const range of ranges) {
    const windowStart = placeBehind(pieces.at(-1), range)
    if (pieces.length > 0 && windowStart + pieceLength(range) > capacitySamples) {
      yield { pieces }
      pieces = [{ ...range, windowStart: 0 }]
    } else {
      pieces.push({ ...range, windowStart })
    }
  }
  if (pieces.length > 0) yield { pieces }
}

/** Where a range would start in the window whose last piece is given. */
function placeBehind(last: Piece | undefined, range: SpeechRange): number {
  if (!last) return 0
  const gap = Math.min(MAX_GAP_SAMPLES, range.startSample - last.endSample)
  return last.windowStart + pieceLength(last) + gap
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
