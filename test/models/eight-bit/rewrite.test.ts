import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ImageTower } from '../../../src/models/clip.ts'
import { writeInEightBits } from '../../../src/models/eight-bit/rewrite.ts'
import { tinyYolov8 } from '../support/tiny-models.ts'
import { perceptronPictures, tinyPerceptron } from '../support/tiny-perceptron.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('writeInEightBits', async () => {
  const { manifest, files } = await tinyPerceptron(folder)
  const pictures = perceptronPictures(10)
  const vectorsOf = async (image: string) => {
    const tower = await ImageTower.load(manifest, { image }, 1)
    const vectors = await tower.run(pictures)
    await tower.dispose()
    return vectors
  }

  it.each(['columns', 'blocks'] as const)(
    'writes a network that the runtime runs with nearly the same result, a quarter as large (%s)',
    async (form) => {
      const target = path.join(folder, `${form}.onnx`)
      expect(await writeInEightBits(files.image, target, form)).toBe(true)
      const [as32, as8] = [await readFile(files.image), await readFile(target)]
      expect(as8.length).toBeLessThan(0.3 * as32.length)
      const [exact, found] = [await vectorsOf(files.image), await vectorsOf(target)]
      const cosine = exact.reduce((sum, value, at) => sum + value * found[at]!, 0) / pictures.length
      expect(cosine).toBeGreaterThan(0.9995)
      expect(found).not.toEqual(exact)
    },
  )

  it('leaves a network alone whose weights are not in matrix products', async () => {
    const { files: parts } = await tinyYolov8(folder)
    const target = path.join(folder, 'none.onnx')
    const source = path.join(folder, parts[0]!.path)
    expect(await writeInEightBits(source, target, 'columns')).toBe(false)
    expect(await readdir(folder)).not.toContain('none.onnx')
  })

  it.each([
    ['cut off', async (file: string) => truncate(file, 100_000)],
    ['no ONNX', async (file: string) => writeFile(file, 'forgeindex'.repeat(100))],
    ['empty', async (file: string) => writeFile(file, '')],
  ])('refuses a file that is %s and leaves nothing behind', async (_, damage) => {
    const damaged = path.join(folder, 'damaged.onnx')
    await writeFile(damaged, await readFile(files.image))
    await damage(damaged)
    const target = path.join(folder, 'of-damaged.onnx')
    await expect(writeInEightBits(damaged, target, 'columns')).rejects.toThrow(
      /field|number|graph|early/,
    )
    expect((await readdir(folder)).filter((name) => name.startsWith('of-damaged'))).toEqual([])
  })
})
