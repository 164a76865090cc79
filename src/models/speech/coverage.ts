import type { Phrase } from './phrases.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { piecesOf, placesOf } from './timeline.ts'
import { SAMPLE_RATE } from './wav.ts'
import { type Piece, pieceLength, type SpeechWindow } from './windows.ts'

/** Speech without text matters from this length on. */
const MIN_GAP_SAMPLES = SAMPLE_RATE

/** Speech of one piece that no phrase covers; samples of the window, end exclusive. */
interface Gap {
  piece: Piece
  start: number
  end: number
}

/** Stretches of a window's speech, at least 1 s long, that no phrase covers; recording's samples. */
export function uncoveredSpeech(phrases: readonly Phrase[], window: SpeechWindow): SpeechRange[] {
  return findGaps(phrases, window).map(({ piece, start, end }) => rangeOf(piece, start, end))
}

/**
 * What to keep of a window, and what to decode again in other company: the pieces in which speech
 * was passed over or that a phrase ties to a place far away, each whole and with all its phrases.
 * To keep half a piece would repeat or spoil a word, and a model that lost its place once has often
 * invented what follows.
 */
export function planAgain(
  phrases: readonly Phrase[],
  window: SpeechWindow,
): { kept: Phrase[]; again: SpeechRange[] } {
  const gaps = findGaps(phrases, window)
  const [only, another] = window.pieces
  if (only && !another) return planBehindBreak(phrases, only, gaps)
  const doubted = new Set(gaps.map((gap) => gap.piece))
  for (const phrase of phrases) {
    if (placesOf(phrase, window).length < 2) continue
    for (const piece of piecesOf(phrase, window)) doubted.add(piece)
  }
  const touched = new Set<Phrase>()
  for (let grown = true; grown; ) {
    grown = false
    for (const phrase of phrases) {
      const pieces = piecesOf(phrase, window)
      if (touched.has(phrase) || !pieces.some((piece) => doubted.has(piece))) continue
      touched.add(phrase)
      for (const piece of pieces) doubted.add(piece)
      grown = true
    }
  }
  return {
    kept: phrases.filter((phrase) => !touched.has(phrase)),
    again: window.pieces
      .filter((piece) => doubted.has(piece))
      .map(({ startSample, endSample }) => ({ startSample, endSample })),
  }
}

/**
 * A single piece would come out the same again: decode on from the phrase that broke off before
 * the gap, or from behind it when it is the first.
 */
function planBehindBreak(phrases: readonly Phrase[], piece: Piece, gaps: readonly Gap[]) {
  const brokenOff = phrases.filter((phrase) => gaps.some((gap) => gap.start === phrase.end))
  const redo = brokenOff.length === phrases.length ? [] : brokenOff
  return {
    kept: phrases.filter((phrase) => !redo.includes(phrase)),
    again: gaps.map(({ start, end }) => {
      const before = redo.find((phrase) => phrase.end === start)
      return rangeOf(piece, before ? Math.max(before.start, piece.windowStart) : start, end)
    }),
  }
}

function findGaps(phrases: readonly Phrase[], window: SpeechWindow): Gap[] {
  const gaps: Gap[] = []
  for (const piece of window.pieces) {
    const pieceEnd = piece.windowStart + pieceLength(piece)
    let start = piece.windowStart
    const add = (end: number) => {
      if (end - start >= MIN_GAP_SAMPLES) gaps.push({ piece, start, end })
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

function rangeOf(piece: Piece, start: number, end: number): SpeechRange {
  const shift = piece.startSample - piece.windowStart
  return { startSample: start + shift, endSample: end + shift }
}
