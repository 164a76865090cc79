import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { clipTensor, fromLetterbox, letterbox, placeImage } from '../../src/media/images.ts'
import { plainJpeg } from '../models/support/pictures.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-images-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const asGiven = { size: 224, mean: [0, 0, 0], std: [1, 1, 1] }
const PLANE = 224 * 224

/** Left half red, right half blue, lossless. */
async function twoHalves(file: string, width: number, height: number): Promise<string> {
  const data = Buffer.alloc(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++) {
    data[pixel * 3 + (pixel % width < width / 2 ? 0 : 2)] = 255
  }
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file)
  return file
}

describe('clipTensor', () => {
  it('puts red, green and blue in planes of their own, scaled to 0–1', async () => {
    const file = await twoHalves(path.join(folder, 'halves.png'), 448, 448)
    const tensor = await clipTensor(file, asGiven)
    expect(tensor).toHaveLength(3 * PLANE)
    const middleRow = 112 * 224
    expect(tensor[middleRow + 10]).toBeCloseTo(1, 3)
    expect(tensor[2 * PLANE + middleRow + 10]).toBeCloseTo(0, 3)
    expect(tensor[middleRow + 213]).toBeCloseTo(0, 3)
    expect(tensor[2 * PLANE + middleRow + 213]).toBeCloseTo(1, 3)
  })

  it('crops the middle of a wide image', async () => {
    // 1000 wide, 100 high: only the columns 450–550 are seen, so the change is in the middle.
    const file = await twoHalves(path.join(folder, 'wide.png'), 1000, 100)
    const tensor = await clipTensor(file, asGiven)
    const row = 112 * 224
    expect(tensor[row + 100]).toBeGreaterThan(0.9)
    expect(tensor[row + 124]).toBeLessThan(0.1)
  })

  it('subtracts the mean and divides by the deviation of each channel', async () => {
    const file = await plainJpeg(path.join(folder, 'grey.jpg'), { r: 128, g: 128, b: 128 })
    const mean = [0.48145466, 0.4578275, 0.40821073]
    const std = [0.26862954, 0.26130258, 0.27577711]
    const tensor = await clipTensor(file, { size: 224, mean, std })
    for (let channel = 0; channel < 3; channel++) {
      const expected = (128 / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1)
      expect(tensor[channel * PLANE + 777]).toBeCloseTo(expected, 1)
    }
  })

  it('gives a one-channel image three equal planes and takes a one-pixel image', async () => {
    const grey = path.join(folder, 'one-channel.jpg')
    await sharp({ create: { width: 64, height: 48, channels: 3, background: '#808080' } })
      .toColourspace('b-w')
      .jpeg()
      .toFile(grey)
    const tensor = await clipTensor(grey, asGiven)
    expect(tensor[5]).toBeCloseTo(tensor[PLANE + 5] ?? -1, 5)
    expect(tensor[5]).toBeCloseTo(tensor[2 * PLANE + 5] ?? -1, 5)
    const dot = await plainJpeg(
      path.join(folder, 'dot.jpg'),
      { r: 255, g: 0, b: 0 },
      { width: 1, height: 1 },
    )
    expect(await clipTensor(dot, asGiven)).toHaveLength(3 * PLANE)
  })

  it('turns an image upright as its EXIF orientation says', async () => {
    const file = path.join(folder, 'turned.jpg')
    const halves = await twoHalves(path.join(folder, 'upright.png'), 448, 448)
    await sharp(halves).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toFile(file)
    const tensor = await clipTensor(file, asGiven)
    // A quarter turn clockwise: what was left (red) is on top.
    expect(tensor[10 * 224 + 112]).toBeGreaterThan(0.9)
    expect(tensor[213 * 224 + 112]).toBeLessThan(0.1)
  })

  it('refuses a file that is no image and names it', async () => {
    const file = path.join(folder, 'text.jpg')
    writeFileSync(file, 'not an image')
    await expect(clipTensor(file, asGiven)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'image-unreadable',
      message: expect.stringContaining('text.jpg'),
    })
  })
})

describe('letterbox', () => {
  it('lays a 16:9 frame at the top left of a square, grey 114 below, blue first for YOLOX', async () => {
    const file = await plainJpeg(path.join(folder, 'red.jpg'), { r: 254, g: 0, b: 0 })
    const { tensor, box } = await letterbox(file, {
      ...{ width: 416, height: 416, placement: 'top-left', channels: 'bgr', pad: 114, scale: 1 },
    })
    expect(box).toMatchObject({ left: 0, top: 0, width: 416, height: 234 })
    const plane = 416 * 416
    expect(tensor[0]).toBeLessThan(3)
    expect(tensor[2 * plane]).toBeGreaterThan(250)
    expect(tensor[233 * 416 + 415]).toBeLessThan(3)
    expect(tensor[234 * 416]).toBe(114)
  })

  it('centres a 16:9 frame between two grey bars, red first and 0–1 for YOLOv8', async () => {
    const file = await plainJpeg(path.join(folder, 'red2.jpg'), { r: 254, g: 0, b: 0 })
    const { tensor, box } = await letterbox(file, {
      ...{
        width: 640,
        height: 640,
        placement: 'centre',
        channels: 'rgb',
        pad: 114,
        scale: 1 / 255,
      },
    })
    expect(box).toMatchObject({ left: 0, top: 140, width: 640, height: 360 })
    expect(tensor[139 * 640 + 320]).toBeCloseTo(114 / 255, 5)
    expect(tensor[140 * 640 + 320]).toBeGreaterThan(0.98)
    expect(tensor[500 * 640 + 320]).toBeCloseTo(114 / 255, 5)
  })
})

it('a point laid into a letterbox and taken back is within half a pixel of itself', () => {
  const side = fc.integer({ min: 1, max: 8192 })
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  const placement = fc.constantFrom('top-left', 'centre', 'stretch')
  fc.assert(
    fc.property(side, side, share, share, placement, (width, height, x, y, where) => {
      const box = placeImage({ width, height }, { width: 416, height: 384, placement: where })
      expect(box.left).toBeGreaterThanOrEqual(0)
      expect(box.top).toBeGreaterThanOrEqual(0)
      expect(box.left + box.width).toBeLessThanOrEqual(416)
      expect(box.top + box.height).toBeLessThanOrEqual(384)
      const back = fromLetterbox(box, box.left + x * box.width, box.top + y * box.height)
      expect(Math.abs(back.x - x) * width).toBeLessThan(0.5)
      expect(Math.abs(back.y - y) * height).toBeLessThan(0.5)
    }),
    { numRuns: 500 },
  )
})
