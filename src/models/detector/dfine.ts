import type { DetectorFamily, OutputTensor } from './family.ts'
import type { Candidate } from './nms.ts'

/**
 * D-FINE (and RT-DETR) as exported for transformers.js: pixels RGB 0–1 stretched to the input;
 * outputs `logits` [N, queries, classes] and `pred_boxes` [N, queries, 4] as centre and size,
 * shares of the image. One query finds one object, so nothing is suppressed.
 */
export const dfine: DetectorFamily = {
  name: 'dfine',
  layout: { placement: 'stretch', channels: 'rgb', pad: 0, scale: 1 / 255 },
  maxOverlap: 1,
  stride: 32,
  defaultSide: 640,
  matches(outputs, classes) {
    return (
      outputs.some((output) => output.name === 'logits' && output.shape.at(-1) === classes) &&
      outputs.some((output) => output.name === 'pred_boxes')
    )
  },
  decode(outputs, input, minConfidence) {
    const { logits, pred_boxes: boxes } = outputs
    if (!logits || !boxes) return []
    const [images = 0, queries = 0] = logits.dims
    return Array.from({ length: images }, (_, image) =>
      Array.from({ length: queries }, (_, query) => image * queries + query).flatMap((row) => {
        const found = decodeQuery(logits, boxes, row)
        if (found.confidence < minConfidence) return []
        return {
          ...found,
          x1: found.x1 * input.width,
          x2: found.x2 * input.width,
          y1: found.y1 * input.height,
          y2: found.y2 * input.height,
        }
      }),
    )
  },
}

function decodeQuery(logits: OutputTensor, boxes: OutputTensor, row: number): Candidate {
  const classes = logits.dims.at(-1) ?? 0
  let classIndex = 0
  let best = Number.NEGATIVE_INFINITY
  for (let index = 0; index < classes; index++) {
    const logit = logits.data[row * classes + index] ?? Number.NEGATIVE_INFINITY
    if (logit > best) {
      best = logit
      classIndex = index
    }
  }
  const [x = 0, y = 0, w = 0, h = 0] = boxes.data.subarray(row * 4, row * 4 + 4)
  return {
    x1: x - w / 2,
    y1: y - h / 2,
    x2: x + w / 2,
    y2: y + h / 2,
    confidence: 1 / (1 + Math.exp(-best)),
    classIndex,
  }
}
