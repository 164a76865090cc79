import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { createLogMel, WINDOW_FRAMES } from './log-mel.ts'
import { checkInterface, openModel } from './model-file.ts'

/**
 * Whisper's encoder: `input_features` f32 [1, mel bins, 3000] → `last_hidden_state` f32
 * [1, 1500, width]. 0.28–0.37 s a window on two cores, whatever it holds; a batch is no faster and
 * takes more memory, so windows go one by one.
 */
export class SpeechEncoder {
  readonly #session: InferenceSession
  readonly #logMel: (samples: Float32Array) => Float32Array
  readonly #melBins: number

  private constructor(session: InferenceSession, melBins: number) {
    this.#session = session
    this.#melBins = melBins
    this.#logMel = createLogMel(melBins)
  }

  /** @throws PermanentError as `openModel` */
  static async load(file: string, melBins: number, threads: number): Promise<SpeechEncoder> {
    // Attention over 30 s needs 110 MiB in a few runs, long before the decoder's own peak.
    const session = await openModel(file, threads, false)
    checkInterface(session, file, ['input_features'], ['last_hidden_state'])
    return new SpeechEncoder(session, melBins)
  }

  /** Samples of at most 30 s (16 kHz, [-1, 1)) as the decoder wants them. */
  async encode(samples: Float32Array): Promise<Tensor> {
    const features = this.#logMel(samples)
    const shape = [1, this.#melBins, WINDOW_FRAMES]
    const outputs = await this.#session.run({
      input_features: new Tensor('float32', features, shape),
    })
    return outputs.last_hidden_state!
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}

/** Encoded windows [1, frames, width] as one batch [N, frames, width]. */
export function stack(encoded: readonly Tensor[]): Tensor {
  const [first] = encoded
  if (!first) throw new RangeError('Expected at least one encoded window, got none')
  if (encoded.length === 1) return first
  const data = new Float32Array(first.size * encoded.length)
  encoded.forEach((tensor, i) => {
    data.set(tensor.data as Float32Array, i * first.size)
  })
  return new Tensor('float32', data, [encoded.length, ...first.dims.slice(1)])
}
