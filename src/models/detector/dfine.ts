import { type DetectorFamily, type InputSize, type OutputTensor, outputFault } from './family.ts'
import type { Candidate } from './nms.ts'

/** Centre x, y, width, height. */
const BOX_VALUES = 4

/**
 * D-FINE and RT-DETR: pixels RGB 0–1 stretched to the input (`T.Resize((640, 640))` in D-FINE,
 * tools/inference/onnx_inf.py). Queries compete within the model, so nothing is suppressed.
 *
 * Two exports are read. That for transformers.js gives `logits` [N, queries, classes] and
 * `pred_boxes` [N, queries, 4] as centre and size, shares of the image; a score is the sigmoid of a
 * logit, and each class of a query stands for itself, as in the authors' own postprocessor (top of
 * queries times classes). That of the authors (tools/deployment/export_onnx.py) ends in the
 * postprocessor: `labels`, `boxes` (corners in the pixels of `orig_target_sizes`, which is fed the
 * input's own size) and `scores`, one each per query.
 */
export const dfine: DetectorFamily = {
  name: 'dfine',
  layout: { placement: 'stretch', channels: 'rgb', pad: 0, scale: 1 / 255 },
  maxOverlap: 1,
  stride: 32,
  defaultSide: 640,
  matches(outputs, classes) {
    const has = (name: string) => outputs.some((output) => output.name === name)
    return (
      (has('pred_boxes') &&
        outputs.some((output) => output.name === 'logits' && output.shape.at(-1) === classes)) ||
      (has('labels') && has('boxes') && has('scores'))
    )
  },
  decode(outputs, input, minConfidence) {
    const { logits, pred_boxes, labels, boxes, scores } = outputs
    if (logits && pred_boxes) return decodeQueries(logits, pred_boxes, input, minConfidence)
    if (labels && boxes && scores) return decodeFinished(labels, boxes, scores, minConfidence)
    throw outputFault('dfine', 'logits and pred_boxes, or labels, boxes and scores', [])
  },
}

function decodeQueries(
  logits: OutputTensor,
  boxes: OutputTensor,
  input: InputSize,
  minConfidence: number,
): Candidate[][] {
  const [images = 0, queries = 0, classes = 0] = logits.dims
  if (boxes.data.length !== images * queries * BOX_VALUES) {
    throw outputFault('dfine', `pred_boxes [${images}, ${queries}, 4]`, boxes.dims)
  }
  // Where the sigmoid reaches the least confidence.
  const minLogit = Math.log(minConfidence / (1 - minConfidence))
  return Array.from({ length: images }, (_, image) => {
    const found: Candidate[] = []
    for (let row = image * queries; row < (image + 1) * queries; row++) {
      for (let classIndex = 0; classIndex < classes; classIndex++) {
        const logit = logits.data[row * classes + classIndex] ?? Number.NEGATIVE_INFINITY
        if (!(logit >= minLogit)) continue
        const [x = 0, y = 0, w = 0, h = 0] = boxes.data.subarray(row * 4, row * 4 + 4)
        found.push({
          x1: (x - w / 2) * input.width,
          y1: (y - h / 2) * input.height,
          x2: (x + w / 2) * input.width,
          y2: (y + h / 2) * input.height,
          confidence: 1 / (1 + Math.exp(-logit)),
          classIndex,
        })
      }
    }
    return found
  })
}

function decodeFinished(
  labels: OutputTensor,
  boxes: OutputTensor,
  scores: OutputTensor,
  minConfidence: number,
): Candidate[][] {
  const [images = 0, queries = 0] = scores.dims
  if (boxes.data.length !== images * queries * BOX_VALUES) {
    throw outputFault('dfine', `boxes [${images}, ${queries}, 4]`, boxes.dims)
  }
  return Array.from({ length: images }, (_, image) => {
    const found: Candidate[] = []
    for (let row = image * queries; row < (image + 1) * queries; row++) {
      const confidence = scores.data[row] ?? 0
      if (!(confidence >= minConfidence)) continue
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.data.subarray(row * 4, row * 4 + 4)
      found.push({ x1, y1, x2, y2, confidence, classIndex: labels.data[row] ?? -1 })
    }
    return found
  })
}
