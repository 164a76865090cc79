import { describe, expect, test } from 'vitest'
import { createPowerSpectrum } from '../../../src/models/speech/fft.ts'
import { createLogMel, WINDOW_FRAMES, WINDOW_SAMPLES } from '../../../src/models/speech/log-mel.ts'
import { melFilters } from '../../../src/models/speech/mel-filters.ts'

const sine = (hertz: number, samples: number) =>
  Float32Array.from(
    { length: samples },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / 16_000),
  )

describe('createPowerSpectrum', () => {
  test.each([400, 30, 24])('equals the plain Fourier sum for %d samples', (size) => {
    const frame = Float64Array.from({ length: size }, (_, i) => Math.sin(i * i) + 0.3)
    const power = new Float64Array(size / 2 + 1)
    createPowerSpectrum(size)(frame, power)
    for (const [k, value] of power.entries()) {
      let re = 0
      let im = 0
      for (const [t, x] of frame.entries()) {
        re += x * Math.cos((2 * Math.PI * k * t) / size)
        im -= x * Math.sin((2 * Math.PI * k * t) / size)
      }
      expect(value).toBeCloseTo(re * re + im * im, 8)
    }
  })

  test('refuses a length with a prime factor above 5', () => {
    expect(() => createPowerSpectrum(14)).toThrow(RangeError)
  })
})

describe('melFilters', () => {
  const filters = melFilters(80, 400, 16_000)

  test('has the published first, 41st and last weights of the bank', () => {
    // librosa.filters.mel(sr=16000, n_fft=400, n_mels=80), as shipped with Whisper.
    expect(filters[0]!.firstBin).toBe(1)
    expect(filters[0]!.weights[0]).toBeCloseTo(0.02486259, 7)
    expect(Math.max(...filters[40]!.weights)).toBeCloseTo(0.01473557, 7)
    expect(filters[79]!.firstBin).toBe(186)
    expect(filters[79]!.weights.at(-1)).toBeCloseTo(0.00044876, 7)
  })

  test('gives each triangle unit area', () => {
    for (const { weights } of filters.slice(40)) {
      const area = weights.reduce((sum, weight) => sum + weight * 40, 0)
      expect(area).toBeGreaterThan(0.9)
      expect(area).toBeLessThan(1.1)
    }
  })
})

describe('createLogMel', () => {
  const logMel = createLogMel(80)
  const peakOf = (features: Float32Array, frame: number) => {
    const column = Array.from({ length: 80 }, (_, bin) => features[bin * WINDOW_FRAMES + frame]!)
    return column.indexOf(Math.max(...column))
  }

  test.each([200, 440, 1000, 3000, 7000])('peaks in the bin around a sine of %d Hz', (hertz) => {
    const centres = melFilters(80, 400, 16_000).map(({ firstBin, weights }) => {
      const top = weights.indexOf(Math.max(...weights))
      return (firstBin + top) * 40
    })
    const peak = peakOf(logMel(sine(hertz, 16_000)), 50)
    const nearest = centres.map((centre) => Math.abs(centre - hertz))
    expect(nearest[peak]).toBeLessThanOrEqual(Math.min(...nearest) + 60)
  })

  test('has the value of Whisper at a known frame', () => {
    // transformers' WhisperFeatureExtractor on the same sine; the two differ by less than 1e-6.
    const features = logMel(sine(440, 16_000))
    const at = (bin: number, frame: number) => features[bin * WINDOW_FRAMES + frame]
    expect(at(0, 0)).toBeCloseTo(0.98327875, 5)
    expect(at(5, 0)).toBeCloseTo(1.0482327, 5)
    expect(at(11, 50)).toBeCloseTo(1.4382038, 5)
    expect(at(12, 50)).toBeCloseTo(1.2935234, 5)
    expect(at(79, 50)).toBeCloseTo(-0.5617962, 5)
    expect(at(20, 100)).toBeCloseTo(0.6673846, 5)
    expect(at(11, 101)).toBeCloseTo(0.35105258, 5)
  })

  test('floors silence behind the sound at the loudest minus 8', () => {
    const features = logMel(sine(440, 16_000))
    const extreme = (pick: (a: number, b: number) => number) =>
      features.reduce((a, b) => pick(a, b))
    const loudest = extreme(Math.max)
    expect(features[WINDOW_FRAMES - 1]).toBeCloseTo(loudest - 2, 6)
    expect(extreme(Math.min)).toBeCloseTo(loudest - 2, 6)
  })

  test('makes digital silence, or nothing at all, one even value', () => {
    expect(new Set(logMel(new Float32Array(0)))).toEqual(new Set([-1.5]))
    expect(new Set(logMel(new Float32Array(WINDOW_SAMPLES)))).toEqual(new Set([-1.5]))
  })

  test('refuses more than 30 seconds', () => {
    expect(() => logMel(new Float32Array(WINDOW_SAMPLES + 1))).toThrow(/at most 480000 samples/)
  })

  test('is at least 100 times faster than real time', () => {
    const noise = Float32Array.from({ length: WINDOW_SAMPLES }, (_, i) => Math.sin(i * i) / 2)
    logMel(noise)
    const before = process.cpuUsage()
    logMel(noise)
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(0.3)
  })
})
