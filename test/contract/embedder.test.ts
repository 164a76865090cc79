import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'vitest'
import { ImageTower, TextTower } from '../../src/models/clip.ts'
import { adaptForeignManifest } from '../../src/models/foreign-manifest.ts'
import { readJson } from '../../src/models/manifest.ts'
import { TINY_DIMS, tinyPair } from '../models/support/tiny-models.ts'
import { testData } from '../support/test-data.ts'
import { embedderContract } from './embedder.ts'

embedderContract(
  'a tiny pair of our own (text batch 1, int32, fixed length)',
  TINY_DIMS,
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-pair-'))
    return load(await tinyPair(folder), folder)
  },
  1e-6,
)

const model = testData('models/mini-vl/model.json')
if (model) {
  embedderContract(
    'mini-vl',
    512,
    async () => load(adaptForeignManifest(await readJson(model), '', model), path.dirname(model)),
    0.03,
  )
} else {
  it.skip('embedder contract: mini-vl (models/mini-vl/model.json is missing)', () => {})
}

async function load(manifest: Parameters<typeof ImageTower.load>[0], folder: string) {
  const files = {
    image: path.join(folder, 'image.onnx'),
    text: path.join(folder, 'text.onnx'),
    tokenizer: path.join(folder, 'tokenizer.json'),
  }
  return {
    images: await ImageTower.load(manifest, files, 2),
    texts: await TextTower.load(manifest, files, 2),
  }
}
