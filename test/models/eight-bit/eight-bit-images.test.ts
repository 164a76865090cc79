import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Images, ImageTower } from '../../../src/models/clip.ts'
import { EightBitImages } from '../../../src/models/eight-bit/eight-bit-images.ts'
import { openSession } from '../../../src/models/onnx.ts'
import { PERCEPTRON_DIMS, perceptronPictures, tinyPerceptron } from '../support/tiny-perceptron.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

async function world(network: Parameters<typeof tinyPerceptron>[1] = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  folders.push(folder)
  const { manifest, files } = await tinyPerceptron(folder, network)
  const exact = await ImageTower.load(manifest, files, 1)
  const cache = path.join(folder, 'cache')
  const notes: string[] = []
  return {
    notes,
    exact,
    kept: async () =>
      (await readdir(cache)).map((name) => name.replace(/-[0-9a-f]{16}/, '')).sort(),
    fileOf: async (end: string) =>
      path.join(cache, (await readdir(cache)).find((name) => name.endsWith(end))!),
    verdict: async () => {
      const name = (await readdir(cache)).find((each) => each.endsWith('.json'))!
      return JSON.parse(await readFile(path.join(cache, name), 'utf8'))
    },
    load: () =>
      EightBitImages.load(manifest, files, 1, openSession, cache, (note) => notes.push(note)),
  }
}

/** Shows pictures in fours until something was decided so many times. */
async function until(images: Images, notes: string[], decisions: number): Promise<void> {
  for (let seed = 100; notes.length < decisions; seed++) {
    expect(seed).toBeLessThan(2_000)
    await images.run(perceptronPictures(4, seed))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('EightBitImages', () => {
  it('gives the vectors of the network as it is until 16 pictures have shown that 8 bits do', async () => {
    const { load, exact, notes, kept, verdict } = await world()
    const pictures = perceptronPictures(12)
    const expected = await exact.run(pictures)
    const images = await load()
    expect(await images.run(pictures)).toEqual(expected)
    await until(images, notes, 1)
    expect(notes).toEqual([
      expect.stringMatching(
        /^tiny-perceptron runs in 8 bits \(columns\): the vectors of 16 pictures have a cosine of at least 0\.999\d\d with those in 32 bits$/,
      ),
    ])
    const found = await images.run(pictures)
    expect(found).not.toEqual(expected)
    for (let picture = 0; picture < pictures.length; picture++) {
      const [start, end] = [picture * PERCEPTRON_DIMS, (picture + 1) * PERCEPTRON_DIMS]
      const cosine = found
        .subarray(start, end)
        .reduce((sum, value, at) => sum + value * expected[start + at]!, 0)
      expect(cosine).toBeGreaterThan(0.999)
    }
    await images.dispose()
    expect(await kept()).toEqual(['tiny-perceptron-columns.onnx', 'tiny-perceptron.json'])
    expect(await verdict()).toMatchObject({ form: 'columns' })

    const again = await load()
    expect(await again.run(pictures)).toEqual(found)
    await again.dispose()
    expect(notes).toHaveLength(1)
  })

  it('gives a picture the same vector alone and in company', async () => {
    const { load, notes } = await world()
    const images = await load()
    await until(images, notes, 1)
    const [loud, quiet] = [
      perceptronPictures(1)[0]!.map((value) => value * 50),
      perceptronPictures(1, 2)[0]!,
    ]
    const together = await images.run([loud, quiet])
    expect(together.slice(PERCEPTRON_DIMS)).toEqual(await images.run([quiet]))
    await images.dispose()
  })

  it('takes blocks where a few large values spoil a scale for all', async () => {
    const { load, notes, verdict, kept } = await world({ loudEvery: 128, alone: true })
    const images = await load()
    await until(images, notes, 2)
    expect(notes[0]).toContain('is not run in 8 bits (columns)')
    expect(notes[1]).toContain('runs in 8 bits (blocks)')
    await images.dispose()
    expect(await verdict()).toMatchObject({ form: 'blocks' })
    expect(await kept()).toEqual(['tiny-perceptron-blocks.onnx', 'tiny-perceptron.json'])
  })

  it('stays with the network as it is where no form is good enough, and does not try again', async () => {
    const { load, notes, exact, verdict, kept } = await world({ loudEvery: 2 })
    const images = await load()
    await until(images, notes, 2)
    expect(notes[1]).toContain('is not run in 8 bits (blocks)')
    const pictures = perceptronPictures(3)
    expect(await images.run(pictures)).toEqual(await exact.run(pictures))
    await expect.poll(verdict).toEqual({ form: null, leastCosine: null })
    await images.dispose()
    expect(await kept()).toEqual(['tiny-perceptron.json'])
    const again = await load()
    expect(again).toBeInstanceOf(ImageTower)
    await again.dispose()
  })

  it('goes on with the smaller file of a process that ended before it was decided', async () => {
    const { load, notes, fileOf } = await world()
    const early = await load()
    await expect.poll(() => fileOf('columns.onnx').then(existsSync, () => false)).toBe(true)
    await early.dispose()
    const { ino } = await stat(await fileOf('columns.onnx'))
    const later = await load()
    await until(later, notes, 1)
    await later.dispose()
    expect((await stat(await fileOf('columns.onnx'))).ino).toBe(ino)
  })

  it('finds out again when the smaller file is damaged', async () => {
    const { load, notes, exact, fileOf } = await world()
    const images = await load()
    await until(images, notes, 1)
    await images.dispose()
    await writeFile(await fileOf('columns.onnx'), 'damaged')
    const again = await load()
    const pictures = perceptronPictures(2)
    expect(await again.run(pictures)).toEqual(await exact.run(pictures))
    await until(again, notes, 2)
    await again.dispose()
  })
})
