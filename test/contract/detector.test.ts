import { rename } from 'node:fs/promises'
import path from 'node:path'
import { it } from 'vitest'
import { loadDetector } from '../../src/models/detector/onnx-detector.ts'
import { BY_HAND, fastestDet, yoloxNano } from '../../src/models/manifests/detectors.ts'
import { plainJpeg } from '../models/support/pictures.ts'
import {
  tinyDfine,
  tinyDfineOfAuthors,
  tinyYolov8,
  tinyYolox,
} from '../models/support/tiny-models.ts'
import { testData } from '../support/test-data.ts'
import { detectorContract } from './detector.ts'

detectorContract('YOLOv8, an export of our own with a free batch', async (folder) => {
  const manifest = await tinyYolov8(folder)
  const red = await plainJpeg(path.join(folder, 'red.jpg'), { r: 255, g: 0, b: 0 })
  const wide = { width: 640, height: 160 }
  const pale = await plainJpeg(path.join(folder, 'pale.jpg'), { r: 255, g: 50, b: 20 }, wide)
  return {
    detector: await loadDetector(manifest, path.join(folder, 'tiny-yolov8.onnx'), 2),
    known: [
      { file: red, labels: ['bottle'] },
      { file: pale, labels: [] },
    ],
  }
})

detectorContract('D-FINE, an export of our own with batch 1', async (folder) => {
  const manifest = await tinyDfine(folder)
  const grey = await plainJpeg(path.join(folder, 'grey.jpg'), { r: 90, g: 90, b: 90 })
  return {
    detector: await loadDetector(manifest, path.join(folder, 'tiny-dfine.onnx'), 2),
    known: [{ file: grey, labels: ['person'] }],
  }
})

/** The manifest of a known detector, its file replaced by a graph of the same interface. */
async function standIn(folder: string, name: string, made: string) {
  const manifest = BY_HAND.find((known) => known.name === name)
  if (!manifest) throw new Error(`There is no detector ${name}.`)
  const file = path.join(folder, manifest.files[0]?.path ?? '')
  await rename(path.join(folder, `${made}.onnx`), file)
  return loadDetector(manifest, file, 2)
}

for (const [name, shape] of [
  ['yolov8s', ['batch', 3, 'height', 'width']],
  ['yolo11n', [1, 3, 640, 640]],
] as const) {
  detectorContract(`${name}, a graph of its interface [${shape}]`, async (folder) => {
    await tinyYolov8(folder, undefined, [...shape])
    const red = await plainJpeg(path.join(folder, 'red.jpg'), { r: 255, g: 0, b: 0 })
    return {
      detector: await standIn(folder, name, 'tiny-yolov8'),
      known: [{ file: red, labels: ['bottle'] }],
    }
  })
}

for (const [name, side] of [
  ['yolox-tiny', 416],
  ['yolox-s', 640],
] as const) {
  detectorContract(`${name}, a graph of its interface`, async (folder) => {
    await tinyYolox(folder, side)
    const grey = await plainJpeg(path.join(folder, 'grey.jpg'), { r: 90, g: 90, b: 90 })
    return {
      detector: await standIn(folder, name, `tiny-yolox-${side}`),
      known: [{ file: grey, labels: ['bottle'] }],
    }
  })
}

detectorContract("dfine-small, a graph of its authors' export", async (folder) => {
  await tinyDfineOfAuthors(folder)
  const grey = await plainJpeg(path.join(folder, 'grey.jpg'), { r: 90, g: 90, b: 90 })
  return {
    detector: await standIn(folder, 'dfine-small', 'tiny-dfine-authors'),
    known: [{ file: grey, labels: ['person'] }],
  }
})

detectorContract('rtdetr-r18, a graph of its interface', async (folder) => {
  await tinyDfine(folder)
  const grey = await plainJpeg(path.join(folder, 'grey.jpg'), { r: 90, g: 90, b: 90 })
  return {
    detector: await standIn(folder, 'rtdetr-r18', 'tiny-dfine'),
    known: [{ file: grey, labels: ['person'] }],
  }
})

const weights = testData('models/yolox_nano.onnx')
const dog = testData('images/yolox-dog.jpg')
const giraffe = testData('images/coco/000000000025.jpg')
const zebra = testData('images/coco/000000000034.jpg')
if (weights && dog && giraffe && zebra) {
  detectorContract('YOLOX-nano, real weights, batch 1', async () => ({
    detector: await loadDetector({ ...yoloxNano, family: 'auto' }, weights, 2),
    known: [
      { file: dog, labels: ['dog', 'bicycle'] },
      { file: giraffe, labels: ['giraffe'] },
      { file: zebra, labels: ['zebra'] },
    ],
  }))
} else {
  it.skip('detector contract: YOLOX-nano (models/yolox_nano.onnx or images are missing)', () => {})
}

const smallWeights = testData('models/FastestDet.onnx')
if (smallWeights && dog && giraffe && zebra) {
  detectorContract('FastestDet, real weights, batch 1', async () => ({
    detector: await loadDetector({ ...fastestDet, family: 'auto' }, smallWeights, 2),
    known: [
      { file: dog, labels: ['dog', 'bicycle'] },
      { file: giraffe, labels: ['giraffe'] },
      { file: zebra, labels: ['zebra'] },
    ],
  }))
} else {
  it.skip('detector contract: FastestDet (models/FastestDet.onnx or images are missing)', () => {})
}
