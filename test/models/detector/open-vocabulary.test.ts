/** OWLv2's weights are not in the test data: tensors made by hand and a graph of its interface. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  decodeWords,
  OpenVocabularyDetector,
} from '../../../src/models/detector/open-vocabulary.ts'
import { owlv2Base } from '../../../src/models/manifests/open-vocabulary.ts'
import { plainJpeg } from '../support/pictures.ts'
import { tinyOwl } from '../support/tiny-models.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-owl-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const float = (dims: number[], values: number[]) => ({ data: Float32Array.from(values), dims })
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value))

describe('decodeWords', () => {
  const options = { words: 2, side: 960, minConfidence: 0.1 }

  it('gives each box its best word, where the sigmoid of that reaches the threshold', () => {
    const logits = float([1, 3, 2], [-4, -1, 2, 1, -2.3, -2.2])
    const boxes = float([1, 3, 4], [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.5, 0.5, 0, 0, 1, 1])
    const found = decodeWords(logits, boxes, options)
    expect(found).toEqual([
      { x1: 240, y1: 360, x2: 720, y2: 600, confidence: expect.closeTo(0.269, 3), classIndex: 1 },
      { x1: 0, y1: 0, x2: 480, y2: 480, confidence: expect.closeTo(0.881, 3), classIndex: 0 },
    ])
  })

  it('makes no box of what is no number, and refuses scores for other words than were asked', () => {
    const boxes = float([1, 1, 4], [0.5, 0.5, 1, 1])
    expect(decodeWords(float([1, 1, 2], [Number.NaN, Number.NaN]), boxes, options)).toEqual([])
    const three = () => decodeWords(float([1, 1, 3], [1, 1, 1]), boxes, options)
    expect(three).toThrow(expect.objectContaining({ code: 'model-output-wrong' }))
  })
})

describe('OpenVocabularyDetector', async () => {
  const manifest = await tinyOwl(folder)
  const files = {
    model: path.join(folder, 'tiny-owl.onnx'),
    tokenizer: path.join(folder, 'tiny-owl.json'),
  }
  const white = { r: 255, g: 255, b: 255 }
  const picture = await plainJpeg(path.join(folder, 'white.jpg'), white)

  it('finds the word that was asked for, in the place where it is on the picture', async () => {
    const detector = await OpenVocabularyDetector.load(manifest, files, 1)
    const frame = await detector.prepare(picture)
    const found = await detector.run(frame, ['bottle', 'dog'])
    // 540 of the 960 rows show the picture, the others black.
    const [mean, std] = [owlv2Base.image.mean[0], owlv2Base.image.std[0]]
    const red = (540 / 960 - mean) / std
    expect(found).toEqual([
      {
        ...{ label: 'dog', x: 0.25, y: 0.25, w: 0.5, h: 0.5 },
        confidence: expect.closeTo(sigmoid(3 + red), 4),
        appearance: expect.any(Uint8Array),
      },
    ])
    expect(await detector.run(frame, ['bottle'])).toEqual([])
    await detector.dispose()
  })

  it('refuses a file that is no image, by name', async () => {
    const detector = await OpenVocabularyDetector.load(manifest, files, 1)
    await expect(detector.prepare(files.tokenizer)).rejects.toMatchObject({
      code: 'image-unreadable',
      message: expect.stringContaining('tiny-owl.json'),
    })
    await detector.dispose()
  })
})
