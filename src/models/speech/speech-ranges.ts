import { SAMPLE_RATE } from './wav.ts'

/** Samples one decision of the voice detector covers: 32 ms. */
export const CHUNK_SAMPLES = 512

/** A stretch of speech: samples of the recording, end exclusive. */
export interface SpeechRange {
  startSample: number
  endSample: number
}

// Onset, hysteresis and shortest speech are the defaults of snakers4/silero-vad `utils_vad.py`
// (get_speech_timestamps). Silence and padding are longer than its 100 and 30 ms: a pause inside a
// sentence helps Whisper, and a clipped first consonant costs it the word.
const ONSET = 0.5
const OFFSET = 0.35
const MIN_SPEECH_CHUNKS = chunks(0.25)
const MIN_SILENCE_CHUNKS = chunks(0.4)
const PAD_SAMPLES = 0.2 * SAMPLE_RATE
/** With padding on both sides a range stays well below the 30 s of a window. */
const MAX_CHUNKS = chunks(28)
/** A range that is too long is cut in this part of it, so that neither side is a splinter. */
const CUT_FROM = 0.5
const CUT_TO = 0.95
/** A cut looks for the quietest 160 ms. */
const CUT_WIDTH_CHUNKS = 5

/**
 * Turns the detector's decisions, one each 32 ms, into ranges of speech. Ranges are in order, do
 * not overlap, are padded by 0.2 s where silence allows, last 0.25–28.4 s, and are cut at the
 * quietest place when speech goes on for longer.
 */
export class SpeechRangeFinder {
  #chunk = 0
  /** First chunk of the open range; null while there is silence. */
  #start: number | null = null
  /** First chunk of the silence that may end the open range. */
  #silence: number | null = null
  /** The open range follows another without a gap, so it is not padded to the left. */
  #continued = false
  /** Mean square of each chunk of the open range. */
  #energies: number[] = []

  /** Takes the next chunk (probability 0–1, mean square of its samples); returns what it closed. */
  push(probability: number, energy: number): SpeechRange | null {
    const chunk = this.#chunk++
    if (this.#start === null) {
      if (probability < ONSET) return null
      this.#open(chunk, [energy], false)
      return null
    }
    this.#energies.push(energy)
    if (probability >= ONSET) this.#silence = null
    else if (probability < OFFSET) this.#silence ??= chunk
    if (this.#silence !== null && chunk + 1 - this.#silence >= MIN_SILENCE_CHUNKS) {
      return this.#close(this.#silence)
    }
    return chunk + 1 - this.#start >= MAX_CHUNKS ? this.#cut(this.#start) : null
  }

  /** The range still open at the end of the recording, or null. */
  end(): SpeechRange | null {
    return this.#start === null ? null : this.#close(this.#silence ?? this.#chunk)
  }

  #open(start: number, energies: number[], continued: boolean) {
    this.#start = start
    this.#energies = energies
    this.#continued = continued
    this.#silence = null
  }

  #close(end: number): SpeechRange | null {
    const start = this.#start ?? end
    const continued = this.#continued
    this.#start = null
    this.#silence = null
    this.#energies = []
    // What follows a cut belongs to speech that was long enough.
    if (!continued && end - start < MIN_SPEECH_CHUNKS) return null
    return {
      startSample: Math.max(0, start * CHUNK_SAMPLES - (continued ? 0 : PAD_SAMPLES)),
      endSample: end * CHUNK_SAMPLES + PAD_SAMPLES,
    }
  }

  #cut(start: number): SpeechRange {
    const at = quietestChunk(this.#energies)
    const range = {
      startSample: Math.max(0, start * CHUNK_SAMPLES - (this.#continued ? 0 : PAD_SAMPLES)),
      endSample: (start + at) * CHUNK_SAMPLES,
    }
    const silence = this.#silence
    this.#open(start + at, this.#energies.slice(at), true)
    // A silence that runs now began after the cut: it is too short yet to reach back to it.
    this.#silence = silence
    return range
  }
}

/** Middle of the quietest 160 ms in the part where a cut is allowed. */
function quietestChunk(energies: number[]): number {
  const from = Math.floor(energies.length * CUT_FROM)
  const to = Math.floor(energies.length * CUT_TO)
  let best = to
  let lowest = Number.POSITIVE_INFINITY
  for (let i = from; i + CUT_WIDTH_CHUNKS <= to; i++) {
    let sum = 0
    for (let k = 0; k < CUT_WIDTH_CHUNKS; k++) sum += energies[i + k]!
    if (sum < lowest) {
      lowest = sum
      best = i + Math.floor(CUT_WIDTH_CHUNKS / 2)
    }
  }
  return best
}

function chunks(seconds: number): number {
  return Math.round((seconds * SAMPLE_RATE) / CHUNK_SAMPLES)
}
