import path from 'node:path'
import type { EmbeddingManifest } from '../../../src/models/manifest.ts'
import { randomFrom } from '../../support/random.ts'
import { writeOnnx } from './onnx-file.ts'

const SIZE = 16
const PIXELS = 3 * SIZE * SIZE
const HIDDEN = 256
export const PERCEPTRON_DIMS = 64
const BLOCK = 32

/**
 * An image side whose weights are all in matrix products: 3 x 16 x 16 numbers, 256 hidden ones, 64.
 *
 * @param loudEvery one hidden number in so many is a thousand times larger than its like and counts for
 *   a thousandth of it: no network of 32-bit numbers minds, and what shares its scale in 8 bits is lost
 * @param alone whether the 31 numbers beside a large one do not count
 */
export async function tinyPerceptron(
  folder: string,
  { loudEvery = HIDDEN + 1, alone = false } = {},
): Promise<{ manifest: EmbeddingManifest; files: { image: string } }> {
  const random = randomFrom(7)
  const matrix = (length: number) => Float32Array.from({ length }, () => heavyTailed(random))
  const first = matrix(PIXELS * HIDDEN)
  const second = matrix(PERCEPTRON_DIMS * HIDDEN)
  for (let hidden = loudEvery - 1; hidden < HIDDEN; hidden += loudEvery) {
    const start = Math.floor(hidden / BLOCK) * BLOCK
    for (let beside = start; alone && beside < start + BLOCK; beside++) {
      if (beside === hidden) continue
      for (let row = 0; row < PERCEPTRON_DIMS; row++) second[row * HIDDEN + beside] = 0
    }
    for (let row = 0; row < PIXELS; row++) first[row * HIDDEN + hidden]! *= 1000
    for (let row = 0; row < PERCEPTRON_DIMS; row++) second[row * HIDDEN + hidden]! /= 1000
  }
  const image = await writeOnnx(path.join(folder, 'perceptron.onnx'), {
    inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, SIZE, SIZE] }],
    outputs: [{ name: 'embedding', type: 'float32', shape: ['N', PERCEPTRON_DIMS] }],
    nodes: [
      { op: 'Flatten', inputs: ['image'], outputs: ['flat'], attributes: { axis: 1 } },
      { op: 'MatMul', inputs: ['flat', 'first'], outputs: ['hidden'] },
      { op: 'Relu', inputs: ['hidden'], outputs: ['active'] },
      {
        op: 'Gemm',
        inputs: ['active', 'second', 'bias'],
        outputs: ['embedding'],
        attributes: { transB: 1 },
      },
    ],
    constants: {
      first: { shape: [PIXELS, HIDDEN], values: first },
      second: { shape: [PERCEPTRON_DIMS, HIDDEN], values: second },
      bias: { shape: [PERCEPTRON_DIMS], values: matrix(PERCEPTRON_DIMS) },
    },
  })
  const manifest: EmbeddingManifest = {
    name: 'tiny-perceptron',
    kind: 'image-text-embedding',
    revision: '1',
    licence: 'Apache-2.0',
    dims: PERCEPTRON_DIMS,
    files: [
      { role: 'image', path: 'perceptron.onnx', mirrors: [], bytes: null, sha256: null, url: null },
    ],
    image: { input: 'image', output: 'embedding', size: SIZE, mean: [0, 0, 0], std: [1, 1, 1] },
    text: { ids: 'text', mask: null, output: 'embedding', maxTokens: 77, padId: 0 },
  }
  return { manifest, files: { image } }
}

/** Pictures as they go into the network, each unlike the others. */
export function perceptronPictures(count: number, seed = 1): Float32Array[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: PIXELS }, () => heavyTailed(random)),
  )
}

/**
 * Mostly small, as weights are: two neighbours that are both large overflow the 8-bit product of
 * processors without VNNI, which is what the comparison is for, and not what is tested.
 */
function heavyTailed(random: () => number): number {
  return (2 * random() - 1) ** 3
}
