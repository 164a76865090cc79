import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { checkInterface, openModel } from './model-file.ts'
import { CHUNK_SAMPLES, type SpeechRange, SpeechRangeFinder } from './speech-ranges.ts'
import { SAMPLE_RATE, type WavFile } from './wav.ts'

/** Samples of the chunk before that the model wants in front of each chunk (Silero since v5). */
const CONTEXT_SAMPLES = 64
const STATE_SHAPE = [2, 1, 128]
/** Chunks read from disk at once: 4 s, 128 KiB. */
const READ_CHUNKS = 125

export interface RangeOptions {
  signal?: AbortSignal | undefined
  /** Called every 4 s of sound with how far the detector has listened, in samples. */
  onPosition?: ((sample: number) => void) | undefined
}

/**
 * Silero's voice detector, 16 kHz. `input` f32 [1, 64 + 512], `state` f32 [2, 1, 128], `sr` i64 →
 * `output` f32 [1, 1] (probability of speech), `stateN`. Without the 64 samples of context it
 * answers 0 on clear speech. 0.17 ms a chunk, so about 180 × real time.
 */
export class VoiceDetector {
  readonly #session: InferenceSession

  private constructor(session: InferenceSession) {
    this.#session = session
  }

  /** @throws PermanentError as `openModel` */
  static async load(file: string): Promise<VoiceDetector> {
    // The model is too small to gain from threads.
    const session = await openModel(file, 1)
    checkInterface(session, file, ['input', 'state', 'sr'], ['output', 'stateN'])
    return new VoiceDetector(session)
  }

  /** The ranges of speech of a recording, in order, found while it is read. */
  async *ranges(wav: WavFile, options: RangeOptions = {}): AsyncGenerator<SpeechRange> {
    const finder = new SpeechRangeFinder()
    const clip = (range: SpeechRange) => ({
      ...range,
      endSample: Math.min(range.endSample, wav.sampleCount),
    })
    for await (const { probability, energy } of this.#decisions(wav, options)) {
      const range = finder.push(probability, energy)
      if (range) yield clip(range)
    }
    const last = finder.end()
    if (last) yield clip(last)
  }

  async *#decisions(wav: WavFile, { signal, onPosition }: RangeOptions) {
    const block = new Float32Array(READ_CHUNKS * CHUNK_SAMPLES)
    const input = new Float32Array(CONTEXT_SAMPLES + CHUNK_SAMPLES)
    const rate = new Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE)), [])
    let state: Tensor = new Tensor('float32', new Float32Array(256), STATE_SHAPE)
    for (let position = 0; position < wav.sampleCount; position += block.length) {
      signal?.throwIfAborted()
      onPosition?.(position)
      const filled = await wav.read(position, block)
      block.fill(0, filled)
      for (let at = 0; at < filled; at += CHUNK_SAMPLES) {
        const chunk = block.subarray(at, at + CHUNK_SAMPLES)
        input.copyWithin(0, CHUNK_SAMPLES)
        input.set(chunk, CONTEXT_SAMPLES)
        const feeds = {
          input: new Tensor('float32', input, [1, input.length]),
          state,
          sr: rate,
        }
        const outputs = await this.#session.run(feeds)
        state = outputs.stateN!
        yield { probability: Number(outputs.output!.data[0]), energy: meanSquare(chunk) }
      }
    }
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}

function meanSquare(samples: Float32Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return sum / samples.length
}
