/** Models of a few kilobytes with the interfaces of the real ones, for clones without weights; long because there is one for each. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type {
  DetectorManifest,
  EmbeddingManifest,
  OpenVocabularyManifest,
} from '../../../src/models/manifest.ts'
import { COCO_CLASSES } from '../../../src/models/manifests/coco-classes.ts'
import { owlv2Base } from '../../../src/models/manifests/open-vocabulary.ts'
import { writeOnnx } from './onnx-file.ts'

/** Length of the tiny pair's vectors. */
export const TINY_DIMS = 8

/**
 * An image-text pair shaped as the LAION export: image batch free, text of one row of 77 int32.
 * An image's vector is its average colour spread over 8 numbers.
 */
export async function tinyPair(folder: string): Promise<EmbeddingManifest> {
  await mkdir(folder, { recursive: true })
  await writeOnnx(path.join(folder, 'image.onnx'), {
    inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, 224, 224] }],
    outputs: [{ name: 'embedding', type: 'float32', shape: ['N', TINY_DIMS] }],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['image'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['colour'], attributes: { axis: 1 } },
      { op: 'MatMul', inputs: ['colour', 'spread'], outputs: ['embedding'] },
    ],
    constants: { spread: { shape: [3, TINY_DIMS], values: waves(3 * TINY_DIMS) } },
  })
  await writeOnnx(path.join(folder, 'text.onnx'), {
    inputs: [{ name: 'text', type: 'int32', shape: [1, 77] }],
    outputs: [{ name: 'embedding', type: 'float32', shape: [1, TINY_DIMS] }],
    nodes: [
      { op: 'Cast', inputs: ['text'], outputs: ['numbers'], attributes: { to: 1 } },
      { op: 'Sin', inputs: ['numbers'], outputs: ['waves'] },
      { op: 'MatMul', inputs: ['waves', 'spread'], outputs: ['embedding'] },
    ],
    constants: { spread: { shape: [77, TINY_DIMS], values: waves(77 * TINY_DIMS) } },
  })
  await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(clipTokenizerJson()))
  return {
    name: 'tiny-pair',
    kind: 'image-text-embedding',
    revision: '1',
    licence: 'Apache-2.0',
    dims: TINY_DIMS,
    files: [
      part('image', 'image.onnx'),
      part('text', 'text.onnx'),
      part('tokenizer', 'tokenizer.json'),
    ],
    image: { input: 'image', output: 'embedding', size: 224, mean: [0, 0, 0], std: [1, 1, 1] },
    text: { ids: 'text', mask: null, output: 'embedding', maxTokens: 77, padId: 0 },
  }
}

/**
 * A detector shaped as Ultralytics' dynamic export that calls every reddish image one centred
 * bottle: its score is the average red, its box 40 % of the width and 20 % of the height of the
 * 640-pixel input.
 *
 * @param shape of the input: free batch by default; free sides take frames in their own aspect
 */
export async function tinyYolov8(
  folder: string,
  classes = COCO_CLASSES,
  shape: (number | string)[] = ['batch', 3, 640, 640],
): Promise<DetectorManifest> {
  await mkdir(folder, { recursive: true })
  const rows = 4 + classes.length
  const bottle = 4 + classes.indexOf('bottle')
  const weights = new Float32Array(rows * 3)
  weights[bottle * 3] = 1
  weights[bottle * 3 + 1] = -1
  const bias = new Float32Array(rows)
  bias.set([320, 320, 256, 128])
  await writeOnnx(path.join(folder, 'tiny-yolov8.onnx'), {
    inputs: [{ name: 'images', type: 'float32', shape }],
    outputs: [{ name: 'output0', type: 'float32', shape: [shape[0] ?? 1, rows, 'anchors'] }],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['images'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['colour'], attributes: { axis: 1 } },
      {
        op: 'Gemm',
        inputs: ['colour', 'weights', 'bias'],
        outputs: ['row'],
        attributes: { transB: 1 },
      },
      { op: 'Unsqueeze', inputs: ['row', 'last'], outputs: ['output0'] },
    ],
    constants: {
      weights: { shape: [rows, 3], values: weights },
      bias: { shape: [rows], values: bias },
      last: { shape: [1], values: [2], type: 'int64' },
    },
  })
  return detector('tiny-yolov8', 'yolov8', classes)
}

