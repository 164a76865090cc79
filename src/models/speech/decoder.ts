import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { PermanentError } from '../../errors.ts'
import { checkInterface, openModel } from './model-file.ts'

/** Sizes that the decoder's caches have, from the model's `config.json`. */
export interface DecoderShape {
  layers: number
  heads: number
  headWidth: number
  /** [layer, head] of the heads that follow the sound, from `generation_config.json`. */
  alignmentHeads: readonly (readonly [number, number])[]
}

/** The next tokens' scores of a batch: call with one token per window, get one row per window. */
export interface DecoderRun {
  /**
   * Logits [N][vocabulary] after the given tokens. The arrays are the caller's to overwrite until
   * the next step, which writes into the same memory.
   */
  step(tokens: readonly number[]): Promise<Float32Array[]>
  /**
   * Attention of the last step's row to the sound, after the softmax, by the heads that follow it:
   * [alignmentHeads][1500], flat and the caller's. Empty for a model that does not give it.
   */
  attention(row: number): Float32Array
  /** Goes on with these rows only (ascending): the others cost nothing any more. */
  keep(rows: readonly number[]): void
}

/** Memory for one run after the other: a run must be over before the next one starts. */
export interface DecoderWorkspace {
  /** Heads in a row of attention; 0 for a model that gives none. */
  readonly alignmentHeads: number
  /** Starts on a batch of encoded windows, f32 [N, 1500, width]; `keep` overwrites them. */
  start(encoded: Tensor): DecoderRun
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

