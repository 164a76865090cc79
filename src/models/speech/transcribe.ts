import type { Tensor } from 'onnxruntime-node'
import { type DecodedWindow, decodeWindows } from './decode-windows.ts'
import type { SpeechDecoder } from './decoder.ts'
import { type SpeechEncoder, stack } from './encoder.ts'
import type { SpeechResult } from './result.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { areNeighbours } from './timeline.ts'
import { Transcript } from './transcript.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { VoiceDetector } from './voice-detector.ts'
import { SAMPLE_RATE, type WavFile } from './wav.ts'
import { readWindowText } from './window-text.ts'
import { packRanges, readWindow, type SpeechWindow } from './windows.ts'

/** The loaded parts of a speech model. */
export interface SpeechParts {
  detector: VoiceDetector
  encoder: SpeechEncoder
  decoder: SpeechDecoder
  vocabulary: Vocabulary
  /** Most tokens a window may yield. */
  maxTokens: number
}

export interface TranscribeOptions {
  signal?: AbortSignal | undefined
  /** Called with the seconds of the recording that are finished; never less than before. */
  onProgress?: ((seconds: number) => void) | undefined
}

/** Windows decoded together: four take 1.6 times as long as one, eight need twice the memory. */
const BATCH_WINDOWS = 4

/**
 * A language less probable than this is tried against the runner-up, and the likelier text wins: on
 * a short English clip that begins as Danish (0.38 to 0.24) the means are -0.80 and -0.45.
 */
const SURE_LANGUAGE = 0.5

/** A little less than the window, so that the last timestamp fits. */
const CAPACITY_SAMPLES = 29.5 * SAMPLE_RATE

/**
 * Which ranges may share a window, for the first, second and third time that speech is decoded: all,
 * then what is close together, then none. What failed in company is tried again in less of it.
 */
const COMPANY = [() => true, areNeighbours, () => false]

/**
 * Transcribes a recording of any length. Memory holds one batch of windows (4 × 30 s) and the text
 * so far.
 */
export async function transcribe(
  parts: SpeechParts,
  wav: WavFile,
  options: TranscribeOptions = {},
): Promise<SpeechResult> {
  const transcript = new Transcript(wav.sampleCount / SAMPLE_RATE)
  const progress = createProgress(options.onProgress)
  let ranges: AsyncIterable<SpeechRange> | Iterable<SpeechRange> = heard(
    parts.detector.ranges(wav, { signal: options.signal, onPosition: progress.listened }),
    (range) => {
      transcript.addSpeech(range)
      progress.found(range)
    },
  )
  for (const [attempt, mayJoin] of COMPANY.entries()) {
    const again: SpeechRange[] = []
    const lastAttempt = attempt === COMPANY.length - 1
    for await (const batch of batches(packRanges(ranges, CAPACITY_SAMPLES, mayJoin))) {
      const decoded = await decodeBatch(parts, wav, batch, options.signal)
      batch.forEach((window, i) => {
        const text = readWindowText(decoded[i]!, window, parts.vocabulary, { lastAttempt })
        transcript.add(text)
        again.push(...text.again)
      })
      if (attempt === 0) progress.finished(batch)
    }
    if (again.length === 0) break
    ranges = again
  }
  progress.end(wav)
  return transcript.result()
}

async function decodeBatch(
  parts: SpeechParts,
  wav: WavFile,
  batch: readonly SpeechWindow[],
  signal: AbortSignal | undefined,
): Promise<DecodedWindow[]> {
  const encoded: Tensor[] = []
  for (const window of batch) {
    signal?.throwIfAborted()
    encoded.push(await parts.encoder.encode(await readWindow(wav, window)))
  }
  const { decoder, vocabulary, maxTokens } = parts
  const decoded = await decodeWindows(decoder, vocabulary, stack(encoded), { maxTokens, signal })
  const doubtful = decoded.flatMap((window, i) => {
    const { runnerUp, languageProbability } = window
    return runnerUp && languageProbability < SURE_LANGUAGE ? [{ i, language: runnerUp }] : []
  })
  if (doubtful.length === 0) return decoded
  const others = await decodeWindows(
    decoder,
    vocabulary,
    stack(doubtful.map(({ i }) => encoded[i]!)),
    { maxTokens, languages: doubtful.map(({ language }) => language), signal },
  )
  others.forEach((other, k) => {
    const { i } = doubtful[k]!
    if (other.avgLogProb > decoded[i]!.avgLogProb) decoded[i] = other
  })
  return decoded
}

async function* heard(
  ranges: AsyncIterable<SpeechRange>,
  onRange: (range: SpeechRange) => void,
): AsyncGenerator<SpeechRange> {
  for await (const range of ranges) {
    onRange(range)
    yield range
  }
}

async function* batches(windows: AsyncIterable<SpeechWindow>): AsyncGenerator<SpeechWindow[]> {
  let batch: SpeechWindow[] = []
  for await (const window of windows) {
    batch.push(window)
    if (batch.length === BATCH_WINDOWS) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** Finished is what was decoded, and silence that was listened to with no speech waiting before. */
function createProgress(report: ((seconds: number) => void) | undefined) {
  let waiting = 0
  let reported = 0
  const tell = (sample: number) => {
    const seconds = sample / SAMPLE_RATE
    if (seconds <= reported) return
    reported = seconds
    report?.(seconds)
  }
  return {
    listened: (sample: number) => {
      if (waiting === 0) tell(sample)
    },
    found: (_: SpeechRange) => {
      waiting++
    },
    finished: (batch: readonly SpeechWindow[]) => {
      for (const window of batch) waiting -= window.pieces.length
      const last = batch.at(-1)?.pieces.at(-1)
      if (last) tell(last.endSample)
    },
    end: (wav: WavFile) => {
      tell(wav.sampleCount)
    },
  }
}
