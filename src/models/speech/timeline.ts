import type { Phrase } from './phrases.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { splitTokens } from './split-tokens.ts'
import type { Vocabulary } from './vocabulary.ts'
import { SAMPLE_RATE } from './wav.ts'
import { type Piece, pieceLength, type SpeechWindow } from './windows.ts'

/** A phrase on the recording's timeline. */
export interface PlacedPhrase extends SpeechRange {
  tokens: number[]
  logProbs: number[]
}

/** A pause up to this long may lie inside one phrase; a longer one parts it. */
const MAX_PAUSE_SAMPLES = SAMPLE_RATE
/** Whisper's times are loose: a phrase that reaches this little into a piece does not belong there. */
const MIN_OVERLAP_SAMPLES = 0.4 * SAMPLE_RATE

/**
 * Puts a phrase of a window where it was said. Its ends always lie inside pieces of the window; a
 * phrase over pieces that are far apart in the recording becomes one phrase for each place, its
 * text parted by the time spoken there. Empty when the phrase lies wholly in a gap.
 */
export function placePhrase(
  phrase: Phrase,
  window: SpeechWindow,
  vocabulary: Vocabulary,
): PlacedPhrase[] {
  const places = groupByPause(overlaps(phrase, window))
  const shares = places.map((place) => place.reduce((sum, part) => sum + pieceLength(part), 0))
  return splitTokens(phrase.tokens, shares, vocabulary).flatMap(({ from, to }, i) => {
    const place = places[i]
    const [first, last] = [place?.[0], place?.at(-1)]
    if (!first || !last || from === to) return []
    return {
      startSample: first.startSample,
      endSample: last.endSample,
      tokens: phrase.tokens.slice(from, to),
      logProbs: phrase.logProbs.slice(from, to),
    }
  })
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

function groupByPause(parts: readonly SpeechRange[]): SpeechRange[][] {
  const groups: SpeechRange[][] = []
  for (const part of parts) {
    const group = groups.at(-1)
    const before = group?.at(-1)
    if (group && before && part.startSample - before.endSample <= MAX_PAUSE_SAMPLES) {
      group.push(part)
    } else {
      groups.push([part])
    }
  }
  return groups
}

function toRecording(piece: Piece, from: number, to: number): SpeechRange {
  const shift = piece.startSample - piece.windowStart
  return { startSample: from + shift, endSample: to + shift }
}