  /**
   * Memory for runs in turn. The runtime writes into it: outputs that it makes itself are copied
   * once more, and 0.3 GB a batch of garbage cost a tenth of the time.
   */
  open(): DecoderWorkspace {
    const buffers = new Map<string, Float32Array>()
    const session = this.#session
    const caches = cacheNames(this.#shape.layers)
    const tensor = (key: string, dims: number[]) => {
      const size = dims.reduce((product, dim) => product * dim, 1)
      let buffer = buffers.get(key)
      if (!buffer || buffer.length < size) {
        buffer = new Float32Array(size)
        buffers.set(key, buffer)
      }
      return new Tensor('float32', buffer.subarray(0, size), dims)
    }
    const alignment = this.#alignment()
    return {
      alignmentHeads: alignment.length,
      start: (encoded) => startRun(session, this.#shape, caches, alignment, encoded, tensor),
    }
  }

  /** The heads that follow the sound; none when the export leaves out the attention. */
  #alignment() {
    const { alignmentHeads } = this.#shape
    const given = alignmentHeads.every(([layer]) =>
      this.#session.outputNames.includes(crossAttention(layer)),
    )
    return given ? alignmentHeads : []
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}

/** A tensor of these dimensions in the memory known by this key; what was in it is lost. */
type Allocate = (key: string, dims: number[]) => Tensor

/** The decoder's own caches grow by a token a step, so their memory is taken for this many more. */
const GROWTH_TOKENS = 64

function startRun(
  session: InferenceSession,
  { heads, headWidth }: DecoderShape,
  caches: readonly string[],
  alignment: readonly (readonly [number, number])[],
  encoded: Tensor,
  allocate: Allocate,
): DecoderRun {
  let batch = encoded.dims[0]!
  let length = 0
  let width = 0
  /** Where the last step left a row's attention: the outputs, and the row in them. */
  let attended: { outputs: InferenceSession.ReturnType; row: number }[] = []
  const frames = encoded.dims[1]!
  const feeds: Record<string, Tensor> = {
    encoder_hidden_states: encoded,
    use_cache_branch: new Tensor('bool', [true], [1]),
  }

  /** A growing cache is written beside the one it is read from. */
  const grown = (name: string) => {
    const key = `${name} ${length % 2}`
    const reserved = Math.ceil((length + 1) / GROWTH_TOKENS) * GROWTH_TOKENS
    const { data } = allocate(key, [batch, heads, reserved, headWidth])
    const size = batch * heads * (length + 1) * headWidth
    const part = (data as Float32Array).subarray(0, size)
    return new Tensor('float32', part, [batch, heads, length + 1, headWidth])
  }
  /**
   * The first step makes the caches of the sound, 37 MB a window and as much again on the way there:
   * window by window, so that only one of them is on its way. A window's sound is then quantised by
   * itself as well, and its text does not depend on its company.
   */
  const begin = async (tokens: readonly number[]) => {
    const whole = new Map(
      caches.map((name) => [
        name,
        name.includes('.decoder.')
          ? grown(name)
          : allocate(name, [batch, heads, frames, headWidth]),
      ]),
    )
    const single = new Tensor('float32', new Float32Array(0), [1, heads, 0, headWidth])
    const logits: Float32Array[] = []
    for (const [row, token] of tokens.entries()) {
      const inputs: Record<string, Tensor> = {
        input_ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
        encoder_hidden_states: rowOf(encoded, row),
        use_cache_branch: new Tensor('bool', [false], [1]),
      }
      const fetches: Record<string, Tensor | null> = { logits: null }
      for (const [layer] of alignment) fetches[crossAttention(layer)] = null
      for (const name of caches) {
        inputs[past(name)] = single
        fetches[present(name)] = rowOf(whole.get(name)!, row)
      }
      const made = await session.run(inputs, fetches)
      logits.push(made.logits!.data as Float32Array)
      attended[row] = { outputs: made, row: 0 }
    }
    for (const [name, tensor] of whole) feeds[past(name)] = tensor
    return logits
  }

  return {
    async step(tokens) {
      if (length === 0) {
        const logits = await begin(tokens)
        length = 1
        width = logits[0]!.length
        return logits
      }
      feeds.input_ids = new Tensor('int64', BigInt64Array.from(tokens, BigInt), [batch, 1])
      // The caches of the sound stay as they are, and come back empty.
      const written = caches.filter((name) => name.includes('.decoder.'))
      const fetches: Record<string, Tensor | null> = {
        logits: allocate('logits', [batch, 1, width]),
      }
      for (const name of written) fetches[present(name)] = grown(name)
      for (const [layer] of alignment) fetches[crossAttention(layer)] = null
      const outputs = await session.run(feeds, fetches)
      attended = tokens.map((_, row) => ({ outputs, row }))
      for (const name of written) feeds[past(name)] = outputs[present(name)]!
      length++
      return rows(outputs.logits!, batch)
    },
    attention(row) {
      const joined = new Float32Array(alignment.length * frames)
      alignment.forEach(([layer, head], i) => {
        const last = attended[row]!
        const weights = last.outputs[crossAttention(layer)]!.data as Float32Array
        const from = (last.row * heads + head) * frames
        joined.set(weights.subarray(from, from + frames), i * frames)
      })
      return joined
    },
    keep(kept) {
      batch = kept.length
      for (const name of ['encoder_hidden_states', ...caches.map(past)]) {
        feeds[name] = keepRows(feeds[name]!, kept)
      }
    },
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
      `The model file ${file} does not belong to its config.json: expected ${JSON.stringify({ ...shape, alignmentHeads: undefined })}, got ${JSON.stringify(found)}. Install the model again.`,
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

/** As optimum names it when a model is exported with `output_attentions`: f32 [N, heads, n, 1500]. */
function crossAttention(layer: number): string {
  return `cross_attentions.${layer}`
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

/** One row of a tensor [N, …] as [1, …], in the same memory. */
function rowOf(tensor: Tensor, row: number): Tensor {
  const width = tensor.size / tensor.dims[0]!
  const data = (tensor.data as Float32Array).subarray(row * width, (row + 1) * width)
  return new Tensor('float32', data, [1, ...tensor.dims.slice(1)])
}

/** Some rows of a tensor [N, …], moved to its front. */
function keepRows(tensor: Tensor, kept: readonly number[]): Tensor {
  const data = tensor.data as Float32Array
  const width = data.length / tensor.dims[0]!
  kept.forEach((row, to) => {
    if (row !== to) data.copyWithin(to * width, row * width, (row + 1) * width)
  })
  const dims = [kept.length, ...tensor.dims.slice(1)]
  return new Tensor('float32', data.subarray(0, kept.length * width), dims)
}
