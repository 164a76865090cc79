/** The way of a box into the tensor and back, for every size, turn and placement. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { fromLetterbox, letterbox, placeImage } from '../../../src/media/images.ts'
import { dfine } from '../../../src/models/detector/dfine.ts'
import type { DetectorFamily } from '../../../src/models/detector/family.ts'
import { fastestdet } from '../../../src/models/detector/fastestdet.ts'
import { inputSize, toDetections } from '../../../src/models/detector/onnx-detector.ts'
import { yolov8 } from '../../../src/models/detector/yolov8.ts'
import { yolox } from '../../../src/models/detector/yolox.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-letterbox-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const family = fc.constantFrom<DetectorFamily>(yolox, yolov8, dfine, fastestdet)
const sides = fc.record({
  width: fc.integer({ min: 1, max: 8192 }),
  height: fc.integer({ min: 1, max: 8192 }),
})
/** Fixed as exports have them, or free. */
const inputShape = fc
  .constantFrom<[number, number] | [null, null]>([416, 416], [640, 640], [384, 640], [null, null])
  .map(([height, width]) => ({ shape: [null, 3, height, width] }))
const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('into the tensor and back', () => {
  it('a box returns to where it was within half a pixel of the frame, at any size', () => {
    fc.assert(
      fc.property(family, sides, inputShape, share, share, share, share, (...drawn) => {
        const [kind, frame, shape, ...corners] = drawn
        const size = inputSize(shape, kind, frame)
        const box = placeImage(frame, { ...size, placement: kind.layout.placement })
        expect(box.left + box.width).toBeLessThanOrEqual(size.width)
        expect(box.top + box.height).toBeLessThanOrEqual(size.height)
        const [ax, ay, bx, by] = corners as [number, number, number, number]
        const [left, right] = [Math.min(ax, bx), Math.max(ax, bx)]
        const [top, bottom] = [Math.min(ay, by), Math.max(ay, by)]
        const [back] = toDetections(
          [
            {
              x1: box.left + left * box.width,
              y1: box.top + top * box.height,
              x2: box.left + right * box.width,
              y2: box.top + bottom * box.height,
              confidence: 0.9,
              classIndex: 0,
            },
          ],
          box,
          kind,
          ['thing'],
        )
        // A box of no width is no box.
        if (!back) {
          expect(Math.min(right - left, bottom - top)).toBeLessThan(1e-9)
          return
        }
        expect(Math.abs(back.x - left) * frame.width).toBeLessThan(0.5)
        expect(Math.abs(back.y - top) * frame.height).toBeLessThan(0.5)
        expect(Math.abs(back.x + back.w - right) * frame.width).toBeLessThan(0.5)
        expect(Math.abs(back.y + back.h - bottom) * frame.height).toBeLessThan(0.5)
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps the aspect to the pixel of the tensor, except where the frame is stretched', () => {
    fc.assert(
      fc.property(fc.constantFrom(yolox, yolov8), sides, inputShape, (kind, frame, shape) => {
        const size = inputSize(shape, kind, frame)
        const box = placeImage(frame, { ...size, placement: kind.layout.placement })
        const scale = Math.min(size.width / frame.width, size.height / frame.height)
        expect(Math.abs(box.width - Math.max(1, frame.width * scale))).toBeLessThan(1)
        expect(Math.abs(box.height - Math.max(1, frame.height * scale))).toBeLessThan(1)
      }),
    )
  })
})

/** EXIF orientations: as stored, and turned or mirrored in every way. */
const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8]

describe('pixels', () => {
  it.each(ORIENTATIONS)(
    'a white patch of an upright picture lies where its box says, EXIF orientation %i',
    async (orientation) => {
      await fc.assert(
        fc.asyncProperty(
          family,
          fc.record({
            width: fc.integer({ min: 64, max: 500 }),
            height: fc.integer({ min: 64, max: 500 }),
          }),
          inputShape,
          async (kind, frame, shape) => {
            // The middle of the right half: no turn leaves it where it was.
            const patch = {
              left: Math.round(frame.width * 0.6),
              top: Math.round(frame.height * 0.2),
              width: Math.round(frame.width * 0.3),
              height: Math.round(frame.height * 0.4),
            }
            const file = path.join(folder, `turned-${orientation}.png`)
            await turnedPicture(file, frame, patch, orientation)
            const size = inputSize(shape, kind, frame)
            const { tensor, box } = await letterbox(file, { ...kind.layout, ...size })
            const found = brightRectangle(tensor, size, box, 255 * kind.layout.scale)
            const start = fromLetterbox(box, found.left, found.top)
            const end = fromLetterbox(box, found.right, found.bottom)
            // Half a pixel of the frame or of the tensor, whichever is larger.
            const nearX = 0.5 * Math.max(1 / frame.width, 1 / box.width) + 1e-9
            const nearY = 0.5 * Math.max(1 / frame.height, 1 / box.height) + 1e-9
            expect(Math.abs(start.x - patch.left / frame.width)).toBeLessThanOrEqual(nearX)
            expect(Math.abs(start.y - patch.top / frame.height)).toBeLessThanOrEqual(nearY)
            const right = (patch.left + patch.width) / frame.width
            const bottom = (patch.top + patch.height) / frame.height
            expect(Math.abs(end.x - right)).toBeLessThanOrEqual(nearX)
            expect(Math.abs(end.y - bottom)).toBeLessThanOrEqual(nearY)
          },
        ),
        { numRuns: 12 },
      )
    },
  )
})

/** A black picture with a white patch, stored turned and marked so. */
async function turnedPicture(
  file: string,
  frame: { width: number; height: number },
  patch: { left: number; top: number; width: number; height: number },
  orientation: number,
): Promise<void> {
  const upright = new Uint8Array(frame.width * frame.height * 3)
  for (let row = patch.top; row < patch.top + patch.height; row++) {
    const start = (row * frame.width + patch.left) * 3
    upright.fill(255, start, start + patch.width * 3)
  }
  const swapped = orientation > 4
  const [width, height] = swapped ? [frame.height, frame.width] : [frame.width, frame.height]
  const stored = new Uint8Array(upright.length)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = uprightPoint(column, row, width, height, orientation)
      stored.set(
        upright.subarray((y * frame.width + x) * 3, (y * frame.width + x) * 3 + 3),
        (row * width + column) * 3,
      )
    }
  }
  await sharp(stored, { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation })
    .png()
    .toFile(file)
}

