import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Detector } from '../../../src/models/detector/detector.ts'
import { loadDetector } from '../../../src/models/detector/onnx-detector.ts'
import { yoloxNano } from '../../../src/models/manifests/detectors.ts'
import { testData } from '../../support/test-data.ts'
import { framesOf } from '../support/pictures.ts'
import { tinyYolov8 } from '../support/tiny-models.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-counts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const weights = testData('models/yolox_nano.onnx')

async function countsOf(video: string, fps: number, label: string): Promise<number[]> {
  const frames = framesOf(video, path.join(folder, label), fps)
  const detector: Detector = await loadDetector(yoloxNano, weights ?? '', 2)
  const found = await detector.run(await detector.prepare(frames))
  await detector.dispose()
  return found.map((boxes) => boxes.filter((box) => box.label === label).length)
}

it('frames that ffmpeg cuts from a clip go through a detector: red is a bottle, blue is not', async () => {
  const clip = path.join(folder, 'colours.mp4')
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'color=red:s=320x180:d=2'],
    ...['-f', 'lavfi', '-i', 'color=blue:s=320x180:d=2', '-filter_complex', 'concat=n=2', clip],
  ])
  const detector = await loadDetector(
    await tinyYolov8(folder),
    path.join(folder, 'tiny-yolov8.onnx'),
    2,
  )
  const found = await detector.run(
    await detector.prepare(framesOf(clip, path.join(folder, 'colours'), 1)),
  )
  await detector.dispose()
  expect(found.map((boxes) => boxes.map((box) => box.label))).toEqual([
    ['bottle'],
    ['bottle'],
    [],
    [],
  ])
})

const bottles = testData('videos/intel-bottle-detection.mp4')
it.skipIf(!weights || !bottles)(
  'YOLOX-nano counts the bottles right on at least 19 of 20 frames: videos/intel-bottle-detection.mp4, models/yolox_nano.onnx',
  async () => {
    const truth = [3, 3, 3, 3, 2, 2, 3, 3, 3, 1, 1, 2, 2, 2, 3, 3, 2, 3, 3, 3]
    const counts = await countsOf(bottles ?? '', 0.5, 'bottle')
    expect(counts).toHaveLength(20)
    expect(counts.filter((count, index) => count === truth[index]).length).toBeGreaterThanOrEqual(
      19,
    )
  },
)

const persons = testData('videos/intel-one-by-one-person-detection.mp4')
it.skipIf(!weights || !persons)(
  'YOLOX-nano counts the persons right on 14 of 14 frames: videos/intel-one-by-one-person-detection.mp4, models/yolox_nano.onnx',
  async () => {
    const truth = [0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    expect(await countsOf(persons ?? '', 0.1, 'person')).toEqual(truth)
  },
)
