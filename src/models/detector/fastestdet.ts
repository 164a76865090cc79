import { type DetectorFamily, outputFault } from './family.ts'
import type { Candidate } from './nms.ts'

/** Objectness, x, y, width, height; the class scores follow. */
const BOX_VALUES = 5

/**
 * FastestDet as its author exports it: pixels BGR 0–1 stretched to the input; output
 * [N, 5 + classes, rows, columns], one box a cell. Objectness and classes are between 0 and 1
 * already; the centre is the cell plus tanh, the size a sigmoid, both as shares of the image
 * (dog-qiuqiu/FastestDet, utils/tool.py `handle_preds`, whose score, the product of objectness and
 * class, and overlap limit are used).
 */
export const fastestdet: DetectorFamily = {
  name: 'fastestdet',
  layout: { placement: 'stretch', channels: 'bgr', pad: 0, scale: 1 / 255 },
  maxOverlap: 0.45,
  stride: 32,
  defaultSide: 352,
  matches(outputs, classes) {
    const [output] = outputs
    return outputs.length === 1 && output?.shape.length === 4 && output.shape[1] === 5 + classes
  },
  decode(outputs, input, minConfidence) {
    const [output] = Object.values(outputs)
    const [images = 0, values = 0, rows = 0, columns = 0] = output?.dims ?? []
    if (!output || rows * columns === 0 || values <= BOX_VALUES) {
      throw outputFault('fastestdet', '[N, 5 + classes, rows, columns]', output?.dims ?? [])
    }
    const plane = rows * columns
    return Array.from({ length: images }, (_, image) => {
      const start = image * values * plane
      const at = (value: number, cell: number) => output.data[start + value * plane + cell] ?? 0
      const found: Candidate[] = []
      for (let cell = 0; cell < plane; cell++) {
        const objectness = at(0, cell)
        if (!(objectness >= minConfidence)) continue
        let classIndex = 0
        let best = 0
        for (let index = 0; index < values - BOX_VALUES; index++) {
          const score = at(BOX_VALUES + index, cell)
          if (score > best) {
            best = score
            classIndex = index
          }
        }
        const confidence = objectness * best
        if (!(confidence >= minConfidence)) continue
        const x = ((cell % columns) + Math.tanh(at(1, cell))) / columns
        const y = (Math.floor(cell / columns) + Math.tanh(at(2, cell))) / rows
        const halfWidth = sigmoid(at(3, cell)) / 2
        const halfHeight = sigmoid(at(4, cell)) / 2
        found.push({
          x1: (x - halfWidth) * input.width,
          y1: (y - halfHeight) * input.height,
          x2: (x + halfWidth) * input.width,
          y2: (y + halfHeight) * input.height,
          confidence,
          classIndex,
        })
      }
      return found
    })
  },
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
