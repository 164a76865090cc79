import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Detection, Detector } from '../../src/models/detector/detector.ts'

/** An image on which the detector must find something. */
export interface KnownImage {
  file: string
  /** Labels it must find, each once, in any order; others may come too. */
  labels: string[]
}

/** What every detector must do, whatever its family, input size and batch. */
export function detectorContract(
  name: string,
  load: (folder: string) => Promise<{ detector: Detector; known: KnownImage[] }>,
): void {
  describe(`detector contract: ${name}`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-detector-'))
    let detector: Detector
    let known: KnownImage[]
    beforeAll(async () => {
      const loaded = await load(folder)
      detector = loaded.detector
      known = loaded.known
    })
    afterAll(async () => {
      await detector.dispose()
      rmSync(folder, { recursive: true, force: true })
    })
    const detect = async (files: string[]) => detector.run(await detector.prepare(files))

    it('finds what is on its known images', async () => {
      const found = await detect(known.map((image) => image.file))
      for (const [index, image] of known.entries()) {
        const labels = found[index]?.map((detection) => detection.label)
        expect(labels).toEqual(expect.arrayContaining(image.labels))
      }
    })

    it('answers one list per image, in order, alone as in a batch of 20', async () => {
      const files = Array.from(
        { length: 20 },
        (_, index) => known[index % known.length]?.file ?? '',
      )
      const together = await detect(files)
      expect(together).toHaveLength(20)
      for (const [index, image] of known.entries()) {
        const [alone = []] = await detect([image.file])
        expectSame(together[index] ?? [], alone)
      }
    })

    it('gives confidences from 0.3 to 1, the highest first, and boxes within the image', async () => {
      const all = await detect(known.map((image) => image.file))
      expect(all.flat().length).toBeGreaterThan(0)
      for (const detections of all) {
        const confidences = detections.map((detection) => detection.confidence)
        expect(confidences).toEqual(confidences.toSorted((a, b) => b - a))
        for (const { confidence, x, y, w, h } of detections) {
          expect(confidence).toBeGreaterThanOrEqual(0.3)
          expect(confidence).toBeLessThanOrEqual(1)
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
          expect(Math.min(w, h)).toBeGreaterThan(0)
          expect(Math.max(x + w, y + h)).toBeLessThanOrEqual(1 + 1e-9)
        }
      }
    })

    it('takes one-channel, tiny and very wide images, and no image at all', async () => {
      const odd = await Promise.all(
        [
          { width: 640, height: 16 },
          { width: 3, height: 200 },
          { width: 1, height: 1 },
        ].map(async (size, index) => {
          const file = path.join(folder, `odd-${index}.jpg`)
          const image = sharp({ create: { ...size, channels: 3, background: '#101010' } })
          await image.toColourspace('b-w').jpeg().toFile(file)
          return file
        }),
      )
      expect(await detect(odd)).toHaveLength(3)
      expect(await detect([])).toEqual([])
    })

    it('refuses a file that is no image, by name', async () => {
      const file = path.join(folder, 'no-image.jpg')
      writeFileSync(file, 'text')
      await expect(detector.prepare([file])).rejects.toMatchObject({
        code: 'image-unreadable',
        message: expect.stringContaining('no-image.jpg'),
      })
    })
  })
}

function expectSame(found: Detection[], alone: Detection[]): void {
  expect(found.map((detection) => detection.label)).toEqual(alone.map(({ label }) => label))
  for (const [index, detection] of found.entries()) {
    for (const key of ['confidence', 'x', 'y', 'w', 'h'] as const) {
      expect(detection[key]).toBeCloseTo(alone[index]?.[key] ?? Number.NaN, 3)
    }
  }
}
