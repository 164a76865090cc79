import { planAgain, uncoveredSpeech } from './coverage.ts'
import type { DecodedWindow } from './decode-windows.ts'
import { faultOf, hasWords, isGuesswork, meanOf } from './judge-window.ts'
import { type Phrase, readPhrases } from './phrases.ts'
import { cutAtLoop } from './repetition.ts'
import type { DropReason, SpeechSegment } from './result.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { placesOf } from './timeline.ts'
import type { Vocabulary } from './vocabulary.ts'
import { SAMPLE_RATE } from './wav.ts'
import { type SpeechWindow, windowLength } from './windows.ts'
import { wordsOf } from './words.ts'

/** What one window yields, on the recording's timeline. */
export interface WindowText {
  /** Their texts still have the space before them, where the language writes one. */
  segments: SpeechSegment[]
  dropped: DroppedRange[]
  /** Speech without believable text that may yield some in another window. */
  again: SpeechRange[]
  language: string
  languageProbability: number
}

interface DroppedRange extends SpeechRange {
  reason: DropReason
}

/**
 * Turns what the model made of a window into segments. Nothing is lost in silence: speech that
 * yields no believable text comes back in `again` when another window may do better, else in
 * `dropped` with the reason.
 */
export function readWindowText(
  decoded: DecodedWindow,
  window: SpeechWindow,
  vocabulary: Vocabulary,
  options: { lastAttempt: boolean },
): WindowText {
  const { language, languageProbability } = decoded
  const { phrases, looped } = cutAtLoop(
    readPhrases(decoded, vocabulary, windowLength(window)).filter((phrase) =>
      hasWords(vocabulary.decode(phrase.tokens)),
    ),
  )
  const fault = faultOf(decoded, vocabulary.decode(phrases.flatMap((phrase) => phrase.tokens)))
  const silent = phrases.length === 0
  // Alone, the same speech would only fail in the same way again.
  const final = options.lastAttempt || (window.pieces.length === 1 && (silent || fault !== null))
  if (fault || silent) {
    const ranges = window.pieces.map(({ startSample, endSample }) => ({ startSample, endSample }))
    const dropped = dropRanges(ranges, fault ?? 'no-speech')
    const rest = final ? { dropped, again: [] } : { dropped: [], again: ranges }
    return { segments: [], ...rest, language, languageProbability }
  }
  const { kept, again } = final ? { kept: phrases, again: [] } : planAgain(phrases, window)
  const passedOver = final ? uncoveredSpeech(phrases, window) : []
  const { segments, dropped } = readSegments(decoded, kept, window, vocabulary)
  dropped.push(...dropRanges(passedOver, looped ? 'repetition' : 'no-speech'))
  return { segments, dropped, again, language, languageProbability }
}

function readSegments(
  decoded: DecodedWindow,
  phrases: readonly Phrase[],
  window: SpeechWindow,
  vocabulary: Vocabulary,
): { segments: SpeechSegment[]; dropped: DroppedRange[] } {
  const segments: SpeechSegment[] = []
  const dropped: DroppedRange[] = []
  for (const phrase of phrases) {
    const [place] = placesOf(phrase, window)
    if (!place) {
      dropped.push(...dropRanges([nearestSpeech(phrase, window)], 'outside-speech'))
    } else if (isGuesswork(phrase.logProbs)) {
      dropped.push(...dropRanges([place], 'low-probability'))
    } else {
      segments.push({
        startTime: place.startSample / SAMPLE_RATE,
        endTime: place.endSample / SAMPLE_RATE,
        text: vocabulary.decode(phrase.tokens),
        avgLogProb: meanOf(phrase.logProbs),
        noSpeechProb: decoded.noSpeechProb,
        language: decoded.language,
        words: wordsOf(phrase, place, window, vocabulary),
      })
    }
  }
  return { segments, dropped }
}

function dropRanges(ranges: readonly SpeechRange[], reason: DropReason): DroppedRange[] {
  return ranges.map((range) => ({ ...range, reason }))
}

/** The moment of the recording a phrase in a gap belongs to: the end of the piece before it. */
function nearestSpeech(phrase: Phrase, window: SpeechWindow): SpeechRange {
  const before = window.pieces.findLast((piece) => piece.windowStart <= phrase.start)
  const sample = before?.endSample ?? window.pieces[0]?.startSample ?? 0
  return { startSample: sample, endSample: sample }
}
