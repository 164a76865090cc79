import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAtLoop, endsInLoop } from '../../../src/models/speech/repetition.ts'

const times = (count: number, round: number[]) => Array.from({ length: count }, () => round).flat()

describe('endsInLoop', () => {
  it.each([
    ['one token, thirty times', times(30, [7]), true],
    ['one token, twenty-nine times', times(29, [7]), false],
    ['five tokens, six times', times(6, [1, 2, 3, 4, 5]), true],
    ['five tokens, five times', times(5, [1, 2, 3, 4, 5]), false],
    ['six times after other words', [9, 8, 7, ...times(6, [1, 2, 3, 4, 5, 6])], true],
    ['six times and on to other words', [...times(6, [1, 2, 3, 4, 5, 6]), 9], false],
    ['in the middle of a round', [...times(6, [1, 2, 3, 4, 5, 6]), 1, 2], true],
    [
      'forty tokens, six times',
      times(
        6,
        Array.from({ length: 40 }, (_, n) => n),
      ),
      true,
    ],
    ['nothing', [], false],
  ])('%s', (_, tokens, expected) => {
    expect(endsInLoop(tokens)).toBe(expected)
  })

  it('stops at nothing that would not be cut as a loop anyway', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 80 }), (tokens) => {
        if (!endsInLoop(tokens)) return
        const phrase = { start: 0, end: 100, tokens, logProbs: tokens.map(() => 0), times: null }
        expect(cutAtLoop([phrase]).looped).toBe(true)
      }),
      { examples: [[times(40, [1])], [[0, 0, 1, ...times(15, [1, 2])]]] },
    )
  })
})
