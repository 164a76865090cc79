import { describe, expect, test } from 'vitest'
import type { DecodedWindow } from '../../../src/models/speech/decode-windows.ts'
import type { Vocabulary } from '../../../src/models/speech/vocabulary.ts'
import { SAMPLE_RATE } from '../../../src/models/speech/wav.ts'
import { readWindowText } from '../../../src/models/speech/window-text.ts'
import type { SpeechWindow } from '../../../src/models/speech/windows.ts'

const TIMES = 1000

/** Every id below 1000 is a word of its own: 7 → " w7". Ids from 1000 on are times of 0.02 s. */
const vocabulary: Vocabulary = {
  startOfTranscript: 998,
  endOfText: 999,
  transcribe: null,
  noSpeech: 997,
  timestampBegin: TIMES,
  languages: new Map(),
  suppressed: [],
  suppressedFirst: [],
  alignmentHeads: [],
  maxInitialTimestamp: 50,
  decode: (ids) => ids.map((id) => ` w${id}`).join(''),
}

/** Tokens of one phrase: its start and end in seconds of the window, its words between them. */
const phrase = (start: number, end: number, ...ids: number[]) => [
  TIMES + Math.round(start * 50),
  ...ids,
  TIMES + Math.round(end * 50),
]

function decoded(tokens: number[], changes: Partial<DecodedWindow> = {}): DecodedWindow {
  return {
    tokens,
    logProbs: tokens.map(() => -0.1),
    avgLogProb: -0.1,
    noSpeechProb: 0.01,
    language: 'en',
    languageProbability: 0.9,
    runnerUp: null,
    tokenFrames: null,
    complete: true,
    ...changes,
  }
}

/** Pieces by seconds: start and end in the recording, start in the window. */
function windowOf(...pieces: [start: number, end: number, windowStart: number][]): SpeechWindow {
  return {
    pieces: pieces.map(([start, end, windowStart]) => ({
      startSample: start * SAMPLE_RATE,
      endSample: end * SAMPLE_RATE,
      windowStart: windowStart * SAMPLE_RATE,
    })),
  }
}

function read(window: SpeechWindow, result: DecodedWindow, lastAttempt = false) {
  const text = readWindowText(result, window, vocabulary, { lastAttempt })
  const seconds = (range: { startSample: number; endSample: number }) =>
    [range.startSample / SAMPLE_RATE, range.endSample / SAMPLE_RATE] as const
  return {
    segments: text.segments.map(
      ({ startTime, endTime, text: words }) => `${startTime}-${endTime}${words}`,
    ),
    again: text.again.map((range) => seconds(range).join('-')),
    dropped: text.dropped.map((range) => `${seconds(range).join('-')} ${range.reason}`),
  }
}

const nothing = { segments: [], again: [], dropped: [] }

