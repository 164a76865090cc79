import { Tensor } from 'onnxruntime-node'
import { PermanentError } from '../errors.ts'
import { clipTensor } from '../media/images.ts'
import type { EmbeddingManifest, FileRole } from './manifest.ts'
import {
  floatOutput,
  integerTensor,
  type OpenSession,
  openSession,
  type Session,
  type TensorInfo,
  type TensorValue,
  tensorInfos,
} from './onnx.ts'
import { TextTokens } from './text-tokens.ts'

/** Absolute path by role, as `ResolvedModel.files`. */
export type ModelFiles = Partial<Record<FileRole, string>>

/** What gives images their vectors. */
export interface Images {
  /** Decodes images; see `ImageTower.prepare`. */
  prepare(files: readonly string[]): Promise<Float32Array[]>
  /** Vectors of length 1, float32 [N * dims]; see `ImageTower.run`. */
  run(pixels: readonly Float32Array[]): Promise<Float32Array>
  dispose(): Promise<void>
}

/** The image side of an image-text model: 224 x 224 pixels to a vector. */
export class ImageTower implements Images {
  readonly #session: Session
  readonly #manifest: EmbeddingManifest

  private constructor(session: Session, manifest: EmbeddingManifest) {
    this.#session = session
    this.#manifest = manifest
  }

  /** @throws PermanentError `model-unreadable` */
  static async load(
    manifest: EmbeddingManifest,
    files: ModelFiles,
    threads: number,
    open: OpenSession = openSession,
  ): Promise<ImageTower> {
    return new ImageTower(await open(requiredFile(files, 'image'), threads), manifest)
  }

  /**
   * Decodes images in the thread pool; start it for the next batch while this one runs.
   *
   * @returns one float32 [3, size, size] each
   * @throws PermanentError `image-unreadable`
   */
  prepare(files: readonly string[]): Promise<Float32Array[]> {
    return Promise.all(files.map((file) => clipTensor(file, this.#manifest.image)))
  }

  /**
   * @param pixels what `prepare` gave, one or more
   * @returns float32 [N * dims], each vector of length 1
   * @throws PermanentError `model-output-wrong`
   */
  async run(pixels: readonly Float32Array[]): Promise<Float32Array> {
    const { image, dims, name } = this.#manifest
    const input = inputNamed(this.#session, image.input)
    const perRun = input.shape[0] ?? pixels.length
    const vectors = new Float32Array(pixels.length * dims)
    for (let start = 0; start < pixels.length; start += perRun) {
      const part = pixels.slice(start, start + perRun)
      const size = 3 * image.size * image.size
      const packed = new Float32Array(perRun * size)
      for (const [index, tensor] of part.entries()) packed.set(tensor, index * size)
      const feed = new Tensor('float32', packed, [perRun, 3, image.size, image.size])
      const outputs = await this.#session.run({ [image.input]: feed })
      const data = vectorsOf(outputs, image.output, [perRun, dims], name)
      vectors.set(data.subarray(0, part.length * dims), start * dims)
    }
    return normalised(vectors, dims, name)
  }

  async dispose(): Promise<void> {
    await this.#session.release()
  }
}

/** The text side of an image-text model. */
export class TextTower {
  readonly #session: Session
  readonly #tokens: TextTokens
  readonly #manifest: EmbeddingManifest

  private constructor(session: Session, tokens: TextTokens, manifest: EmbeddingManifest) {
    this.#session = session
    this.#tokens = tokens
    this.#manifest = manifest
  }

  /** @throws PermanentError `model-unreadable` */
  static async load(
    manifest: EmbeddingManifest,
    files: ModelFiles,
    threads: number,
  ): Promise<TextTower> {
    const { maxTokens, padId } = manifest.text
    const tokens = await TextTokens.load(requiredFile(files, 'tokenizer'), maxTokens, padId)
    return new TextTower(await openSession(requiredFile(files, 'text'), threads), tokens, manifest)
  }

  /**
   * @returns float32 [N * dims], each vector of length 1
   * @throws PermanentError `model-output-wrong`
   */
  async run(texts: readonly string[]): Promise<Float32Array> {
    const { text, dims, name } = this.#manifest
    const input = inputNamed(this.#session, text.ids)
    const [fixedRows, fixedLength] = input.shape
    const perRun = fixedRows ?? texts.length
    const vectors = new Float32Array(texts.length * dims)
    for (let start = 0; start < texts.length; start += perRun) {
      const part = texts.slice(start, start + perRun)
      const filled = [...part, ...new Array<string>(perRun - part.length).fill('')]
      const batch = this.#tokens.batch(filled, fixedLength ?? null)
      const dimensions = [batch.rows, batch.length]
      const feeds = { [text.ids]: integerTensor(input.type, batch.ids, dimensions) }
      if (text.mask) feeds[text.mask] = integerTensor(input.type, batch.mask, dimensions)
      const outputs = await this.#session.run(feeds)
      const data = vectorsOf(outputs, text.output, [perRun, dims], name)
      vectors.set(data.subarray(0, part.length * dims), start * dims)
    }
    return normalised(vectors, dims, name)
  }

  async dispose(): Promise<void> {
    await this.#session.release()
  }
}

/**
 * Scales each vector to length 1, in place.
 *
 * @throws PermanentError `model-output-wrong` for a vector of zeros or with a value that is no
 *   number: a broken file or a runtime fault, never to be stored
 */
export function normalised(vectors: Float32Array, dims: number, model: string): Float32Array {
  for (let start = 0; start < vectors.length; start += dims) {
    const vector = vectors.subarray(start, start + dims)
    let sum = 0
    for (const value of vector) sum += value * value
    const length = Math.sqrt(sum)
    if (!(length > 0) || !Number.isFinite(length)) {
      throw new PermanentError(
        'model-output-wrong',
        `Expected a vector of ${dims} numbers from ${model}, got one of length ${length}. Its files may be damaged: remove them and run \`forgeindex models pull\`.`,
      )
    }
    for (let index = 0; index < dims; index++) vector[index] = (vector[index] ?? 0) / length
  }
  return vectors
}

/** An output that must be [rows, dims]: of another shape, values would end up in other images' vectors. */
function vectorsOf(
  outputs: Readonly<Record<string, TensorValue>>,
  output: string,
  shape: [rows: number, dims: number],
  model: string,
): Float32Array {
  const { data, dims } = floatOutput(outputs, output)
  if (dims.length === 2 && dims[0] === shape[0] && dims[1] === shape[1]) return data
  throw new PermanentError(
    'model-output-wrong',
    `Expected [${shape}] numbers from ${model}'s output ${output}, got [${dims}]. Its manifest or its files are those of another model.`,
  )
}

function requiredFile(files: ModelFiles, role: FileRole): string {
  const file = files[role]
  if (!file) throw new PermanentError('model-missing', `The model's ${role} file is not installed.`)
  return file
}

function inputNamed(session: Session, name: string): TensorInfo {
  const inputs = tensorInfos(session.inputMetadata)
  const input = inputs.find((candidate) => candidate.name === name)
  if (input) return input
  throw new PermanentError(
    'model-input-wrong',
    `Expected the model to have an input ${name}, it has ${inputs.map((found) => found.name).join(', ')}. Check the manifest.`,
  )
}
