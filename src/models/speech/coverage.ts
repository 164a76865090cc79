import type { Phrase } from './phrases.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { placesOf } from './timeline.ts'
import { SAMPLE_RATE } from './wav.ts'
import { pieceLength, type SpeechWindow } from './windows.ts'

/** Speech without text matters from this length on. */
const MIN_GAP_SAMPLES = SAMPLE_RATE
/** What a phrase to be decoded again covers of a piece is left out below this length. */
const MIN_AGAIN_SAMPLES = 0.6 * SAMPLE_RATE

/** Samples of a window, end exclusive. */
interface Stretch {
  start: number
  end: number
}

/** Stretches of a window's speech, at least 1 s long, that no phrase covers; recording's samples. */
export function uncoveredSpeech(phrases: readonly Phrase[], window: SpeechWindow): SpeechRange[] {
  return toRecording(findGaps(phrases, window), window)
}

/**
 * What to keep of a window, and what to decode again, alone: speech that was passed over, together
 * with the phrase that broke off before it (starting in the middle of a sentence would repeat or
 * spoil a word), and phrases that run over places far apart in the recording.
 */
export function planAgain(
  phrases: readonly Phrase[],
  window: SpeechWindow,
): { kept: Phrase[]; again: SpeechRange[] } {
  const gaps = findGaps(phrases, window)
  const doubtful = phrases.filter(
    (phrase) => gaps.some((gap) => gap.start === phrase.end) || placesOf(phrase, window).length > 1,
  )
  // The whole of a single piece would only come out the same again: go on behind the break.
  const stuck = window.pieces.length === 1 && doubtful.length === phrases.length
  const redo = stuck ? [] : doubtful
  return {
    kept: phrases.filter((phrase) => !redo.includes(phrase)),
    again: toRecording([...gaps, ...redo], window),
  }
}

function findGaps(phrases: readonly Phrase[], window: SpeechWindow): Stretch[] {
  const gaps: Stretch[] = []
  for (const piece of window.pieces) {
    const pieceEnd = piece.windowStart + pieceLength(piece)
    let start = piece.windowStart
    const add = (end: number) => {
      if (end - start >= MIN_GAP_SAMPLES) gaps.push({ start, end })
    }
    for (const phrase of phrases) {
      if (phrase.end <= start || phrase.start >= pieceEnd) continue
      add(phrase.start)
      start = phrase.end
    }
    add(pieceEnd)
  }
  return gaps
}

/** The parts of stretches that lie in pieces, touching ones joined, on the recording's timeline. */
function toRecording(stretches: readonly Stretch[], window: SpeechWindow): SpeechRange[] {
  const sorted = [...stretches].sort((a, b) => a.start - b.start)
  return window.pieces.flatMap((piece) => {
    const pieceEnd = piece.windowStart + pieceLength(piece)
    const shift = piece.startSample - piece.windowStart
    const parts: SpeechRange[] = []
    for (const { start, end } of sorted) {
      const startSample = Math.max(start, piece.windowStart) + shift
      const endSample = Math.min(end, pieceEnd) + shift
      const last = parts.at(-1)
      if (endSample <= startSample) continue
      if (last && startSample <= last.endSample) {
        last.endSample = Math.max(last.endSample, endSample)
      } else {
        parts.push({ startSample, endSample })
      }
    }
    return parts.filter((part) => pieceLength(part) >= MIN_AGAIN_SAMPLES)
  })
}
