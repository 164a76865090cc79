import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { listModels, resolveModel } from '../../src/models/catalog.ts'
import { testData } from '../support/test-data.ts'
import { testSettings } from './support/settings.ts'
import { tinyPair, tinyYolov8 } from './support/tiny-models.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-catalog-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const empty = (variables: Record<string, string> = {}) =>
  testSettings(path.join(folder, 'empty'), variables)

describe('resolveModel', () => {
  it.each([
    ['clip', {}, 'ViT-B-32/openai'],
    ['clip', { CLIP_PRETRAINED: 'laion2b_s34b_b79k' }, 'ViT-B-32/laion2b_s34b_b79k'],
    ['clip', { CLIP_MODEL: 'mini-vl' }, 'mini-vl'],
    ['detector', {}, 'yolov8n'],
    ['detector', { YOLO_MODEL: 'yolov8n' }, 'yolov8n'],
    ['detector', { YOLO_MODEL: 'yolov8n.onnx' }, 'yolov8n'],
    ['detector', { YOLO_MODEL: 'yolox_nano' }, 'yolox-nano'],
    ['detector', { YOLO_MODEL: 'YOLOX-nano' }, 'yolox-nano'],
    ['detector', { YOLO_MODEL: 'dfine-nano' }, 'dfine-nano'],
    ['speech', {}, 'whisper-base'],
    ['speech', { WHISPER_MODEL: 'tiny' }, 'whisper-tiny'],
  ] as const)(
    '%s with %j is %s, not installed, every missing file named',
    async (job, variables, name) => {
      const model = await resolveModel(empty(variables), job)
      expect(model.ref.name).toBe(name)
      expect(model.installed).toBe(false)
      const parts = model.manifest.files.length + (job === 'speech' ? 1 : 0)
      expect(model.missing).toHaveLength(parts)
      expect(model.missing[0]).toContain(path.join(folder, 'empty', 'models'))
    },
  )

  it.each([
    ['clip', { CLIP_MODEL: 'ViT-L-14' }, 'CLIP_MODEL', 'mini-vl'],
    ['clip', { CLIP_PRETRAINED: 'nobody' }, 'CLIP_MODEL', 'ViT-B-32/laion2b_s34b_b79k'],
    ['detector', { YOLO_MODEL: 'yolov99' }, 'YOLO_MODEL', 'yolox-nano'],
    ['detector', { YOLO_MODEL: '/nowhere/x.onnx' }, 'YOLO_MODEL', 'yolov8n'],
    ['speech', { WHISPER_MODEL: 'huge' }, 'WHISPER_MODEL', 'whisper-small'],
  ] as const)(
    '%s with %j is refused: %s, and %s is offered',
    async (job, variables, name, offer) => {
      const refused = resolveModel(empty(variables), job)
      await expect(refused).rejects.toMatchObject({ code: 'unknown-model' })
      await expect(refused).rejects.toThrow(name)
      await expect(refused).rejects.toThrow(offer)
    },
  )

  it('takes a manifest of the user with the files beside it', async () => {
    const own = path.join(folder, 'own')
    const manifest = await tinyPair(own)
    writeFileSync(path.join(own, 'pair.json'), JSON.stringify(manifest))
    const settings = empty({ CLIP_MODEL: path.join(own, 'pair.json') })
    const model = await resolveModel(settings, 'clip')
    expect(model).toMatchObject({
      installed: true,
      missing: [],
      ref: { name: 'tiny-pair', dims: 8 },
    })
    expect(model.files.image).toBe(path.join(own, 'image.onnx'))
    // No hash is pinned, so the revision is the content.
    expect(model.ref.revision).toMatch(/^files-[0-9a-f]{12}$/)
    expect(model.ref.runtime).toMatch(/^onnxruntime-node \d/)
    expect((await listModels(settings)).filter((entry) => entry.selected)[0]).toMatchObject({
      name: 'tiny-pair',
      installed: true,
      verification: 'by-hand',
    })
  })

  it('a file that changes is another revision', async () => {
    const own = path.join(folder, 'changing')
    await tinyYolov8(own)
    const settings = empty({ YOLO_MODEL: path.join(own, 'tiny-yolov8.onnx') })
    const before = await resolveModel(settings, 'detector')
    expect(await resolveModel(settings, 'detector')).toEqual(before)
    await tinyYolov8(own, ['bottle', 'jar'])
    const after = await resolveModel(settings, 'detector')
    expect(after.ref.revision).not.toBe(before.ref.revision)
  })

  it('finds any .onnx of a models folder by its name, and searches the folders in order', async () => {
    const first = path.join(folder, 'first')
    const second = path.join(folder, 'second')
    await tinyYolov8(second)
    const settings = { ...empty({ YOLO_MODEL: 'tiny-yolov8' }), modelDirs: [first, second] }
    expect((await resolveModel(settings, 'detector')).files.model).toContain('second')
    await tinyYolov8(first)
    expect((await resolveModel(settings, 'detector')).files.model).toContain('first')
  })

  it('an empty file is not an installed model', async () => {
    const dir = path.join(folder, 'hollow')
    mkdirSync(dir)
    writeFileSync(path.join(dir, 'yolox_nano.onnx'), '')
    const settings = { ...empty({ YOLO_MODEL: 'yolox-nano' }), modelDirs: [dir] }
    expect((await resolveModel(settings, 'detector')).installed).toBe(false)
  })
})

const shared = testData('models')
it.skipIf(!shared)('finds all five models of the shared folder: models', async () => {
  const settings = testSettings(path.join(folder, 'shared'), {
    CLIP_MODEL: 'mini-vl',
    YOLO_MODEL: 'yolox-nano',
    FORGEINDEX_MODELS_DIR: shared ?? '',
  })
  const clip = await resolveModel(settings, 'clip')
  expect(clip).toMatchObject({
    installed: true,
    ref: { name: 'mini-vl', revision: '1', dims: 512 },
  })
  const detector = await resolveModel(settings, 'detector')
  // These weights are another export than the hub's.
  expect(detector.ref).toMatchObject({ name: 'yolox-nano', revision: 'files-14d324ac15e9' })
  const speech = await resolveModel(settings, 'speech')
  expect(speech.installed).toBe(true)
  expect(speech.ref.fileHashes.vad).toMatch(/^1a153a22/)
  const listed = await listModels(settings)
  expect(listed.filter((entry) => entry.installed).map((entry) => entry.name)).toEqual([
    'mini-vl',
    'yolox-nano',
    'fastestdet',
    'whisper-base',
    'silero-vad',
  ])
  expect(listed.find((entry) => entry.name === 'yolov8n')).toMatchObject({
    licence: 'AGPL-3.0-only',
    selected: false,
    bytes: 12_823_574,
  })
})
