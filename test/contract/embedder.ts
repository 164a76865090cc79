import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImageTower, TextTower } from '../../src/models/clip.ts'
import { plainJpeg } from '../models/support/pictures.ts'

/** What every image-text model must do, whatever its batch and type of input. */
export function embedderContract(
  name: string,
  dims: number,
  load: () => Promise<{ images: ImageTower; texts: TextTower }>,
  /** Largest difference of a number alone and in a batch; dynamic 8-bit scales by batch. */
  batchTolerance: number,
): void {
  describe(`embedder contract: ${name}`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-embedder-'))
    let towers: Awaited<ReturnType<typeof load>>
    let pictures: string[]
    beforeAll(async () => {
      towers = await load()
      pictures = await Promise.all(
        [
          { r: 200, g: 30, b: 30 },
          { r: 20, g: 180, b: 60 },
          { r: 30, g: 40, b: 220 },
        ].map((colour, index) => plainJpeg(path.join(folder, `${index}.jpg`), colour)),
      )
    })
    afterAll(async () => {
      await towers.images.dispose()
      await towers.texts.dispose()
      rmSync(folder, { recursive: true, force: true })
    })

    const imageVectors = async (files: string[]) =>
      split(await towers.images.run(await towers.images.prepare(files)), dims)
    const textVectors = async (texts: string[]) => split(await towers.texts.run(texts), dims)

    it('gives one vector of length 1 for each image and each text', async () => {
      for (const vector of [
        ...(await imageVectors(pictures)),
        ...(await textVectors(['a', 'b'])),
      ]) {
        expect(vector).toHaveLength(dims)
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
      }
    })

    it('gives an image the same vector alone and anywhere in a batch', async () => {
      const batch = await imageVectors([...pictures, ...pictures.toReversed()])
      for (const [index, picture] of pictures.entries()) {
        const [alone = []] = await imageVectors([picture])
        expect(largestDifference(alone, batch[index] ?? [])).toBeLessThan(1e-4)
        expect(largestDifference(alone, batch[5 - index] ?? [])).toBeLessThan(1e-4)
      }
    })

    it('gives a text the same vector alone and beside a longer one', async () => {
      const [alone = []] = await textVectors(['dog'])
      const [beside = []] = await textVectors(['dog', 'a dog and a dog and a dog and a dog'])
      expect(largestDifference(alone, beside)).toBeLessThan(batchTolerance)
    })

    it('tells different images and different texts apart', async () => {
      const [red = [], green = []] = await imageVectors(pictures)
      expect(largestDifference(red, green)).toBeGreaterThan(0.01)
      const [dog = [], bang = []] = await textVectors(['dog', '!'])
      expect(largestDifference(dog, bang)).toBeGreaterThan(0.001)
    })

    it('takes an empty text and one of 10,000 characters', async () => {
      for (const vector of await textVectors(['', 'dog '.repeat(2500)])) {
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
      }
    })

    it('refuses a file that is no image, by name', async () => {
      const file = path.join(folder, 'no-image.jpg')
      writeFileSync(file, 'text')
      await expect(towers.images.prepare([file])).rejects.toMatchObject({
        code: 'image-unreadable',
        message: expect.stringContaining('no-image.jpg'),
      })
    })
  })
}

function split(vectors: Float32Array, dims: number): number[][] {
  return Array.from({ length: vectors.length / dims }, (_, index) => [
    ...vectors.subarray(index * dims, (index + 1) * dims),
  ])
}

function largestDifference(a: number[], b: number[]): number {
  return Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? Number.NaN))))
}
