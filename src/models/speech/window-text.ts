import type { DecodedWindow } from './decode-windows.ts'
import { faultOf, hasWords, isGuesswork, meanOf } from './judge-window.ts'
import { type Phrase, readPhrases } from './phrases.ts'
import { cutAtLoop } from './repetition.ts'
import type { DropReason, SpeechSegment } from './result.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { placePhrase, uncoveredSpeech } from './timeline.ts'
import type { Vocabulary } from './vocabulary.ts'
import { SAMPLE_RATE } from './wav.ts'
import { pieceLength, type SpeechWindow, windowLength } from './windows.ts'

/** A segment whose text still has the space before it, where its language writes one. */
export type RawSegment = SpeechSegment

/** What one window yields, on the recording's timeline. */
export interface WindowText {
  segments: RawSegment[]
  dropped: (SpeechRange & { reason: DropReason })[]
  /** Speech without believable text that may yield some in another window. */
  again: SpeechRange[]
  language: string
  languageProbability: number
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
  const empty = { segments: [], dropped: [], again: [], language, languageProbability }
  const { phrases, looped } = cutAtLoop(
    readPhrases(decoded, vocabulary, windowLength(window)).filter((phrase) =>
      hasWords(vocabulary.decode(phrase.tokens)),
    ),
  )
  const fault = faultOf(decoded, vocabulary.decode(phrases.flatMap((phrase) => phrase.tokens)))
  if (fault) {
    const ranges = window.pieces.map(({ startSample, endSample }) => ({ startSample, endSample }))
    // Alone, the same speech would only fail in the same way again.
    return options.lastAttempt || ranges.length === 1
      ? { ...empty, dropped: ranges.map((range) => ({ ...range, reason: fault })) }
      : { ...empty, again: ranges }
  }
  return withRest(readSegments(decoded, phrases, window, vocabulary), phrases)

  function withRest(text: WindowText, kept: readonly Phrase[]): WindowText {
    for (const range of uncoveredSpeech(kept, window)) {
      const [only, another] = window.pieces
      const same = !another && only && pieceLength(only) === pieceLength(range)
      if (options.lastAttempt || same) {
        text.dropped.push({ ...range, reason: looped ? 'repetition' : 'no-speech' })
      } else {
        text.again.push(range)
      }
    }
    return text
  }
}

function readSegments(
  decoded: DecodedWindow,
  phrases: readonly Phrase[],
  window: SpeechWindow,
  vocabulary: Vocabulary,
): WindowText {
  const { language, languageProbability, noSpeechProb } = decoded
  const text: WindowText = { segments: [], dropped: [], again: [], language, languageProbability }
  for (const phrase of phrases) {
    const placed = placePhrase(phrase, window, vocabulary)
    if (placed.length === 0) {
      text.dropped.push({ ...nearestSpeech(phrase, window), reason: 'outside-speech' })
    }
    for (const { startSample, endSample, tokens, logProbs } of placed) {
      if (isGuesswork(logProbs)) {
        text.dropped.push({ startSample, endSample, reason: 'low-probability' })
        continue
      }
      text.segments.push({
        startTime: startSample / SAMPLE_RATE,
        endTime: endSample / SAMPLE_RATE,
        text: vocabulary.decode(tokens),
        avgLogProb: meanOf(logProbs),
        noSpeechProb,
        language,
      })
    }
  }
  return text
}

/** The moment of the recording where a phrase in a gap would be: the end of the piece before it. */
function nearestSpeech(phrase: Phrase, window: SpeechWindow): SpeechRange {
  const before = window.pieces.findLast((piece) => piece.windowStart <= phrase.start)
  const sample = before?.endSample ?? window.pieces[0]?.startSample ?? 0
  return { startSample: sample, endSample: sample }
}
