import { type DetectorFamily, type InputSize, type OutputTensor, outputFault } from './family.ts'
import type { Candidate } from './nms.ts'

/** The three grids of a YOLOX head, finest first (YOLOX, demo/ONNXRuntime). */
const STRIDES = [8, 16, 32]
/** Centre x, y, width, height, objectness; the class scores follow. */
const BOX_VALUES = 5

/**
 * YOLOX as Megvii exports it: pixels BGR 0–255 at the top left on grey 114; output
 * [N, cells, 5 + classes] in grid units, objectness and class scores already between 0 and 1.
 * The overlap limit is that of its own demo (demo/ONNXRuntime/onnx_inference.py), held within each
 * class as `postprocess` of its evaluation does. Nano and tiny take 416, s and larger 640 pixels.
 */
export const yolox: DetectorFamily = {
  name: 'yolox',
  layout: { placement: 'top-left', channels: 'bgr', pad: 114, scale: 1 },
  maxOverlap: 0.45,
  stride: 32,
  defaultSide: 416,
  matches(outputs, classes) {
    const [output] = outputs
    return outputs.length === 1 && output?.shape.length === 3 && output.shape[2] === 5 + classes
  },
  decode(outputs, input, minConfidence) {
    const [output] = Object.values(outputs)
    const [images = 0, cells = 0, values = 0] = output?.dims ?? []
    const expected = STRIDES.reduce(
      (sum, stride) => sum + Math.floor(input.width / stride) * Math.floor(input.height / stride),
      0,
    )
    if (!output || cells !== expected || values <= BOX_VALUES) {
      throw outputFault('yolox', `[N, ${expected}, 5 + classes]`, output?.dims ?? [])
    }
    return Array.from({ length: images }, (_, image) =>
      decodeImage(output, image, input, minConfidence),
    )
  },
}

function decodeImage(
  output: OutputTensor,
  image: number,
  input: InputSize,
  minConfidence: number,
): Candidate[] {
  const { data, dims } = output
  const [, cells = 0, values = 0] = dims
  const found: Candidate[] = []
  let row = image * cells * values
  for (const stride of STRIDES) {
    const columns = Math.floor(input.width / stride)
    const rows = Math.floor(input.height / stride)
    for (let cell = 0; cell < columns * rows; cell++, row += values) {
      const objectness = data[row + 4] ?? 0
      if (!(objectness >= minConfidence)) continue
      let classIndex = 0
      let best = 0
      for (let index = 0; index < values - BOX_VALUES; index++) {
        const score = data[row + BOX_VALUES + index] ?? 0
        if (score > best) {
          best = score
          classIndex = index
        }
      }
      const confidence = objectness * best
      if (!(confidence >= minConfidence)) continue
      const centreX = ((data[row] ?? 0) + (cell % columns)) * stride
      const centreY = ((data[row + 1] ?? 0) + Math.floor(cell / columns)) * stride
      const halfWidth = (Math.exp(data[row + 2] ?? 0) * stride) / 2
      const halfHeight = (Math.exp(data[row + 3] ?? 0) * stride) / 2
      found.push({
        x1: centreX - halfWidth,
        y1: centreY - halfHeight,
        x2: centreX + halfWidth,
        y2: centreY + halfHeight,
        confidence,
        classIndex,
      })
    }
  }
  return found
}
