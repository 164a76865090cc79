import { describe, expect, test } from 'vitest'
import { createTokenChoice, probabilities } from '../../../src/models/speech/token-choice.ts'
import type { Vocabulary } from '../../../src/models/speech/vocabulary.ts'

/** Ten words (0–9), end of text 10, five special ids, then 100 times from 16 on. */
const vocabulary: Vocabulary = {
  endOfText: 10,
  startOfTranscript: 11,
  languages: new Map([[12, 'en']]),
  transcribe: 13,
  noSpeech: 14,
  timestampBegin: 16,
  suppressed: [9],
  suppressedFirst: [0, 10],
  maxInitialTimestamp: 50,
  alignmentHeads: [],
  decode: (ids) => ids.join(' '),
}
const SIZE = 116
const choose = createTokenChoice(vocabulary)
const time = (step: number) => 16 + step

function pick(scores: Record<number, number>, sampled: number[]) {
  const logits = new Float32Array(SIZE).fill(-20)
  for (const [token, score] of Object.entries(scores)) logits[Number(token)] = score
  return choose(logits, sampled)
}

describe('createTokenChoice', () => {
  test('begins with a time of at most 1 s, whatever the text scores', () => {
    expect(pick({ 3: 30, [time(51)]: 25, [time(50)]: 1 }, []).token).toBe(time(50))
  })

  test('takes text after an opening time, never a second time', () => {
    expect(pick({ 3: 1, [time(5)]: 9 }, [time(0)]).token).toBe(3)
    expect(pick({ 3: 1, [time(5)]: 9 }, [time(0), 4, time(3), time(3)]).token).toBe(3)
  })

  test('takes a time or the end after a closing time, never text', () => {
    expect(pick({ 3: 9, [time(5)]: 1 }, [time(0), 4, time(5)]).token).toBe(time(5))
    expect(pick({ 3: 9, 10: 1 }, [time(0), 4, time(5)]).token).toBe(10)
  })

  test('never goes back in time, and moves on when a phrase closes', () => {
    expect(pick({ [time(4)]: 9, [time(7)]: 5 }, [time(5), 3]).token).toBe(time(7))
    expect(pick({ [time(5)]: 9, [time(6)]: 5 }, [time(5), 3]).token).toBe(time(6))
  })

  test('takes a time when all times together beat the best word', () => {
    const times = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [time(20 + i), 2]))
    expect(pick({ ...times, 3: 4 }, [time(0), 2]).token).toBeGreaterThanOrEqual(time(20))
    expect(pick({ ...times, 3: 6 }, [time(0), 2]).token).toBe(3)
  })

  test('never chooses suppressed or special tokens', () => {
    expect(pick({ 9: 30, 11: 30, 12: 30, 15: 30, 4: 1 }, [time(0), 2]).token).toBe(4)
  })

  test('gives the log-probability among what was allowed', () => {
    const { logProb } = pick({ 3: 1, 4: 1, 9: 50 }, [time(0)])
    expect(logProb).toBeCloseTo(Math.log(0.5), 6)
  })
})

test('probabilities are shares of the whole', () => {
  const [a, b] = probabilities(Float32Array.from([0, Math.log(3), 0]), [1, 2])
  expect(a).toBeCloseTo(0.6, 6)
  expect(b).toBeCloseTo(0.2, 6)
})
