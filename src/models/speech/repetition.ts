import { deflateSync } from 'node:zlib'
import type { Phrase } from './phrases.ts'

/** A text that packs better than this is a loop: openai/whisper `whisper/transcribe.py`. */
const MAX_COMPRESSION_RATIO = 2.4

/** A loop is the same 1–40 tokens at least four times over and at least eight tokens long. */
const MAX_PERIOD = 40
const MIN_REPEATS = 4
const MIN_LOOP_TOKENS = 8

/** So much of a loop leaves no hope that it ends before the limit of tokens does. */
const HOPELESS = { repeats: 6, tokens: 30 }

/** Whether a text is too repetitive to be speech (UTF-8 length over deflated length above 2.4). */
export function isRepetitive(text: string): boolean {
  const bytes = Buffer.from(text)
  return bytes.length / deflateSync(bytes).length > MAX_COMPRESSION_RATIO
}

/**
 * The phrases up to the end of the first round of a loop, and whether there was one. The phrase
 * that is cut ends at the same share of its time as of its tokens, so what comes after it counts
 * as not yet transcribed.
 */
export function cutAtLoop(phrases: readonly Phrase[]): { phrases: Phrase[]; looped: boolean } {
  const keep = firstLoop(phrases.flatMap((phrase) => phrase.tokens))
  if (keep === null) return { phrases: [...phrases], looped: false }
  const kept: Phrase[] = []
  let left = keep
  for (const phrase of phrases) {
    if (left <= 0) break
    kept.push(left < phrase.tokens.length ? head(phrase, left) : phrase)
    left -= phrase.tokens.length
  }
  return { phrases: kept, looped: true }
}

/**
 * Whether nothing but a loop can be expected after these tokens: they end in the same 1–40 of them, six
 * times over and at least thirty long. A window that is cut off here is read as one that was cut off at
 * the limit, to which it would have gone on.
 */
export function endsInLoop(tokens: readonly number[]): boolean {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    const needed = Math.max(HOPELESS.repeats * period, HOPELESS.tokens)
    if (needed > tokens.length) break
    let at = tokens.length - 1
    const first = tokens.length - needed + period
    while (at >= first && tokens[at] === tokens[at - period]) at--
    if (at < first) return true
  }
  return false
}

/** Number of tokens up to the end of the first round of the first loop; null without a loop. */
function firstLoop(tokens: readonly number[]): number | null {
  for (let start = 0; start < tokens.length; start++) {
    for (let period = 1; period <= MAX_PERIOD; period++) {
      const needed = Math.max(MIN_REPEATS * period, MIN_LOOP_TOKENS)
      if (start + needed > tokens.length) break
      let same = period
      while (same < needed && tokens[start + same] === tokens[start + same - period]) same++
      if (same === needed) return start + period
    }
  }
  return null
}

function head(phrase: Phrase, count: number): Phrase {
  const share = count / phrase.tokens.length
  return {
    start: phrase.start,
    end: phrase.start + Math.max(1, Math.round((phrase.end - phrase.start) * share)),
    tokens: phrase.tokens.slice(0, count),
    logProbs: phrase.logProbs.slice(0, count),
    times: phrase.times?.slice(0, count + 1) ?? null,
  }
}
