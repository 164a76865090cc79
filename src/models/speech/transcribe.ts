import { planBatches } from './batches.ts'
import { decodeBatch, type SpeechParts } from './decode-batch.ts'
import type { SpeechResult } from './result.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { areNeighbours } from './timeline.ts'
import { Transcript } from './transcript.ts'
import { SAMPLE_RATE, type WavFile } from './wav.ts'
import { readWindowText } from './window-text.ts'
import type { SpeechWindow } from './windows.ts'

export interface TranscribeOptions {
  /** Times of words as well; only a model with cross-attentions gives them. */
  words?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Called with the seconds of the recording that are finished; never less than before. */
  onProgress?: ((seconds: number) => void) | undefined
}

/**
 * Which ranges may share a window, for the first, second and third time that speech is decoded: all,
 * then what is close together, then none. What failed in company is tried again in less of it.
 */
const COMPANY = [() => true, areNeighbours, () => false]

/**
 * Transcribes a recording of any length. Memory holds one batch of windows (8 × 30 s) and the text
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
  const workspace = parts.decoder.open()
  for (const [attempt, mayJoin] of COMPANY.entries()) {
    const again: SpeechRange[] = []
    const lastAttempt = attempt === COMPANY.length - 1
    for await (const batch of planBatches(ranges, mayJoin)) {
      const decoded = await decodeBatch(parts, workspace, wav, batch, {
        lastAttempt,
        words: options.words ?? false,
        signal: options.signal,
      })
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

async function* heard(
  ranges: AsyncIterable<SpeechRange>,
  onRange: (range: SpeechRange) => void,
): AsyncGenerator<SpeechRange> {
  for await (const range of ranges) {
    onRange(range)
    yield range
  }
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
