import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/log.ts'
import { ModelHost } from '../../src/models/host.ts'
import { heard } from './support/heard.ts'
import { writeOnnx } from './support/onnx-file.ts'
import { plainJpeg } from './support/pictures.ts'
import { testSettings } from './support/settings.ts'
import { tinyPair, tinyYolov8 } from './support/tiny-models.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-faults-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const silent = createLogger('silent')
/** Long for a model of a few kilobytes, even on a machine with much else to do. */
const PATIENCE_MS = 12_000

const red = plainJpeg(path.join(folder, 'red.jpg'), { r: 255, g: 0, b: 0 })
const black = plainJpeg(path.join(folder, 'black.jpg'), { r: 0, g: 0, b: 0 })

/** Settings on models in a folder of their own, which the test may damage. */
async function ownModels(name: string, variables: Record<string, string> = {}) {
  const models = path.join(folder, name)
  mkdirSync(models)
  const manifest = await tinyPair(models)
  await tinyYolov8(models)
  const saveManifest = (changes: object) =>
    writeFileSync(path.join(models, 'pair.json'), JSON.stringify({ ...manifest, ...changes }))
  saveManifest({})
  const settings = testSettings(path.join(folder, `${name}-data`), {
    CLIP_MODEL: path.join(models, 'pair.json'),
    YOLO_MODEL: path.join(models, 'tiny-yolov8.onnx'),
    FORGEINDEX_THREADS: '2',
    ...variables,
  })
  return { models, settings, saveManifest }
}

describe('a model that is wrong', () => {
  it('is named when its file is damaged after the install, and works again once mended', async () => {
    const { models, settings } = await ownModels('damaged')
    await using host = new ModelHost(settings, silent)
    const file = path.join(models, 'tiny-yolov8.onnx')
    copyFileSync(file, `${file}.good`)
    expect(await host.detect([await red])).toHaveLength(1)
    const { ref } = await host.describe('detector')
    truncateSync(file, 500)
    // The same model to the settings, another one to the record.
    expect((await host.describe('detector')).ref.revision).not.toBe(ref.revision)
    await expect(host.detect([await red])).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'model-unreadable',
      message: expect.stringContaining('tiny-yolov8.onnx'),
    })
    copyFileSync(`${file}.good`, file)
    expect((await host.describe('detector')).ref.revision).toBe(ref.revision)
    expect(await host.detect([await red])).toHaveLength(1)
    rmSync(file)
    await expect(host.detect([await red])).rejects.toMatchObject({ code: 'unknown-model' })
  })

  it('is refused when its output has another shape than its manifest says', async () => {
    const { settings, saveManifest } = await ownModels('shapes')
    for (const dims of [4, 16]) {
      saveManifest({ dims })
      await using host = new ModelHost(settings, silent)
      const wrong = { code: 'model-output-wrong', message: expect.stringContaining(',8]') }
      await expect(host.embedImages([await red])).rejects.toMatchObject(wrong)
      await expect(host.embedTexts(['dog'])).rejects.toMatchObject(wrong)
    }
  })

  it('that gives NaN for one image fails the call of that image, not those in its batch', async () => {
    const { models, settings } = await ownModels('nan')
    // Each colour's share of the brightness: 0 / 0 for a black image.
    await writeOnnx(path.join(models, 'image.onnx'), {
      inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, 224, 224] }],
      outputs: [{ name: 'embedding', type: 'float32', shape: ['N', 8] }],
      nodes: [
        { op: 'GlobalAveragePool', inputs: ['image'], outputs: ['pooled'] },
        { op: 'Flatten', inputs: ['pooled'], outputs: ['colour'], attributes: { axis: 1 } },
        { op: 'MatMul', inputs: ['colour', 'ones'], outputs: ['brightness'] },
        { op: 'MatMul', inputs: ['colour', 'spread'], outputs: ['spread_colour'] },
        { op: 'Div', inputs: ['spread_colour', 'brightness'], outputs: ['embedding'] },
      ],
      constants: {
        ones: { shape: [3, 1], values: [1, 1, 1] },
        spread: { shape: [3, 8], values: Array.from({ length: 24 }, (_, index) => index) },
      },
    })
    await using host = new ModelHost(settings, silent)
    const [image, dark] = [await red, await black]
    const [, good, bad] = await Promise.allSettled([
      host.embedImages(Array.from({ length: 48 }, () => image)),
      host.embedImages(Array.from({ length: 6 }, () => image)),
      host.embedImages([image, dark, image]),
    ])
    expect(good).toMatchObject({ status: 'fulfilled' })
    expect(good.status === 'fulfilled' && good.value.map((vector) => vector[7])).toEqual(
      Array.from({ length: 6 }, () => expect.closeTo(7 / Math.hypot(0, 1, 2, 3, 4, 5, 6, 7), 2)),
    )
    expect(bad).toMatchObject({ reason: { name: 'PermanentError', code: 'model-output-wrong' } })
  })
})

