import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SpeechRange } from '../../../src/models/speech/speech-ranges.ts'
import { SAMPLE_RATE, WavFile } from '../../../src/models/speech/wav.ts'
import {
  packRanges,
  readWindow,
  type SpeechWindow,
  windowLength,
} from '../../../src/models/speech/windows.ts'
import { writeWav } from './speech-files.ts'

const seconds = (start: number, end: number): SpeechRange => ({
  startSample: start * SAMPLE_RATE,
  endSample: end * SAMPLE_RATE,
})

async function pack(
  ranges: SpeechRange[],
  mayJoin?: (earlier: SpeechRange, later: SpeechRange) => boolean,
): Promise<SpeechWindow[]> {
  const windows: SpeechWindow[] = []
  for await (const window of packRanges(ranges, 29.5 * SAMPLE_RATE, mayJoin)) windows.push(window)
  return windows
}

describe('packRanges', () => {
  test('puts short utterances into one window, half a second apart at most', async () => {
    const [window, ...rest] = await pack([seconds(1, 3), seconds(3.25, 5), seconds(600, 610)])
    expect(rest).toEqual([])
    const starts = window!.pieces.map((piece) => piece.windowStart / SAMPLE_RATE)
    expect(starts).toEqual([0, 2.25, 4.5])
  })

  test('begins a new window when the next range does not fit', async () => {
    const windows = await pack([seconds(0, 20), seconds(21, 31), seconds(32, 33)])
    expect(windows.map((window) => window.pieces.length)).toEqual([1, 2])
  })

  test('ends a full window at the longest pause of its last quarter', async () => {
    const speech = [
      seconds(0, 12),
      seconds(60, 71),
      seconds(80, 82),
      seconds(83, 85),
      seconds(86, 90),
    ]
    const windows = await pack(speech)
    expect(windows.map((window) => window.pieces.length)).toEqual([2, 3])
    expect(windows[1]!.pieces[0]!.windowStart).toBe(0)
  })

  test('joins only ranges that may be joined', async () => {
    const near = (earlier: SpeechRange, later: SpeechRange) =>
      later.startSample - earlier.endSample <= SAMPLE_RATE
    const windows = await pack([seconds(0, 2), seconds(3, 4), seconds(6, 7)], near)
    expect(windows.map((window) => window.pieces.length)).toEqual([2, 1])
  })

  test('loses no speech and never overfills, whatever the ranges', async () => {
    const steps = fc.array(
      fc.record({
        gap: fc.nat(40 * SAMPLE_RATE),
        length: fc.integer({ min: 1, max: 28.4 * SAMPLE_RATE }),
      }),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (parts) => {
        let at = 0
        const ranges = parts.map(({ gap, length }) => {
          const range = { startSample: at + gap, endSample: at + gap + length }
          at = range.endSample
          return range
        })
        const windows = await pack(ranges)
        const pieces = windows.flatMap((window) => window.pieces)
        expect(pieces.map(({ windowStart: _, ...range }) => range)).toEqual(ranges)
        for (const window of windows) {
          expect(windowLength(window)).toBeLessThanOrEqual(29.5 * SAMPLE_RATE)
        }
      }),
    )
  })
})

test('a window holds the sound of its pieces with what came just before each', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-window-'))
  const samples = Float32Array.from({ length: 5000 }, (_, i) => i / 32_768)
  const wav = await WavFile.open(await writeWav(path.join(folder, 'ramp.wav'), samples))
  const window = {
    pieces: [
      { startSample: 100, endSample: 103, windowStart: 0 },
      { startSample: 4000, endSample: 4002, windowStart: 5 },
    ],
  }
  const sound = [...(await readWindow(wav, window))].map((sample) => sample * 32_768)
  expect(sound).toEqual([100, 101, 102, 3998, 3999, 4000, 4001])
  await wav.close()
  await rm(folder, { recursive: true })
})