/** Where a stored pixel is shown, by the EXIF specification's table of orientations. */
function uprightPoint(x: number, y: number, width: number, height: number, orientation: number) {
  const [right, bottom] = [width - 1 - x, height - 1 - y]
  const shown: Record<number, [number, number]> = {
    1: [x, y],
    2: [right, y],
    3: [right, bottom],
    4: [x, bottom],
    5: [y, x],
    6: [bottom, x],
    7: [bottom, right],
    8: [y, right],
  }
  return shown[orientation] ?? [x, y]
}

/**
 * The bright part of the picture's area in pixels of the tensor: as wide as the brightness of the row
 * through its middle adds up to, around that row's centre of mass, and likewise down the column.
 */
function brightRectangle(
  tensor: Float32Array,
  size: { width: number; height: number },
  box: { left: number; top: number; width: number; height: number },
  white: number,
) {
  const row = Math.floor(box.top + box.height * 0.4)
  const column = Math.floor(box.left + box.width * 0.75)
  const [left, right] = extent(box.left, box.width, (x) => tensor[row * size.width + x] ?? 0)
  const [top, bottom] = extent(box.top, box.height, (y) => tensor[y * size.width + column] ?? 0)
  return { left, top, right, bottom }

  function extent(start: number, length: number, valueAt: (position: number) => number) {
    let [mass, moment] = [0, 0]
    for (let position = start; position < start + length; position++) {
      const part = valueAt(position) / white
      mass += part
      moment += part * (position + 0.5)
    }
    return [moment / mass - mass / 2, moment / mass + mass / 2] as const
  }
}
