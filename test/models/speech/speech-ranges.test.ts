import { describe, expect, test } from 'vitest'
import {
  CHUNK_SAMPLES,
  type SpeechRange,
  SpeechRangeFinder,
} from '../../../src/models/speech/speech-ranges.ts'
import { SAMPLE_RATE } from '../../../src/models/speech/wav.ts'

/** A stretch of decisions: seconds, probability, mean square. */
type Stretch = [seconds: number, probability: number, energy?: number]

function find(...stretches: Stretch[]): { start: number; end: number }[] {
  const finder = new SpeechRangeFinder()
  const ranges: (SpeechRange | null)[] = []
  for (const [seconds, probability, energy = 0.01] of stretches) {
    const count = Math.round((seconds * SAMPLE_RATE) / CHUNK_SAMPLES)
    for (let i = 0; i < count; i++) ranges.push(finder.push(probability, energy))
  }
  ranges.push(finder.end())
  return ranges.flatMap((range) =>
    range ? [{ start: range.startSample / SAMPLE_RATE, end: range.endSample / SAMPLE_RATE }] : [],
  )
}

describe('SpeechRangeFinder', () => {
  test('finds nothing in silence', () => {
    expect(find([10, 0.02])).toEqual([])
  })

  test('pads speech by 0.2 s on both sides', () => {
    const [range, ...rest] = find([1.6, 0], [3.2, 0.9], [1.6, 0])
    expect(rest).toEqual([])
    expect(range!.start).toBeCloseTo(1.4, 3)
    expect(range!.end).toBeCloseTo(5.0, 3)
  })

  test('goes on through doubt between 0.35 and 0.5, but does not begin there', () => {
    expect(find([1.6, 0], [1.6, 0.45], [1.6, 0])).toEqual([])
    expect(find([1.6, 0.9], [3.2, 0.4], [1.6, 0.9])).toHaveLength(1)
  })

  test('bridges a pause of 0.32 s and parts at one of 0.48 s without overlap', () => {
    expect(find([1.6, 0.9], [0.32, 0], [1.6, 0.9])).toHaveLength(1)
    const [before, after] = find([1.6, 0.9], [0.48, 0], [1.6, 0.9])
    expect(before!.end).toBeLessThanOrEqual(after!.start)
  })

  test('drops a click shorter than a quarter of a second', () => {
    expect(find([1.6, 0], [0.16, 0.95], [1.6, 0])).toEqual([])
  })

  test('keeps speech that lasts to the end', () => {
    const [range] = find([1.6, 0], [1.6, 0.9])
    expect(range!.end).toBeCloseTo(3.4, 3)
  })

  test('cuts endless speech at its quietest place, without gap or overlap', () => {
    const ranges = find([19.2, 1, 0.02], [0.16, 1, 0.001], [40.64, 1, 0.02])
    expect(ranges).toHaveLength(3)
    expect(ranges[0]!.start).toBe(0)
    expect(ranges[0]!.end).toBeGreaterThanOrEqual(19.2)
    expect(ranges[0]!.end).toBeLessThanOrEqual(19.36)
    expect(ranges[1]!.start).toBe(ranges[0]!.end)
    expect(ranges[2]!.start).toBe(ranges[1]!.end)
    for (const { start, end } of ranges) expect(end - start).toBeLessThan(29)
  })
})