describe('a model process', () => {
  it('that is stuck on one video is replaced: only that video fails', async () => {
    const { settings } = await ownModels('stuck')
    await black
    // Opening it waits for somebody who writes.
    const pipe = path.join(folder, 'pipe.jpg')
    execFileSync('mkfifo', [pipe])
    const { logger, lines } = heard()
    await using host = new ModelHost(settings, logger, { patienceMs: PATIENCE_MS })
    const image = await red
    // Full batches go ahead: what comes behind them shares one.
    const [ahead, good, bad] = await Promise.allSettled([
      host.detect(Array.from({ length: 48 }, () => image)),
      host.detect([image, path.join(folder, 'black.jpg')]),
      host.detect([pipe]),
    ])
    expect(ahead.status === 'rejected' ? ahead.reason : null).toBeNull()
    expect(good.status === 'fulfilled' && good.value.map((boxes) => boxes.length)).toEqual([1, 0])
    expect(bad).toMatchObject({
      reason: {
        name: 'PermanentError',
        code: 'model-crashed',
        message: expect.stringMatching(/died [23] times .* \(no answer for \d+ s\)/),
      },
    })
    // A line may tell as well that a model took long: the machine may be busy.
    const deaths = lines().flatMap(({ msg }) =>
      msg.startsWith('model process ended') ? [msg] : [],
    )
    expect(deaths.filter((msg) => !msg.includes('no answer'))).toEqual([])
    // Two when it was alone from the start, three when its batch held the other call too.
    expect([2, 3]).toContain(deaths.length)
    expect(await host.detect([await red])).toHaveLength(1)
  }, 300_000)

  it('that stands still for a while is waited for, and it is said', async () => {
    const { settings } = await ownModels('slow')
    const { logger, lines } = heard()
    await using host = new ModelHost(settings, logger)
    const images = Array.from({ length: 16 }, () => path.join(folder, 'red.jpg'))
    await red
    await host.detect(images)
    const [pid = 0] = host.processIds
    // Large pictures: there is time to stop it between two pieces of the batch.
    const large = await plainJpeg(path.join(folder, 'large.jpg'), { r: 255, g: 0, b: 0 }, SIZE)
    const stopped = sleep(200).then(() => process.kill(pid, 'SIGSTOP'))
    const slow = host.detect(Array.from({ length: 32 }, () => large))
    await stopped
    await sleep(3_000)
    process.kill(pid, 'SIGCONT')
    expect(await slow).toHaveLength(32)
    expect(host.processIds).toEqual([pid])
    expect(lines().length).toBeLessThanOrEqual(1)
  })

  it('over its memory limit is replaced once, and the limit raised when its models need it', async () => {
    const { settings } = await ownModels('memory', { FORGEINDEX_MODEL_MEMORY_MB: '1' })
    const { logger, lines } = heard()
    await using host = new ModelHost(settings, logger)
    const pids = new Set<number>()
    for (let round = 0; round < 4; round++) {
      expect(await host.detect([await red])).toHaveLength(1)
      for (const pid of host.processIds) pids.add(pid)
    }
    expect(lines().map(({ msg }) => msg)).toEqual([
      expect.stringContaining('over FORGEINDEX_MODEL_MEMORY_MB: it is replaced'),
      expect.stringContaining('the limit is raised'),
    ])
    expect(host.processIds).toHaveLength(1)
  })

  it('runs on the CPU when the device that is set cannot be used, and says so', async () => {
    const { settings } = await ownModels('device', { FORGEINDEX_DEVICE: 'coreml' })
    if (process.platform === 'darwin') return
    const { logger, lines } = heard()
    await using host = new ModelHost(settings, logger)
    expect(await host.detect([await red])).toHaveLength(1)
    expect(await host.embedImages([await red])).toHaveLength(1)
    expect(host.deviceOf('detector')).toBe('cpu')
    expect(lines().map(({ msg }) => msg)).toEqual([
      expect.stringContaining('models run on the CPU, coreml cannot be used'),
    ])
  })
})

const SIZE = { width: 1200, height: 900 }
