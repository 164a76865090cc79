import { describe, expect, test } from 'vitest'
import { alignTokens, medianFilter, warp } from '../../../src/models/speech/word-alignment.ts'
import { wordGroups, wordsOf } from '../../../src/models/speech/words.ts'

describe('warp', () => {
  test('finds the path of whisper/timing.py for the same costs', () => {
    // dtw_cpu of openai-whisper 20250625 on this matrix.
    const matrix = Float32Array.of(1, 2, 3, 9, 9, 1, 1, 4, 9, 9, 1, 1)
    expect(warp(matrix, 3, 4)).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [2, 3],
    ])
  })

  test('goes from the first cell to the last, never back', () => {
    const matrix = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * 12.9898))
    const path = warp(matrix, 10, 20)
    expect(path[0]).toEqual([0, 0])
    expect(path.at(-1)).toEqual([9, 19])
    for (const [k, [row, column]] of path.slice(1).entries()) {
      const [before, left] = path[k]!
      expect([0, 1]).toContain(row - before)
      expect([0, 1]).toContain(column - left)
    }
  })
})

describe('medianFilter', () => {
  test('mirrors the edges and takes out a single spike', () => {
    const values = Float32Array.of(0, 0, 9, 0, 0, 5, 6, 7)
    expect([...medianFilter(values, 3)]).toEqual([0, 0, 0, 0, 0, 5, 6, 6])
  })

  test('leaves what is shorter than half of it as it is', () => {
    expect([...medianFilter(Float32Array.of(3, 1, 2), 7)]).toEqual([3, 1, 2])
  })
})

describe('alignTokens', () => {
  test('gives each token the frames that its heads look at', () => {
    // Two heads, 40 frames of which 30 hold sound; token k looks at frames 10k to 10k + 9.
    const row = (token: number) =>
      Float32Array.from({ length: 2 * 40 }, (_, i) =>
        Math.floor((i % 40) / 10) === token ? 0.09 : 0.003,
      )
    expect(alignTokens([row(0), row(1), row(2)], 2, 30)).toEqual([0, 10, 20])
  })
})

describe('wordGroups', () => {
  const vocabulary = (texts: string[]) => ({
    decode: (ids: readonly number[]) =>
      Buffer.concat(ids.map((id) => Buffer.from(texts[id]!, 'latin1'))).toString('utf8'),
  })
  const latin1 = (text: string) => Buffer.from(text).toString('latin1')

  test('joins the pieces of a word and its punctuation', () => {
    const texts = [' Dash', 'wood', ',', ' had', ' "', 'then', '"', '.']
    expect(wordGroups([0, 1, 2, 3, 4, 5, 6, 7], vocabulary(texts)).map(({ text }) => text)).toEqual(
      [' Dashwood,', ' had', ' "then".'],
    )
  })

  test('keeps a character together that several tokens spell; no spaces: a word for each', () => {
    const [first, second] = [latin1('你'), latin1('好')]
    const texts = [first.slice(0, 2), first.slice(2), second]
    expect(wordGroups([0, 1, 2], vocabulary(texts))).toEqual([
      { text: '你', from: 0, to: 2 },
      { text: '好', from: 2, to: 3 },
    ])
  })
})

test('wordsOf puts words where their piece was said, inside their segment', () => {
  const rate = 16_000
  // The window holds 10–12 s of the recording and, from 2.5 s on, 60–62 s.
  const window = {
    pieces: [
      { startSample: 10 * rate, endSample: 12 * rate, windowStart: 0 },
      { startSample: 60 * rate, endSample: 62 * rate, windowStart: 2.5 * rate },
    ],
  }
  const phrase = {
    start: 2.5 * rate,
    end: 4.5 * rate,
    tokens: [0, 1],
    logProbs: [Math.log(0.5), Math.log(0.9)],
    times: [2.4 * rate, 3.5 * rate, 9 * rate],
  }
  const place = { startSample: 60 * rate, endSample: 62 * rate }
  const vocabulary = { decode: (ids: readonly number[]) => ids.map((id) => ` w${id}`).join('') }
  const words = wordsOf(phrase, place, window, vocabulary)!
  expect(words.map(({ text, startTime, endTime }) => [text, startTime, endTime])).toEqual([
    [' w0', 60, 61],
    [' w1', 61, 62],
  ])
  expect(words.map(({ probability }) => probability)).toEqual([
    expect.closeTo(0.5, 6),
    expect.closeTo(0.9, 6),
  ])
  expect(wordsOf({ ...phrase, times: null }, place, window, vocabulary)).toBeNull()
})
