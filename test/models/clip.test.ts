import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ImageTower, normalised, TextTower } from '../../src/models/clip.ts'
import { adaptForeignManifest } from '../../src/models/foreign-manifest.ts'
import { testData } from '../support/test-data.ts'

describe('normalised', () => {
  it('scales each vector of a batch to length 1', () => {
    expect([...normalised(Float32Array.of(3, 4, 0, 0, 0, -2), 3, 'x')]).toEqual([
      ...Float32Array.of(0.6, 0.8, 0, 0, 0, -1),
    ])
  })

  it.each([
    [Float32Array.of(0, 0, 0), 'zeros'],
    [Float32Array.of(1, Number.NaN, 0), 'not a number'],
    [Float32Array.of(Number.POSITIVE_INFINITY, 0, 0), 'infinite'],
  ])('refuses a vector that is %s: it must never be stored', (vector) => {
    expect(() => normalised(vector, 3, 'mini-vl')).toThrow(
      expect.objectContaining({ code: 'model-output-wrong' }),
    )
  })
})

const model = testData('models/mini-vl/model.json')
describe.skipIf(!model)("mini-vl's own check values (models/mini-vl)", async () => {
  const dir = path.dirname(model ?? '')
  const content = model ? JSON.parse(readFileSync(model, 'utf8')) : null
  const files = {
    image: path.join(dir, 'image.onnx'),
    text: path.join(dir, 'text.onnx'),
    tokenizer: path.join(dir, 'tokenizer.json'),
  }

  it('the image side answers an image of zeros with them', async () => {
    const tower = await ImageTower.load(adaptForeignManifest(content, '', 'x'), files, 1)
    const vector = await tower.run([new Float32Array(3 * 224 * 224)])
    const { first4, last4, tolerance } = content.check.image
    for (const [index, value] of first4.entries()) {
      expect(Math.abs((vector[index] ?? 9) - value)).toBeLessThan(tolerance)
    }
    for (const [index, value] of last4.entries()) {
      expect(Math.abs((vector[508 + index] ?? 9) - value)).toBeLessThan(tolerance)
    }
    await tower.dispose()
  })

  it('the text side answers its sentence with them', async () => {
    const tower = await TextTower.load(adaptForeignManifest(content, '', 'x'), files, 1)
    const { text, first4, tolerance } = content.check.text
    const vector = await tower.run([text])
    expect(vector).toHaveLength(512)
    for (const [index, value] of first4.entries()) {
      expect(Math.abs((vector[index] ?? 9) - value)).toBeLessThan(tolerance)
    }
    await tower.dispose()
  })
})
