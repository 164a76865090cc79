/** Each family's decoding, on output tensors worked out by hand. */
import { describe, expect, it } from 'vitest'
import { placeImage } from '../../../src/media/images.ts'
import { dfine } from '../../../src/models/detector/dfine.ts'
import { fastestdet } from '../../../src/models/detector/fastestdet.ts'
import { inputSize, toDetections } from '../../../src/models/detector/onnx-detector.ts'
import { yolov8 } from '../../../src/models/detector/yolov8.ts'
import { yolox } from '../../../src/models/detector/yolox.ts'

const CLASSES = ['person', 'bottle', 'laptop']
const float = (shape: number[]) => ({
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  dims: shape,
})

describe('yolox', () => {
  const input = { width: 64, height: 64 }
  // 8 x 8 + 4 x 4 + 2 x 2 cells of 64 pixels.
  const CELLS = 84
  const ROW = 8

  it('reads a cell of each grid: offset plus cell, times stride; exp of the size, times stride', () => {
    const output = float([1, CELLS, ROW])
    // Stride 8, column 3, row 2: cell 2 * 8 + 3.
    output.data.set([0.5, 0.25, Math.log(2), Math.log(3), 0.9, 0, 0.8, 0.1], 19 * ROW)
    // Stride 16, column 1, row 3: cell 64 + 3 * 4 + 1.
    output.data.set([0, 0, 0, 0, 1, 0.7, 0, 0], 77 * ROW)
    // Stride 32, the last cell.
    output.data.set([0, 0, 0, 0, 0.5, 0.1, 0.2, 1], 83 * ROW)
    const [found = []] = yolox.decode({ output }, input, 0.3)
    expect(found).toHaveLength(3)
    expect(found[0]).toMatchObject({ classIndex: 1 })
    expect(found[0]?.confidence).toBeCloseTo(0.72, 5)
    expect(found[0]?.x1).toBeCloseTo(3.5 * 8 - 8, 4)
    expect(found[0]?.x2).toBeCloseTo(3.5 * 8 + 8, 4)
    expect(found[0]?.y1).toBeCloseTo(2.25 * 8 - 12, 4)
    expect(found[0]?.y2).toBeCloseTo(2.25 * 8 + 12, 4)
    expect(found[1]).toMatchObject({ x1: 8, y1: 40, x2: 24, y2: 56, classIndex: 0 })
    expect(found[2]).toMatchObject({ x1: 16, y1: 16, x2: 48, y2: 48, classIndex: 2 })
  })

  it('multiplies objectness and class: 0.5 of 0.5 stays below 0.3', () => {
    const output = float([1, CELLS, ROW])
    output.data.set([0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5], 0)
    expect(yolox.decode({ output }, input, 0.3)).toEqual([[]])
  })

  it('keeps the images of a batch apart', () => {
    const output = float([2, CELLS, ROW])
    output.data.set([0, 0, 0, 0, 1, 1, 0, 0], (CELLS + 5) * ROW)
    const [first, second] = yolox.decode({ output }, input, 0.3)
    expect(first).toEqual([])
    expect(second).toHaveLength(1)
  })

  it('is known by 5 + classes values per cell', () => {
    const shape = (last: number) => [
      { name: 'o', type: 'float32' as const, shape: [1, null, last] },
    ]
    expect(yolox.matches(shape(85), 80)).toBe(true)
    expect(yolox.matches(shape(84), 80)).toBe(false)
  })
})

