import { describe, expect, it } from 'vitest'
import { adaptForeignManifest, isForeignManifest } from '../../src/models/foreign-manifest.ts'
import { parseManifest, readJson } from '../../src/models/manifest.ts'
import { KNOWN_MODELS, VAD_MODEL } from '../../src/models/registry.ts'
import { testData } from '../support/test-data.ts'

const detector = {
  name: 'mine',
  kind: 'detector',
  revision: '1',
  licence: 'MIT',
  classes: ['bolt', 'nut'],
  files: [{ role: 'model', path: 'mine/model.onnx' }],
}

describe('parseManifest', () => {
  it.each([...KNOWN_MODELS.map((model) => model.manifest), VAD_MODEL])(
    'accepts the built-in manifest $name unchanged',
    (manifest) => {
      expect(parseManifest(manifest, manifest.name)).toEqual(manifest)
    },
  )

  it('fills in what a user may leave out', () => {
    expect(parseManifest(detector, 'mine.json')).toMatchObject({
      family: 'auto',
      files: [{ url: null, mirrors: [], bytes: null, sha256: null }],
    })
  })

  it.each(['../out.onnx', 'a/../../out.onnx', '/etc/out.onnx', 'a\\b.onnx', 'a//b', 'C:x', ''])(
    'refuses the file path %j, which could leave the models folder',
    (path) => {
      const files = [{ role: 'model', path }]
      expect(() => parseManifest({ ...detector, files }, 'mine.json')).toThrow(
        expect.objectContaining({ code: 'invalid-model-manifest' }),
      )
    },
  )

  it('names every fault at once, unknown keys and missing roles too', () => {
    const wrong = { ...detector, licence: '', sise: 3, classes: [] }
    expect(() => parseManifest(wrong, 'mine.json')).toThrow(/licence[\s\S]*classes[\s\S]*sise/)
    const { classes: _, ...noFiles } = { ...detector, kind: 'speech' }
    expect(() => parseManifest(noFiles, 'mine.json')).toThrow(/role encoder[\s\S]*role decoder/)
  })
})

const miniVl = testData('models/mini-vl/model.json')
it.skipIf(!miniVl)('mini-vl/model.json is read as it is: models/mini-vl/model.json', async () => {
  const content = await readJson(miniVl ?? '')
  expect(isForeignManifest(content)).toBe(true)
  expect(isForeignManifest(detector)).toBe(false)
  const manifest = adaptForeignManifest(content, 'mini-vl', 'model.json')
  expect(manifest).toMatchObject({
    name: 'mini-vl',
    revision: '1',
    dims: 512,
    image: { input: 'pixel_values', output: 'image_embeds', size: 224 },
    text: { ids: 'input_ids', mask: 'attention_mask', maxTokens: 128, padId: 0 },
  })
  expect(manifest.files.map((file) => file.path)).toEqual([
    'mini-vl/image.onnx',
    'mini-vl/text.onnx',
    'mini-vl/tokenizer.json',
  ])
  expect(manifest.files[1]?.sha256).toMatch(/^7caeb541/)
})
