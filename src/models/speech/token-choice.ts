import type { Vocabulary } from './vocabulary.ts'

/** The chosen token and its natural log-probability among the allowed ones. */
export interface Choice {
  token: number
  logProb: number
}

/**
 * A function that chooses the next token greedily under Whisper's timestamp rules: text comes in
 * `<|start|> text <|end|>` pairs, times do not go back, the first is at most 1 s, and a timestamp is
 * taken when all timestamps together are likelier than any one text token. These are
 * ApplyTimestampRules, SuppressTokens and SuppressBlank of openai/whisper `whisper/decoding.py`.
 *
 * `logits` ([vocabulary] float32) is overwritten; `sampled` are the tokens chosen so far, the
 * prompt left out.
 */
export function createTokenChoice(
  vocabulary: Vocabulary,
): (logits: Float32Array, sampled: readonly number[]) => Choice {
  const { timestampBegin, endOfText } = vocabulary

  return (logits, sampled) => {
    for (const token of vocabulary.suppressed) logits[token] = Number.NEGATIVE_INFINITY
    // Languages, tasks and the like lie between the end of text and the times.
    logits.fill(Number.NEGATIVE_INFINITY, endOfText + 1, timestampBegin)
    if (sampled.length === 0) {
      for (const token of vocabulary.suppressedFirst) logits[token] = Number.NEGATIVE_INFINITY
      logits.fill(Number.NEGATIVE_INFINITY, 0, timestampBegin)
      logits.fill(Number.NEGATIVE_INFINITY, timestampBegin + vocabulary.maxInitialTimestamp + 1)
    } else {
      maskByPairs(logits, sampled)
    }
    const text = summarise(logits, 0, timestampBegin)
    const times = summarise(logits, timestampBegin, logits.length)
    if (times.logSum > text.max) {
      return { token: times.argmax, logProb: times.max - times.logSum }
    }
    const top = Math.max(text.logSum, times.logSum)
    const logSum = top + Math.log(Math.exp(text.logSum - top) + Math.exp(times.logSum - top))
    return { token: text.argmax, logProb: text.max - logSum }
  }

  function maskByPairs(logits: Float32Array, sampled: readonly number[]) {
    const lastIsTime = sampled.at(-1)! >= timestampBegin
    const beforeIsTime = sampled.length < 2 || sampled.at(-2)! >= timestampBegin
    if (lastIsTime && beforeIsTime) {
      logits.fill(Number.NEGATIVE_INFINITY, timestampBegin)
    } else if (lastIsTime) {
      logits.fill(Number.NEGATIVE_INFINITY, 0, endOfText)
    }
    const latest = sampled.findLast((token) => token >= timestampBegin)
    if (latest === undefined) return
    // A closing time may be repeated as the next opening one; otherwise time has to move on.
    const earliest = lastIsTime && !beforeIsTime ? latest : latest + 1
    logits.fill(Number.NEGATIVE_INFINITY, timestampBegin, earliest)
  }
}

/** Probability of each of `tokens` among all (softmax over the whole of `logits`). */
export function probabilities(logits: Float32Array, tokens: readonly number[]): number[] {
  const { logSum } = summarise(logits, 0, logits.length)
  return tokens.map((token) => Math.exp(logits[token]! - logSum))
}

/** Terms this far below the largest change a sum of 51,865 by less than 1e-8: not worth an exp. */
const NEGLIGIBLE = 30

function summarise(logits: Float32Array, from: number, to: number) {
  let max = Number.NEGATIVE_INFINITY
  let argmax = from
  for (let i = from; i < to; i++) {
    const value = logits[i]!
    if (value > max) {
      max = value
      argmax = i
    }
  }
  if (max === Number.NEGATIVE_INFINITY) return { max, argmax, logSum: max }
  let sum = 0
  const least = max - NEGLIGIBLE
  for (let i = from; i < to; i++) {
    const value = logits[i]!
    if (value > least) sum += Math.exp(value - max)
  }
  return { max, argmax, logSum: max + Math.log(sum) }
}
