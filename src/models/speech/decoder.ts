import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { PermanentError } from '../../errors.ts'
import { checkInterface, openModel } from './model-file.ts'

/** Sizes that the decoder's caches have, from the model's `config.json`. */
export interface DecoderShape {
  layers: number
  heads: number
  headWidth: number
}

/** The next tokens' scores of a batch: call with one token per window, get one row per window. */
export interface DecoderRun {
  /** Logits [N][vocabulary] after the given tokens; the arrays are the caller's to overwrite. */
  step(tokens: readonly number[]): Promise<Float32Array[]>
}

/**
 * Whisper's merged decoder with growing caches, as optimum exports it: `input_ids` i64 [N, n],
 * `encoder_hidden_states` f32 [N, 1500, width], `past_key_values.<layer>.<decoder|encoder>.<key|value>`
 * f32 [N, heads, length, head width], `use_cache_branch` bool [1] → `logits` [N, n, vocabulary],
 * `present.*`. A step takes 4–6 ms at N = 1, 9–12 ms at N = 4, 14–18 ms at N = 8.
 */
export class SpeechDecoder {
  readonly #session: InferenceSession
  readonly #shape: DecoderShape

  private constructor(session: InferenceSession, shape: DecoderShape) {
    this.#session = session
    this.#shape = shape
  }

  /** @throws PermanentError as `openModel` */
  static async load(file: string, shape: DecoderShape, threads: number): Promise<SpeechDecoder> {
    const session = await openModel(file, threads)
    const caches = cacheNames(shape.layers)
    checkInterface(
      session,
      file,
      ['input_ids', 'encoder_hidden_states', 'use_cache_branch', ...caches.map(past)],
      ['logits', ...caches.map(present)],
    )
    checkShape(session, file, shape)
    return new SpeechDecoder(session, shape)
  }

  /** Starts on a batch of encoded windows, f32 [N, 1500, width]. Runs do not disturb each other. */
  start(encoded: Tensor): DecoderRun {
    const { layers, heads, headWidth } = this.#shape
    const batch = encoded.dims[0]!
    const caches = cacheNames(layers)
    const empty = new Tensor('float32', new Float32Array(0), [batch, heads, 0, headWidth])
    const feeds: Record<string, Tensor> = { encoder_hidden_states: encoded }
    for (const name of caches) feeds[past(name)] = empty
    let first = true
    return {
      step: async (tokens) => {
        feeds.input_ids = new Tensor('int64', BigInt64Array.from(tokens, BigInt), [batch, 1])
        feeds.use_cache_branch = new Tensor('bool', [!first], [1])
        const outputs = await this.#session.run(feeds)
        for (const name of caches) {
          // In the cached branch the encoder's caches come back empty: the first ones are kept.
          if (first || name.includes('.decoder.')) feeds[past(name)] = outputs[present(name)]!
        }
        first = false
        return rows(outputs.logits!, batch)
      },
    }
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}

/** The configuration must be of the same size of Whisper as the decoder. */
function checkShape(session: InferenceSession, file: string, shape: DecoderShape) {
  const caches = session.inputMetadata.filter(({ name }) => name.startsWith('past_key_values.'))
  const [first] = caches
  const dims = first?.isTensor ? first.shape : []
  const found = { layers: caches.length / 4, heads: dims[1], headWidth: dims[3] }
  const same = (['layers', 'heads', 'headWidth'] as const).every(
    // A size that the model leaves open comes as a name.
    (key) => typeof found[key] !== 'number' || found[key] === shape[key],
  )
  if (!same) {
    throw new PermanentError(
      'model-file-damaged',
      `The model file ${file} does not belong to its config.json: expected ${JSON.stringify(shape)}, got ${JSON.stringify(found)}. Install the model again.`,
    )
  }
}

function cacheNames(layers: number): string[] {
  return Array.from({ length: layers }, (_, layer) =>
    ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'].map(
      (part) => `${layer}.${part}`,
    ),
  ).flat()
}

function past(name: string): string {
  return `past_key_values.${name}`
}

function present(name: string): string {
  return `present.${name}`
}

function rows(logits: Tensor, batch: number): Float32Array[] {
  const data = logits.data as Float32Array
  const width = data.length / batch
  return Array.from({ length: batch }, (_, i) => data.subarray(i * width, (i + 1) * width))
}
