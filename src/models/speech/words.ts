import type { Phrase } from './phrases.ts'
import type { SpokenWord } from './result.ts'
import type { SpeechRange } from './speech-ranges.ts'
import type { Vocabulary } from './vocabulary.ts'
import { SAMPLE_RATE } from './wav.ts'
import { type SpeechWindow, windowLength } from './windows.ts'

/**
 * The words of a phrase with their times on the recording's timeline, inside `place`, where the
 * phrase was said. Null when the model gives no times of tokens. A word begins with a space;
 * punctuation belongs to the word before it; languages that write no spaces give one word for each
 * token that is whole characters.
 */
export function wordsOf(
  phrase: Phrase,
  place: SpeechRange,
  window: SpeechWindow,
  vocabulary: Pick<Vocabulary, 'decode'>,
): SpokenWord[] | null {
  const { times } = phrase
  if (!times) return null
  const clamp = (sample: number) =>
    Math.min(place.endSample, Math.max(place.startSample, toRecording(sample, window)))
  return wordGroups(phrase.tokens, vocabulary).map(({ text, from, to }) => {
    const logProbs = phrase.logProbs.slice(from, to)
    const mean = logProbs.reduce((sum, value) => sum + Math.exp(value), 0) / logProbs.length
    const startSample = clamp(times[from]!)
    return {
      text,
      startTime: startSample / SAMPLE_RATE,
      endTime: Math.max(startSample, clamp(times[to]!)) / SAMPLE_RATE,
      probability: Math.min(1, mean),
    }
  })
}

/** Tokens [from, to) that are one word. */
export function wordGroups(
  tokens: readonly number[],
  vocabulary: Pick<Vocabulary, 'decode'>,
): { text: string; from: number; to: number }[] {
  const groups: { text: string; from: number; to: number }[] = []
  let from = 0
  for (let to = 1; to <= tokens.length; to++) {
    const text = vocabulary.decode(tokens.slice(from, to))
    // A character may be spread over several tokens.
    if (text.endsWith('\uFFFD') && to < tokens.length) continue
    const last = groups.at(-1)
    const isNew = !last || /^\s/.test(text) || !isSpaced(last.text)
    if (last && (!isNew || /^[\p{P}\p{S}]+$/u.test(text))) {
      last.text += text
      last.to = to
    } else {
      groups.push({ text, from, to })
    }
    from = to
  }
  return groups
}

/** Whether a text is of a script that parts words by spaces: not Chinese, Japanese, Thai, Lao, Khmer or Burmese. */
function isSpaced(text: string): boolean {
  return !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(
    text,
  )
}

/** A sample of the window on the recording's timeline; one in a gap counts to the piece before it. */
function toRecording(sample: number, window: SpeechWindow): number {
  const at = Math.min(sample, windowLength(window))
  const piece = window.pieces.findLast(({ windowStart }) => windowStart <= at) ?? window.pieces[0]
  if (!piece) return 0
  return Math.min(
    piece.endSample,
    Math.max(piece.startSample, piece.startSample + at - piece.windowStart),
  )
}
