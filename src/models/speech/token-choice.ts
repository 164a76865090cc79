import type { Vocabulary } from './vocabulary.ts'

/** The chosen token and its natural log-probability among the allowed ones. */
export interface Choice {
  token: number
  logProb: number
}

/** How a token is taken from the allowed ones. */
export interface Sampling {
  /** Above 0; higher takes unlikely tokens more often. */
  temperature: number
  /** Uniform in [0, 1). */
  random: () => number
}

/**
 * A function that chooses the next token under Whisper's timestamp rules: text comes in
 * `<|start|> text <|end|>` pairs, times do not go back, the first is at most 1 s, and a timestamp is
 * taken when all timestamps together are likelier than any one text token. These are
 * ApplyTimestampRules, SuppressTokens and SuppressBlank of openai/whisper `whisper/decoding.py`.
 * It takes the likeliest token, or with `sampling` one at random by softmax(logits / temperature);
 * the log-probability is that at temperature 1 either way (GreedyDecoder there).
 *
 * `logits` ([vocabulary] float32) is overwritten; `sampled` are the tokens chosen so far, the
 * prompt left out.
 */
export function createTokenChoice(
  vocabulary: Vocabulary,
): (logits: Float32Array, sampled: readonly number[], sampling?: Sampling | null) => Choice {
  const { timestampBegin, endOfText } = vocabulary

  return (logits, sampled, sampling = null) => {
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
    const text = summarise(logits, 0, endOfText + 1)
    const times = summarise(logits, timestampBegin, logits.length)
    if (times.logSum > text.max) {
      const token = sampling
        ? draw(logits, timestampBegin, logits.length, times.max, sampling)
        : times.argmax
      return { token, logProb: logits[token]! - times.logSum }
    }
    const top = Math.max(text.logSum, times.logSum)
    const logSum = top + Math.log(Math.exp(text.logSum - top) + Math.exp(times.logSum - top))
    const token = sampling
      ? draw(logits, 0, logits.length, Math.max(text.max, times.max), sampling)
      : text.argmax
    return { token, logProb: logits[token]! - logSum }
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

/** A token of [from, to) by its share of Σ exp((logit - max) / temperature); `max` is the largest. */
function draw(
  logits: Float32Array,
  from: number,
  to: number,
  max: number,
  { temperature, random }: Sampling,
): number {
  let total = 0
  for (let i = from; i < to; i++) total += Math.exp((logits[i]! - max) / temperature)
  let left = random() * total
  let last = from
  for (let i = from; i < to; i++) {
    const share = Math.exp((logits[i]! - max) / temperature)
    if (share === 0) continue
    last = i
    left -= share
    if (left < 0) return i
  }
  return last
}
