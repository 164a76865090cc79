/** One triangle: its weights over the spectrum bins from `firstBin` on. */
export interface MelFilter {
  firstBin: number
  weights: Float64Array
}

/**
 * `count` triangular filters, evenly spaced on Slaney's mel scale from 0 to half the sample rate
 * (Hz), each scaled to unit area, for spectra of `fftSize / 2 + 1` bins. The bank Whisper was
 * trained with: openai/whisper `whisper/audio.py` names it as librosa's default, which follows
 * M. Slaney, "Auditory Toolbox" (1998), mfcc.m.
 */
export function melFilters(count: number, fftSize: number, sampleRate: number): MelFilter[] {
  const bins = fftSize / 2 + 1
  const topMel = hertzToMel(sampleRate / 2)
  const edges = Array.from({ length: count + 2 }, (_, i) => melToHertz((topMel * i) / (count + 1)))
  return Array.from({ length: count }, (_, i) => {
    const [low, centre, high] = [edges[i]!, edges[i + 1]!, edges[i + 2]!]
    const dense = Array.from({ length: bins }, (_, bin) => {
      const hertz = (bin * sampleRate) / fftSize
      const height = Math.min((hertz - low) / (centre - low), (high - hertz) / (high - centre))
      return (Math.max(0, height) * 2) / (high - low)
    })
    const firstBin = Math.max(
      0,
      dense.findIndex((weight) => weight > 0),
    )
    const lastBin = dense.findLastIndex((weight) => weight > 0)
    return { firstBin, weights: Float64Array.from(dense.slice(firstBin, lastBin + 1)) }
  })
}

// The scale is linear below 1 kHz (200/3 Hz a mel) and logarithmic above (27 mels for a factor 6.4).
const HERTZ_PER_MEL = 200 / 3
const BREAK_HERTZ = 1000
const BREAK_MEL = BREAK_HERTZ / HERTZ_PER_MEL
const LOG_STEP = Math.log(6.4) / 27

function hertzToMel(hertz: number): number {
  return hertz < BREAK_HERTZ
    ? hertz / HERTZ_PER_MEL
    : BREAK_MEL + Math.log(hertz / BREAK_HERTZ) / LOG_STEP
}

function melToHertz(mel: number): number {
  return mel < BREAK_MEL
    ? mel * HERTZ_PER_MEL
    : BREAK_HERTZ * Math.exp(LOG_STEP * (mel - BREAK_MEL))
}