describe('yolov8', () => {
  /** [images, 4 + classes, anchors] with one anchor filled. */
  function output(anchors: number, anchor: number, values: number[], image = 0, images = 1) {
    const tensor = float([images, 4 + CLASSES.length, anchors])
    for (const [row, value] of values.entries()) {
      tensor.data[(image * (4 + CLASSES.length) + row) * anchors + anchor] = value
    }
    return tensor
  }
  const input = { width: 640, height: 640 }

  it('reads an anchor down its column: centre and size in pixels, best class score', () => {
    const output0 = output(8400, 4321, [320, 200, 100, 60, 0.1, 0.85, 0.2])
    const [found = []] = yolov8.decode({ output0 }, input, 0.3)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ x1: 270, y1: 170, x2: 370, y2: 230, classIndex: 1 })
    expect(found[0]?.confidence).toBeCloseTo(0.85, 6)
  })

  it('takes a score of 0.3 and leaves one of 0.29', () => {
    const at = output(10, 0, [10, 10, 4, 4, 0, 0, 0.30001])
    const below = output(10, 0, [10, 10, 4, 4, 0, 0, 0.29])
    expect(yolov8.decode({ at }, input, 0.3)[0]).toHaveLength(1)
    expect(yolov8.decode({ below }, input, 0.3)[0]).toHaveLength(0)
  })

  it('keeps the images of a batch apart', () => {
    const output0 = output(100, 99, [10, 10, 4, 4, 1, 0, 0], 15, 16)
    const found = yolov8.decode({ output0 }, input, 0.3)
    expect(found.map((boxes) => boxes.length)).toEqual([...new Array(15).fill(0), 1])
  })

  it('puts a box of a 1280 x 720 frame back where it was', () => {
    const box = placeImage({ width: 1280, height: 720 }, { ...input, placement: 'centre' })
    // The frame covers rows 140–500; this box is its lower right quarter.
    const output0 = output(8400, 7, [480, 410, 320, 180, 0, 0, 0.5])
    const [found = []] = yolov8.decode({ output0 }, input, 0.3)
    expect(toDetections(found, box, yolov8, CLASSES)).toEqual([
      { label: 'laptop', confidence: 0.5, x: 0.5, y: 0.5, w: 0.5, h: 0.5 },
    ])
  })

  it('clips a box at the frame and drops one that lies in the grey bar', () => {
    const box = placeImage({ width: 1280, height: 720 }, { ...input, placement: 'centre' })
    const at = (y1: number, y2: number) => ({
      ...{ x1: -20, x2: 320, y1, y2, confidence: 0.9, classIndex: 0 },
    })
    expect(toDetections([at(100, 320)], box, yolov8, CLASSES)).toEqual([
      { label: 'person', confidence: 0.9, x: 0, y: 0, w: 0.5, h: 0.5 },
    ])
    expect(toDetections([at(10, 130)], box, yolov8, CLASSES)).toEqual([])
  })

  it('is known by 4 + classes rows, whatever the number of anchors', () => {
    const shape = [{ name: 'output0', type: 'float32' as const, shape: [null, 84, null] }]
    expect(yolov8.matches(shape, 80)).toBe(true)
    expect(yolox.matches(shape, 80)).toBe(false)
  })

  it('with free sides takes 384 x 640 for 16:9, else the size of the model', () => {
    const free = { shape: [null, 3, null, null] }
    expect(inputSize(free, yolov8, { width: 1280, height: 720 })).toEqual({
      width: 640,
      height: 384,
    })
    expect(inputSize(free, yolov8, { width: 720, height: 1280 })).toEqual({
      width: 384,
      height: 640,
    })
    expect(inputSize(free, yolov8, { width: 5000, height: 10 })).toEqual({ width: 640, height: 32 })
    const fixed = { shape: [1, 3, 416, 416] }
    expect(inputSize(fixed, yolov8, { width: 1280, height: 720 })).toEqual({
      width: 416,
      height: 416,
    })
  })
})

describe('dfine', () => {
  it('takes the sigmoid of the best logit and boxes as shares of the image', () => {
    const logits = float([1, 2, 3])
    logits.data.set([-4, 1.5, -2, -5, -5, -5])
    const pred_boxes = float([1, 2, 4])
    pred_boxes.data.set([0.5, 0.25, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1])
    const [found = []] = dfine.decode({ logits, pred_boxes }, { width: 640, height: 640 }, 0.3)
    expect(found).toHaveLength(1)
    expect(found[0]?.confidence).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 6)
    const box = placeImage(
      { width: 1920, height: 1080 },
      { width: 640, height: 640, placement: 'stretch' },
    )
    expect(toDetections(found, box, dfine, CLASSES)).toEqual([
      { label: 'bottle', confidence: found[0]?.confidence, x: 0.25, y: 0, w: 0.5, h: 0.5 },
    ])
  })

  it('gives every class of a query that is sure enough, as the postprocessor of its authors does', () => {
    const logits = float([1, 1, 3])
    logits.data.set([0, -0.8, -0.9])
    const pred_boxes = float([1, 1, 4])
    pred_boxes.data.set([0.5, 0.5, 0.2, 0.2])
    const [found = []] = dfine.decode({ logits, pred_boxes }, { width: 640, height: 640 }, 0.3)
    expect(found.map(({ classIndex }) => classIndex)).toEqual([0, 1])
    expect(toDetections(found, WHOLE, dfine, CLASSES).map(({ label }) => label)).toEqual([
      'person',
      'bottle',
    ])
  })

  it("reads its authors' export: corners in the pixels that were fed, labels as numbers", () => {
    const labels = { data: Float32Array.of(2, 0), dims: [1, 2] }
    const boxes = { data: Float32Array.of(0, 320, 320, 640, 1, 1, 2, 2), dims: [1, 2, 4] }
    const scores = { data: Float32Array.of(0.5, 0.2), dims: [1, 2] }
    const [found = []] = dfine.decode({ labels, boxes, scores }, { width: 640, height: 640 }, 0.3)
    expect(toDetections(found, WHOLE, dfine, CLASSES)).toEqual([
      { label: 'laptop', confidence: 0.5, x: 0, y: 0.5, w: 0.5, h: 0.5 },
    ])
  })
})

