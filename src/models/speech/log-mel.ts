import { createPowerSpectrum } from './fft.ts'
import { melFilters } from './mel-filters.ts'
import { SAMPLE_RATE } from './wav.ts'

/** The encoder always takes 30 seconds. */
export const WINDOW_SECONDS = 30
export const WINDOW_SAMPLES = WINDOW_SECONDS * SAMPLE_RATE
/** Frames of a window, one each 10 ms. */
export const WINDOW_FRAMES = 3000

const FFT_SIZE = 400
const HOP = 160
const PAD = FFT_SIZE / 2

/**
 * A function from at most 30 s of samples (16 kHz, [-1, 1]) to Whisper's input: `melBins` × 3000
 * float32, row by row (row = mel bin), roughly -1 … 1.5. Missing samples are silence.
 *
 * 25 ms Hann window, 10 ms hop, edges reflected, log10 with a floor at the loudest minus 8,
 * (x + 4) / 4: openai/whisper `whisper/audio.py`. 30 s take about 60 ms.
 */
export function createLogMel(melBins: number): (samples: Float32Array) => Float32Array {
  const powerSpectrum = createPowerSpectrum(FFT_SIZE)
  const filters = melFilters(melBins, FFT_SIZE, SAMPLE_RATE)
  // Periodic Hann, as torch.hann_window makes it.
  const hann = Float64Array.from(
    { length: FFT_SIZE },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FFT_SIZE),
  )
  const frame = new Float64Array(FFT_SIZE)
  const power = new Float64Array(FFT_SIZE / 2 + 1)

  return (samples) => {
    const padded = withReflectedEdges(samples)
    const features = new Float32Array(melBins * WINDOW_FRAMES).fill(-10)
    const soundingFrames = Math.min(WINDOW_FRAMES, Math.ceil((samples.length + PAD) / HOP))
    let loudest = -10
    for (let t = 0; t < soundingFrames; t++) {
      for (let i = 0; i < FFT_SIZE; i++) frame[i] = padded[t * HOP + i]! * hann[i]!
      powerSpectrum(frame, power)
      for (let bin = 0; bin < melBins; bin++) {
        const { firstBin, weights } = filters[bin]!
        let energy = 0
        for (let i = 0; i < weights.length; i++) energy += weights[i]! * power[firstBin + i]!
        const value = Math.log10(Math.max(energy, 1e-10))
        features[bin * WINDOW_FRAMES + t] = value
        if (value > loudest) loudest = value
      }
    }
    const floor = loudest - 8
    for (let i = 0; i < features.length; i++) {
      features[i] = (Math.max(features[i]!, floor) + 4) / 4
    }
    return features
  }
}

/** The window with 200 samples mirrored at both ends (the edge sample itself is not repeated). */
function withReflectedEdges(samples: Float32Array): Float32Array {
  if (samples.length > WINDOW_SAMPLES) {
    throw new RangeError(`Expected at most ${WINDOW_SAMPLES} samples, got ${samples.length}`)
  }
  const padded = new Float32Array(PAD + WINDOW_SAMPLES + PAD)
  padded.set(samples, PAD)
  const end = PAD + WINDOW_SAMPLES - 1
  for (let i = 1; i <= PAD; i++) {
    padded[PAD - i] = padded[PAD + i]!
    padded[end + i] = padded[end - i]!
  }
  return padded
}
