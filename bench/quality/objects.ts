import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Detection, ModelHost } from '../../src/models/host.ts'
import { framesOf } from '../../test/models/support/pictures.ts'
import { rounded, type Score } from './score.ts'

/** Intersection over union from which a box counts as found, as in Pascal VOC and COCO's AP50. */
const FOUND_IOU = 0.5

/** Boxes of a photo: shares of its size, [x, y, w, h], origin at the top left. */
interface Photo {
  file: string
  objects: { label: string; bbox_xywh: [number, number, number, number]; iscrowd: 0 | 1 }[]
}

/** Clips whose objects were counted by eye, at so many frames a second (the data's README). */
const COUNTED = [
  {
    name: 'bottles counted right',
    file: 'videos/intel-bottle-detection.mp4',
    fps: 0.5,
    label: 'bottle',
    truth: [3, 3, 3, 3, 2, 2, 3, 3, 3, 1, 1, 2, 2, 2, 3, 3, 2, 3, 3, 3],
  },
  {
    name: 'persons counted right',
    file: 'videos/intel-one-by-one-person-detection.mp4',
    fps: 0.1,
    label: 'person',
    truth: [0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  },
]

/**
 * How right the boxes are at the confidence that the pipeline keeps (0.3): precision and recall over ten
 * photos of COCO val2017 with full ground truth, and frames with the right count in two clips.
 *
 * @param data the shared test data's folder
 */
export async function scoreObjects(host: ModelHost, data: string): Promise<Score[]> {
  const folder = path.join(data, 'images/coco')
  const photos = JSON.parse(readFileSync(path.join(folder, 'ground-truth.json'), 'utf8')) as Photo[]
  const found = await host.detect(photos.map(({ file }) => path.join(folder, file)))
  let right = 0
  let claimed = 0
  let there = 0
  for (const [index, photo] of photos.entries()) {
    const single = photo.objects.filter(({ iscrowd }) => !iscrowd)
    const boxes = found[index]!
    const matched = matches(boxes, single)
    right += matched
    claimed += boxes.length
    there += single.length
  }
  return [
    share('boxes found (recall, IoU 0.5)', right, there, 0.02),
    share('boxes right (precision, IoU 0.5)', right, claimed, 0.02),
    ...(await scoreCounts(host, data)),
  ]
}

async function scoreCounts(host: ModelHost, data: string): Promise<Score[]> {
  const scores: Score[] = []
  for (const { name, file, fps, label, truth } of COUNTED) {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-counts-'))
    try {
      const frames = await host.detect(framesOf(path.join(data, file), folder, fps))
      const right = frames.filter(
        (boxes, index) => boxes.filter((box) => box.label === label).length === truth[index],
      )
      const value = right.length
      scores.push({ name, value, unit: 'of', of: truth.length, noise: 1, better: 'higher' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return scores
}

/** Boxes that meet one of the same label which no surer one has met, as COCO's evaluation matches. */
function matches(boxes: readonly Detection[], objects: Photo['objects']): number {
  const open = new Set(objects)
  let count = 0
  for (const box of boxes.toSorted((a, b) => b.confidence - a.confidence)) {
    const [best] = [...open]
      .filter(({ label }) => label === box.label)
      .map((object) => ({ object, overlap: iou(box, object.bbox_xywh) }))
      .sort((a, b) => b.overlap - a.overlap)
    if (!best || best.overlap < FOUND_IOU) continue
    open.delete(best.object)
    count += 1
  }
  return count
}

function iou(a: Detection, [x, y, w, h]: [number, number, number, number]): number {
  const width = Math.min(a.x + a.w, x + w) - Math.max(a.x, x)
  const height = Math.min(a.y + a.h, y + h) - Math.max(a.y, y)
  if (width <= 0 || height <= 0) return 0
  const both = width * height
  return both / (a.w * a.h + w * h - both)
}

function share(name: string, part: number, of: number, noise: number): Score {
  return { name, value: rounded(part / of), unit: 'share', of, noise, better: 'higher' }
}
