import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, expect, test } from 'vitest'
import { createLogger } from '../../../src/log.ts'
import { ModelHost } from '../../../src/models/host.ts'
import { randomFrom } from '../../support/random.ts'
import { heard } from '../support/heard.ts'
import { testSettings } from '../support/settings.ts'
import { tinyPair } from '../support/tiny-models.ts'
import { PERCEPTRON_DIMS, tinyPerceptron } from '../support/tiny-perceptron.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Settings with the perceptron as the image side; the text side is never asked. */
async function settingsOf(profile: 'exact' | 'fast') {
  const models = path.join(folder, 'models')
  const pair = await tinyPair(models)
  const { manifest } = await tinyPerceptron(models)
  const others = pair.files.filter(({ role }) => role !== 'image')
  const files = [...manifest.files, ...others]
  await writeFile(path.join(models, 'pair.json'), JSON.stringify({ ...manifest, files }))
  return testSettings(path.join(folder, profile), {
    CLIP_MODEL: path.join(models, 'pair.json'),
    FORGEINDEX_PROFILE: profile,
  })
}

/** Noise, each picture another one. */
async function pictures(count: number): Promise<string[]> {
  const random = randomFrom(11)
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const file = path.join(folder, `${n}.png`)
      const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, () => 256 * random() ** 3)
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toFile(file)
      return file
    }),
  )
}

test('the fast profile takes image vectors in 8 bits once they are proven, exact never does', async () => {
  const files = await pictures(64)
  const [exactSettings, fastSettings] = [await settingsOf('exact'), await settingsOf('fast')]
  const { logger, lines } = heard('info')
  await using exact = new ModelHost(exactSettings, createLogger('silent'))
  await using fast = new ModelHost(fastSettings, logger)
  const expected = await exact.embedImages(files)
  const cache = path.join(fastSettings.dataDir, 'cache', 'eight-bit')
  const isDecided = () =>
    existsSync(cache) && readdirSync(cache).some((name) => name.endsWith('.json'))
  for (let round = 0; !isDecided(); round++) {
    expect(round).toBeLessThan(100)
    const early = await fast.embedImages(files)
    if (!isDecided()) expect(early).toEqual(expected)
  }
  const found = await fast.embedImages(files)
  expect(found).not.toEqual(expected)
  for (const [n, vector] of found.entries()) {
    expect(vector).toHaveLength(PERCEPTRON_DIMS)
    const cosine = vector.reduce((sum, value, at) => sum + value * expected[n]![at]!, 0)
    expect(cosine).toBeGreaterThan(0.999)
  }
  expect(lines()).toContainEqual(
    expect.objectContaining({
      level: 30,
      msg: expect.stringContaining('tiny-perceptron runs in 8 bits (columns)'),
    }),
  )
  expect(existsSync(path.join(exactSettings.dataDir, 'cache', 'eight-bit'))).toBe(false)
})