/** A detector shaped as the D-FINE export (batch 1) that sees one person in the top left quarter. */
export async function tinyDfine(folder: string): Promise<DetectorManifest> {
  await mkdir(folder, { recursive: true })
  const logits = new Float32Array(2 * COCO_CLASSES.length).fill(-5)
  logits[0] = 2
  await writeOnnx(path.join(folder, 'tiny-dfine.onnx'), {
    inputs: [{ name: 'pixel_values', type: 'float32', shape: [1, 3, 640, 640] }],
    outputs: [
      { name: 'logits', type: 'float32', shape: [1, 2, COCO_CLASSES.length] },
      { name: 'pred_boxes', type: 'float32', shape: [1, 2, 4] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['fixed_logits'], outputs: ['logits'] },
      { op: 'Identity', inputs: ['fixed_boxes'], outputs: ['pred_boxes'] },
    ],
    constants: {
      fixed_logits: { shape: [1, 2, COCO_CLASSES.length], values: logits },
      fixed_boxes: { shape: [1, 2, 4], values: [0.25, 0.25, 0.5, 0.5, 0.5, 0.5, 1, 1] },
    },
  })
  return detector('tiny-dfine', 'dfine', COCO_CLASSES)
}

/**
 * A detector shaped as D-FINE's own export, postprocessor and all, with a free batch: one person in
 * the top left quarter of what `orig_target_sizes` says, and a cup that is not sure enough.
 */
export async function tinyDfineOfAuthors(folder: string): Promise<DetectorManifest> {
  await mkdir(folder, { recursive: true })
  const zeros = (columns: number) => ({
    shape: [3, columns],
    values: new Float32Array(3 * columns),
  })
  await writeOnnx(path.join(folder, 'tiny-dfine-authors.onnx'), {
    inputs: [
      { name: 'images', type: 'float32', shape: ['N', 3, 640, 640] },
      { name: 'orig_target_sizes', type: 'int64', shape: ['N', 2] },
    ],
    outputs: [
      { name: 'labels', type: 'int64', shape: ['N', 2] },
      { name: 'boxes', type: 'float32', shape: ['N', 2, 4] },
      { name: 'scores', type: 'float32', shape: ['N', 2] },
    ],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['images'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['colour'], attributes: { axis: 1 } },
      { op: 'Gemm', inputs: ['colour', 'zeros', 'fixed_scores'], outputs: ['scores'] },
      { op: 'Gemm', inputs: ['colour', 'zeros', 'fixed_labels'], outputs: ['numbers'] },
      { op: 'Cast', inputs: ['numbers'], outputs: ['labels'], attributes: { to: 7 } },
      { op: 'Cast', inputs: ['orig_target_sizes'], outputs: ['size'], attributes: { to: 1 } },
      { op: 'Concat', inputs: ['size', 'size'], outputs: ['sides'], attributes: { axis: 1 } },
      { op: 'Unsqueeze', inputs: ['sides', 'middle'], outputs: ['rows'] },
      { op: 'Mul', inputs: ['rows', 'shares'], outputs: ['boxes'] },
    ],
    constants: {
      zeros: zeros(2),
      fixed_scores: { shape: [2], values: [0.9, 0.29] },
      fixed_labels: { shape: [2], values: [0, COCO_CLASSES.indexOf('cup')] },
      middle: { shape: [1], values: [1], type: 'int64' },
      shares: { shape: [1, 2, 4], values: [0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1] },
    },
  })
  return detector('tiny-dfine-authors', 'auto', COCO_CLASSES)
}

/**
 * A detector shaped as Megvii's export of YOLOX that sees one bottle in a box of two by three cells of
 * the finest grid, in column 3 and row 2.
 *
 * @param side of the input in pixels: 416 for nano and tiny, 640 for s
 */
export async function tinyYolox(folder: string, side: 416 | 640): Promise<DetectorManifest> {
  await mkdir(folder, { recursive: true })
  const rows = 5 + COCO_CLASSES.length
  const cells = [8, 16, 32].reduce((sum, stride) => sum + (side / stride) ** 2, 0)
  const values = new Float32Array(cells * rows)
  const cell = 2 * (side / 8) + 3
  values.set([0.5, 0.5, Math.log(2), Math.log(3), 0.9], cell * rows)
  values[cell * rows + 5 + COCO_CLASSES.indexOf('bottle')] = 0.8
  const name = `tiny-yolox-${side}`
  await writeOnnx(path.join(folder, `${name}.onnx`), {
    inputs: [{ name: 'images', type: 'float32', shape: [1, 3, side, side] }],
    outputs: [{ name: 'output', type: 'float32', shape: [1, cells, rows] }],
    nodes: [{ op: 'Identity', inputs: ['fixed'], outputs: ['output'] }],
    constants: { fixed: { shape: [1, cells, rows], values } },
  })
  return detector(name, 'yolox', COCO_CLASSES)
}

