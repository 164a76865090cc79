import { Tensor } from 'onnxruntime-node'
import { type LetterboxOptions, letterbox } from '../../media/images.ts'
import type { OpenVocabularyManifest } from '../manifest.ts'
import {
  floatOutput,
  integerTensor,
  type OpenSession,
  openSession,
  type Session,
  tensorInfos,
} from '../onnx.ts'
import { TextTokens } from '../text-tokens.ts'
import { appearanceOf } from './appearance.ts'
import type { Detection } from './detector.ts'
import { type OutputTensor, outputFault } from './family.ts'
import type { Candidate } from './nms.ts'
import { type PreparedFrame, toDetections } from './onnx-detector.ts'

/** An image in its square, RGB 0–1. */
export type PreparedSquare = PreparedFrame

/**
 * Boxes of one word may not cover each other more than this. The authors suppress nothing, but then
 * each object comes several times; the value is that of their search by example.
 */
const MAX_OVERLAP = 0.3

/** Beside and below the picture the square is black, as Hugging Face pads it. */
const LAYOUT: Omit<LetterboxOptions, 'width' | 'height'> = {
  placement: 'top-left',
  channels: 'rgb',
  pad: 0,
  scale: 1 / 255,
}

/** A detector that is given words (OWLv2): each of its boxes has a score for each word. */
export class OpenVocabularyDetector {
  readonly #manifest: OpenVocabularyManifest
  readonly #session: Session
  readonly #tokens: TextTokens

  private constructor(manifest: OpenVocabularyManifest, session: Session, tokens: TextTokens) {
    this.#manifest = manifest
    this.#session = session
    this.#tokens = tokens
  }

  /** @throws PermanentError `model-unreadable` */
  static async load(
    manifest: OpenVocabularyManifest,
    files: { model: string; tokenizer: string },
    threads: number,
    open: OpenSession = openSession,
  ): Promise<OpenVocabularyDetector> {
    const { maxTokens, padId } = manifest.text
    const tokens = await TextTokens.load(files.tokenizer, maxTokens, padId)
    return new OpenVocabularyDetector(manifest, await open(files.model, threads), tokens)
  }

  /** @throws PermanentError `image-unreadable` */
  async prepare(file: string): Promise<PreparedSquare> {
    const { size } = this.#manifest.image
    const square = { width: size, height: size }
    return { ...square, ...(await letterbox(file, { ...LAYOUT, ...square })) }
  }

  /**
   * @param words at least one; a label of what is found is one of them
   * @returns most confident first
   * @throws PermanentError `model-output-wrong`
   */
  async run(frame: PreparedSquare, words: readonly string[]): Promise<Detection[]> {
    const { output, minConfidence } = this.#manifest
    const results = await this.#session.run({ ...this.#image(frame), ...this.#texts(words) })
    const candidates = decodeWords(
      floatOutput(results, output.logits),
      floatOutput(results, output.boxes),
      { words: words.length, side: frame.width, minConfidence },
    )
    return toDetections(candidates, frame.box, { maxOverlap: MAX_OVERLAP }, words).map((found) => ({
      ...found,
      appearance: appearanceOf(found, frame.tensor, frame, LAYOUT),
    }))
  }

  async dispose(): Promise<void> {
    await this.#session.release()
  }

  #image({ tensor, width, height }: PreparedSquare): Record<string, Tensor> {
    const { input, mean, std } = this.#manifest.image
    const plane = width * height
    const values = new Float32Array(tensor.length)
    for (let channel = 0; channel < 3; channel++) {
      const [middle, spread] = [mean[channel] ?? 0, std[channel] ?? 1]
      for (let at = channel * plane; at < (channel + 1) * plane; at++) {
        values[at] = ((tensor[at] ?? 0) - middle) / spread
      }
    }
    return { [input]: new Tensor('float32', values, [1, 3, height, width]) }
  }

  #texts(words: readonly string[]): Record<string, Tensor> {
    const { ids, mask, maxTokens, template } = this.#manifest.text
    const texts = words.map((word) => template.replace('{}', () => word))
    const batch = this.#tokens.batch(texts, maxTokens)
    const types = new Map(
      tensorInfos(this.#session.inputMetadata).map(({ name, type }) => [name, type]),
    )
    const shape = [batch.rows, batch.length]
    return {
      [ids]: integerTensor(types.get(ids) ?? 'int64', batch.ids, shape),
      [mask]: integerTensor(types.get(mask) ?? 'int64', batch.mask, shape),
    }
  }
}

/**
 * Boxes in the square's pixels: for each the word with the highest score, when the sigmoid of that
 * reaches the least confidence (`post_process_object_detection` of OWLv2 in Hugging Face transformers).
 *
 * @param logits [1, boxes, words]
 * @param boxes [1, boxes, 4], centre and size as shares of the square
 * @throws PermanentError `model-output-wrong`
 */
export function decodeWords(
  logits: OutputTensor,
  boxes: OutputTensor,
  { words, side, minConfidence }: { words: number; side: number; minConfidence: number },
): Candidate[] {
  const count = boxes.data.length / 4
  if (boxes.dims.at(-1) !== 4 || logits.data.length !== count * words) {
    throw outputFault('owlv2', `logits [1, ${count}, ${words}] and boxes [1, n, 4]`, logits.dims)
  }
  const found: Candidate[] = []
  for (let row = 0; row < count; row++) {
    let classIndex = 0
    let best = Number.NEGATIVE_INFINITY
    for (let word = 0; word < words; word++) {
      const logit = logits.data[row * words + word] ?? Number.NEGATIVE_INFINITY
      if (logit > best) {
        best = logit
        classIndex = word
      }
    }
    const confidence = 1 / (1 + Math.exp(-best))
    if (!(confidence >= minConfidence)) continue
    const [x = 0, y = 0, w = 0, h = 0] = boxes.data.subarray(row * 4, row * 4 + 4)
    found.push({
      x1: (x - w / 2) * side,
      y1: (y - h / 2) * side,
      x2: (x + w / 2) * side,
      y2: (y + h / 2) * side,
      confidence,
      classIndex,
    })
  }
  return found
}
