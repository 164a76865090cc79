import path from 'node:path'
import { it } from 'vitest'
import { loadDetector } from '../../src/models/detector/onnx-detector.ts'
import { yoloxNano } from '../../src/models/manifests/detectors.ts'
import { plainJpeg } from '../models/support/pictures.ts'
import { tinyDfine, tinyYolov8 } from '../models/support/tiny-models.ts'
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
