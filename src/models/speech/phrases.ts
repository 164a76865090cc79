import type { DecodedWindow } from './decode-windows.ts'
import type { Vocabulary } from './vocabulary.ts'
import { SAMPLE_RATE } from './wav.ts'

/** One `<|start|> text <|end|>` of a window. */
export interface Phrase {
  /** Samples in the window; end exclusive, after start. */
  start: number
  end: number
  /** Text ids, never empty, with their natural log-probabilities. */
  tokens: number[]
  logProbs: number[]
  /** Sample of the window at which each token begins, and the last one's end; null when not known. */
  times: number[] | null
}

/** Samples a step of the timestamp tokens stands for: 0.02 s. */
const TIMESTAMP_SAMPLES = 0.02 * SAMPLE_RATE

/**
 * A phrase lasts at most 5 s and one for each token: people say three or four a second. One of 9 tokens
 * that claimed 24 s had passed over six sentences; what lies behind its end counts as not yet heard.
 */
const LONGEST = { samples: 5 * SAMPLE_RATE, samplesPerToken: SAMPLE_RATE }

/**
 * The phrases of a decoded window, in order and not overlapping. `soundSamples` is the length of
 * the window's sound: a phrase without a closing time lasts to there, none lasts longer, nor longer
 * than its words can take. When the token limit cut the text off, the unfinished last phrase is left
 * out, unless it is the only one.
 */
export function readPhrases(
  decoded: DecodedWindow,
  vocabulary: Vocabulary,
  soundSamples: number,
): Phrase[] {
  const phrases: Phrase[] = []
  let start = 0
  let tokens: number[] = []
  let logProbs: number[] = []
  let firstToken = 0
  const finish = (claimedEnd: number) => {
    const longest = LONGEST.samples + tokens.length * LONGEST.samplesPerToken
    const end = Math.min(claimedEnd, start + longest)
    const frames = decoded.tokenFrames?.slice(firstToken, firstToken + tokens.length + 1)
    const times = frames ? frames.map((frame) => frame * TIMESTAMP_SAMPLES) : null
    if (tokens.length > 0 && end > start) phrases.push({ start, end, tokens, logProbs, times })
    tokens = []
    logProbs = []
  }
  decoded.tokens.forEach((token, i) => {
    if (token < vocabulary.timestampBegin) {
      if (tokens.length === 0) firstToken = i
      tokens.push(token)
      logProbs.push(decoded.logProbs[i]!)
      return
    }
    const time = (token - vocabulary.timestampBegin) * TIMESTAMP_SAMPLES
    finish(Math.min(time, soundSamples))
    start = time
  })
  if (decoded.complete || phrases.length === 0) finish(soundSamples)
  return phrases
}