/**
 * An open-vocabulary detector with OWLv2's interface and two boxes. The first is the middle half of a
 * 16:9 picture and is a dog when a text has the word: its logit is 3 for such a text and -3 for others,
 * plus the mean of the normalised red. The second is never sure enough.
 */
export async function tinyOwl(folder: string): Promise<OpenVocabularyManifest> {
  await mkdir(folder, { recursive: true })
  await writeOnnx(path.join(folder, 'tiny-owl.onnx'), {
    inputs: [
      { name: 'input_ids', type: 'int64', shape: ['words', 'tokens'] },
      { name: 'pixel_values', type: 'float32', shape: ['N', 3, 'height', 'width'] },
      { name: 'attention_mask', type: 'int64', shape: ['words', 'tokens'] },
    ],
    outputs: [
      { name: 'logits', type: 'float32', shape: ['N', 2, 'words'] },
      { name: 'pred_boxes', type: 'float32', shape: [1, 2, 4] },
    ],
    nodes: [
      { op: 'Mul', inputs: ['input_ids', 'attention_mask'], outputs: ['tokens'] },
      { op: 'Equal', inputs: ['tokens', 'dog'], outputs: ['is_dog'] },
      { op: 'Cast', inputs: ['is_dog'], outputs: ['dogs'], attributes: { to: 1 } },
      { op: 'MatMul', inputs: ['dogs', 'six'], outputs: ['by_text'] },
      { op: 'Reshape', inputs: ['by_text', 'row'], outputs: ['by_word'] },
      { op: 'GlobalAveragePool', inputs: ['pixel_values'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['colour'], attributes: { axis: 1 } },
      { op: 'MatMul', inputs: ['colour', 'red'], outputs: ['redness'] },
      { op: 'Add', inputs: ['by_word', 'bias'], outputs: ['plain'] },
      { op: 'Add', inputs: ['plain', 'redness'], outputs: ['logits'] },
      { op: 'Identity', inputs: ['fixed_boxes'], outputs: ['pred_boxes'] },
    ],
    constants: {
      // `dog</w>` in the tokenizer below.
      dog: { shape: [1], values: [18], type: 'int64' },
      six: { shape: [16, 1], values: new Float32Array(16).fill(6) },
      row: { shape: [3], values: [1, 1, -1], type: 'int64' },
      red: { shape: [3, 1], values: [1, 0, 0] },
      bias: { shape: [1, 2, 1], values: [-3, -20] },
      fixed_boxes: {
        shape: [1, 2, 4],
        values: [0.5, 0.28125, 0.5, 0.28125, 0.5, 0.5, 1, 1],
      },
    },
  })
  await writeFile(path.join(folder, 'tiny-owl.json'), JSON.stringify(clipTokenizerJson()))
  return {
    ...owlv2Base,
    name: 'tiny-owl',
    files: [part('model', 'tiny-owl.onnx'), part('tokenizer', 'tiny-owl.json')],
  }
}

/** CLIP's tokenizer with a vocabulary of a dozen pieces: same steps, same special tokens. */
export function clipTokenizerJson(): object {
  const pieces = ['a', 'd', 'g', 'o', 'o</w>', 'g</w>', 'a</w>', 'do', 'dog</w>', '!</w>', '!']
  const vocab = Object.fromEntries(pieces.map((piece, index) => [piece, index + 10]))
  const special = { '<|startoftext|>': 49_406, '<|endoftext|>': 49_407 }
  const split = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(special).map(([content, id]) => ({
      ...{ id, content, special: true },
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: split }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['<|endoftext|>', special['<|endoftext|>']],
      cls: ['<|startoftext|>', special['<|startoftext|>']],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
    model: {
      ...{ type: 'BPE', dropout: null, unk_token: '<|endoftext|>', fuse_unk: false },
      ...{ continuing_subword_prefix: '', end_of_word_suffix: '</w>' },
      vocab: { ...vocab, ...special },
      merges: ['d o', 'do g</w>'],
    },
  }
}

function detector(
  name: string,
  family: DetectorManifest['family'],
  classes: string[],
): DetectorManifest {
  return {
    ...{
      name,
      kind: 'detector',
      revision: '1',
      licence: 'Apache-2.0',
      dims: null,
      family,
      classes,
    },
    files: [part('model', `${name}.onnx`)],
  }
}

function part<Role extends string>(role: Role, file: string) {
  return { role, path: file, url: null, mirrors: [], bytes: null, sha256: null }
}

function waves(count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.sin(index * 1.7))
}