/** A 1920 x 1080 frame stretched over 640 x 640. */
const WHOLE = placeImage(
  { width: 1920, height: 1080 },
  { width: 640, height: 640, placement: 'stretch' },
)

describe('fastestdet', () => {
  const input = { width: 352, height: 352 }

  it('reads a cell: tanh of the offset plus the cell, sigmoid of the size, objectness times class', () => {
    const output = float([1, 8, 22, 22])
    const cell = 11 * 22 + 4
    const values = [0.9, Math.atanh(0.5), Math.atanh(-0.5), 0, Math.log(1 / 3), 0.1, 0.8, 0.1]
    for (const [index, value] of values.entries()) output.data[index * 484 + cell] = value
    const [found = []] = fastestdet.decode({ output }, input, 0.3)
    expect(found).toHaveLength(1)
    const [box] = toDetections(found, WHOLE_SMALL, fastestdet, CLASSES)
    expect(box?.label).toBe('bottle')
    expect(box?.confidence).toBeCloseTo(0.72, 6)
    expect(box?.x).toBe(0)
    expect((box?.x ?? 0) + (box?.w ?? 0)).toBeCloseTo(4.5 / 22 + 0.25, 6)
    expect(box?.y).toBeCloseTo(10.5 / 22 - 0.125, 6)
    expect(box?.h).toBeCloseTo(0.25, 6)
  })

  it('is known by 5 + classes planes', () => {
    const shape = [{ name: 'o', type: 'float32' as const, shape: [1, 85, 22, 22] }]
    expect(fastestdet.matches(shape, 80)).toBe(true)
    expect(yolox.matches(shape, 80)).toBe(false)
  })
})

const WHOLE_SMALL = placeImage(
  { width: 640, height: 480 },
  { width: 352, height: 352, placement: 'stretch' },
)

describe('an output that is not what it should be', () => {
  const input = { width: 64, height: 64 }
  it.each([
    ['yolox', yolox, { output: float([1, 83, 8]) }],
    ['yolov8', yolov8, { output0: float([1, 7, 0]) }],
    ['dfine', dfine, { logits: float([1, 3, 3]), pred_boxes: float([1, 2, 4]) }],
    ['dfine', dfine, { logits: float([1, 3, 3]) }],
    ['fastestdet', fastestdet, { output: float([1, 8, 22]) }],
  ])('%s refuses a wrong shape', (name, family, outputs) => {
    const decode = () => family.decode(outputs as never, input, 0.3)
    expect(decode).toThrow(expect.objectContaining({ code: 'model-output-wrong' }))
    expect(decode).toThrow(name)
  })

  it.each([
    ['yolox', yolox, { output: float([1, 84, 8]) }],
    ['yolov8', yolov8, { output0: float([1, 7, 84]) }],
    ['dfine', dfine, { logits: float([1, 3, 3]), pred_boxes: float([1, 3, 4]) }],
    ['fastestdet', fastestdet, { output: float([1, 8, 2, 2]) }],
  ])('%s makes no box of what is no number', (_, family, outputs) => {
    for (const output of Object.values(outputs)) output.data.fill(Number.NaN)
    expect(family.decode(outputs as never, input, 0.3)).toEqual([[]])
  })
})