describe('readWindowText', () => {
  test('maps each phrase into its own piece', () => {
    const window = windowOf([10, 14, 0], [100, 105, 4.5])
    const tokens = [...phrase(0.2, 3.8, 1, 2), ...phrase(4.6, 9.4, 3)]
    expect(read(window, decoded(tokens))).toEqual({
      ...nothing,
      segments: ['10.2-13.8 w1 w2', '100.1-104.9 w3'],
    })
  })

  test('clips a phrase that reaches a little into the gap or the next piece', () => {
    const window = windowOf([10, 14, 0], [100, 105, 4.5])
    const tokens = [...phrase(0, 4.7, 1, 2), ...phrase(4.7, 10, 3)]
    expect(read(window, decoded(tokens)).segments).toEqual(['10-14 w1 w2', '100.2-105 w3'])
  })

  test('sends pieces far apart that one phrase ties together back, with all their phrases', () => {
    const window = windowOf([10, 14, 0], [100, 104, 4.5], [110, 112, 9])
    const tokens = [...phrase(0, 6, 1, 2, 3), ...phrase(6, 8.5, 4), ...phrase(9, 11, 5)]
    expect(read(window, decoded(tokens))).toEqual({
      segments: ['110-112 w5'],
      again: ['10-14', '100-104'],
      dropped: [],
    })
  })

  test('keeps a phrase over a short pause in one', () => {
    const window = windowOf([10, 14, 0], [14.8, 17, 4.5])
    expect(read(window, decoded(phrase(0, 6.7, 1, 2, 3))).segments).toEqual(['10-17 w1 w2 w3'])
  })

  test('drops a phrase that lies wholly in a gap', () => {
    const window = windowOf([10, 14, 0], [100, 105, 4.5])
    const tokens = [...phrase(0, 4, 1), ...phrase(4.1, 4.4, 2), ...phrase(4.5, 9.5, 3)]
    expect(read(window, decoded(tokens))).toMatchObject({
      segments: ['10-14 w1', '100-105 w3'],
      dropped: ['14-14 outside-speech'],
    })
  })

  test('sends a piece in which speech was passed over back whole', () => {
    const window = windowOf([10, 14, 0], [100, 110, 4.5])
    const tokens = [...phrase(0, 4, 1), ...phrase(4.6, 8, 2)]
    expect(read(window, decoded(tokens))).toEqual({
      segments: ['10-14 w1'],
      again: ['100-110'],
      dropped: [],
    })
  })

  test('goes on behind the break when the same piece alone would come out the same', () => {
    expect(read(windowOf([10, 30, 0]), decoded(phrase(0, 8, 1, 2, 3)))).toEqual({
      segments: ['10-18 w1 w2 w3'],
      again: ['18-30'],
      dropped: [],
    })
  })

  test('goes on from the phrase that broke off when a piece alone has others before it', () => {
    const tokens = [...phrase(0, 8, 1, 2, 3), ...phrase(8, 12, 4)]
    expect(read(windowOf([10, 30, 0]), decoded(tokens))).toEqual({
      segments: ['10-18 w1 w2 w3'],
      again: ['18-30'],
      dropped: [],
    })
  })

  test('does not believe that a few words took half a minute', () => {
    const pieces = windowOf([10, 14, 0], [15, 30, 4.5], [31, 38, 20])
    const tokens = [...phrase(0, 24, 1, 2), ...phrase(24, 27, 3)]
    expect(read(pieces, decoded(tokens))).toEqual({
      segments: [],
      again: ['10-14', '15-30', '31-38'],
      dropped: [],
    })
    expect(read(pieces, decoded(tokens), true)).toEqual({
      segments: ['10-17.5 w1 w2', '35-38 w3'],
      again: [],
      dropped: ['17.5-30 no-speech', '31-35 no-speech'],
    })
  })

  test('says at the last attempt which speech has no text', () => {
    expect(read(windowOf([10, 30, 0]), decoded(phrase(0, 8, 1, 2, 3)), true)).toEqual({
      segments: ['10-18 w1 w2 w3'],
      again: [],
      dropped: ['18-30 no-speech'],
    })
  })

  test('drops a window with a no-speech probability above 0.6, however sure its text', () => {
    const result = decoded(phrase(0, 4, 1), { noSpeechProb: 0.7 })
    expect(read(windowOf([10, 14, 0]), result)).toEqual({
      ...nothing,
      dropped: ['10-14 no-speech'],
    })
  })

  test('tries the pieces of a failed window again in other company', () => {
    const result = decoded(phrase(0, 9, 1), { avgLogProb: -1.2 })
    expect(read(windowOf([10, 14, 0], [100, 105, 4.5]), result)).toEqual({
      ...nothing,
      again: ['10-14', '100-105'],
    })
    expect(read(windowOf([10, 14, 0], [100, 105, 4.5]), result, true)).toEqual({
      ...nothing,
      dropped: ['10-14 low-probability', '100-105 low-probability'],
    })
  })

  test('drops one unsure phrase and keeps the rest', () => {
    const tokens = [...phrase(0, 2, 1, 2), ...phrase(2, 4, 3, 4)]
    const logProbs = tokens.map((token) => (token === 3 || token === 4 ? -1.5 : -0.1))
    expect(read(windowOf([10, 14, 0]), decoded(tokens, { logProbs }))).toEqual({
      segments: ['10-12 w1 w2'],
      again: [],
      dropped: ['12-14 low-probability'],
    })
  })

  test('cuts a loop after its first round and decodes the rest again', () => {
    const loop = Array.from({ length: 8 }, () => [5, 6, 7]).flat()
    const tokens = [...phrase(0, 4, 1, 2), ...phrase(4, 28, ...loop)]
    expect(read(windowOf([10, 38, 0]), decoded(tokens))).toEqual({
      segments: ['10-14 w1 w2'],
      again: ['14-38'],
      dropped: [],
    })
    expect(read(windowOf([10, 38, 0]), decoded(tokens), true)).toEqual({
      segments: ['10-14 w1 w2', '14-17 w5 w6 w7'],
      again: [],
      dropped: ['17-38 repetition'],
    })
  })

  test('keeps a word said three times', () => {
    const tokens = phrase(0, 4, 1, 5, 5, 5, 2)
    expect(read(windowOf([10, 14, 0]), decoded(tokens)).segments).toEqual(['10-14 w1 w5 w5 w5 w2'])
  })

  test('leaves out the unfinished phrase at the token limit and decodes it again', () => {
    const tokens = [...phrase(0, 7, 1, 2), TIMES + 350, 3, 4]
    expect(read(windowOf([10, 38, 0]), decoded(tokens, { complete: false }))).toEqual({
      segments: ['10-17 w1 w2'],
      again: ['17-38'],
      dropped: [],
    })
  })

  test('ends a phrase without a closing time with the sound', () => {
    expect(read(windowOf([10, 14, 0]), decoded([TIMES + 5, 1, 2])).segments).toEqual([
      '10.1-14 w1 w2',
    ])
  })

  test('takes a window without words as no speech', () => {
    expect(read(windowOf([10, 14, 0]), decoded([TIMES, TIMES + 100]))).toEqual({
      ...nothing,
      dropped: ['10-14 no-speech'],
    })
  })
})
