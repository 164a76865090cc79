import type { Vocabulary } from './vocabulary.ts'

/** A cut after a mark like these may be this share of all tokens away from where it should be. */
const MARK_BONUS = 0.2
const ENDS_CLAUSE = /[.,;:?!…。、，；：？！]$/

/**
 * Parts text tokens into `shares.length` runs (`from` … `to`, end exclusive) of about those shares,
 * cutting between words, after a punctuation mark where one is near, and never inside a character.
 * One share: everything. No share: nothing.
 */
export function splitTokens(
  tokens: readonly number[],
  shares: readonly number[],
  vocabulary: Vocabulary,
): { from: number; to: number }[] {
  const total = shares.reduce((sum, share) => sum + share, 0)
  const costs = shares.length > 1 ? cutCosts(tokens, vocabulary) : []
  let from = 0
  let shareSoFar = 0
  return shares.map((share, i) => {
    shareSoFar += share
    const wanted = (tokens.length * shareSoFar) / total
    const to = i === shares.length - 1 ? tokens.length : bestCut(costs, from, wanted)
    const run = { from, to }
    from = to
    return run
  })
}

/**
 * What a cut at each place (0 … tokens.length) costs, in tokens of distance: nothing after a mark,
 * infinite inside a word. At either end it leaves one side without words, which is no mark either.
 */
function cutCosts(tokens: readonly number[], vocabulary: Vocabulary): number[] {
  const texts = tokens.map((token) => vocabulary.decode([token]))
  // Languages written without spaces may be cut between any two whole characters.
  const spaced = texts.some((text, i) => i > 0 && text.startsWith(' '))
  const noMark = tokens.length * MARK_BONUS
  const inside = texts.map((text, i) => {
    const before = vocabulary.decode(tokens.slice(0, i))
    if (i > 0 && (before.endsWith('\ufffd') || (spaced && !text.startsWith(' ')))) return Infinity
    return ENDS_CLAUSE.test(before) ? 0 : noMark
  })
  return [...inside, noMark]
}

function bestCut(costs: readonly number[], from: number, wanted: number): number {
  let best = from
  let lowest = Number.POSITIVE_INFINITY
  for (let at = from; at < costs.length; at++) {
    const cost = costs[at]! + Math.abs(at - wanted)
    if (cost < lowest) {
      lowest = cost
      best = at
    }
  }
  return best
}
