// Long because starting a model process is slow: one file shares it among its cases.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/log.ts'
import { ModelHost } from '../../src/models/host.ts'
import { testData } from '../support/test-data.ts'
import { plainJpeg } from './support/pictures.ts'
import { testSettings } from './support/settings.ts'
import { TINY_DIMS, tinyPair, tinyYolov8 } from './support/tiny-models.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-host-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const logger = createLogger('silent')

/** Settings with the tiny models, which every clone can make. */
async function tinySettings() {
  const models = path.join(folder, 'tiny')
  if (!existsSync(path.join(models, 'pair.json'))) {
    const manifest = await tinyPair(models)
    await tinyYolov8(models)
    writeFileSync(path.join(models, 'pair.json'), JSON.stringify(manifest))
  }
  return testSettings(path.join(folder, 'data'), {
    CLIP_MODEL: path.join(models, 'pair.json'),
    YOLO_MODEL: path.join(models, 'tiny-yolov8.onnx'),
    FORGEINDEX_THREADS: '2',
  })
}

/** Red for even numbers, blue for odd ones. */
const pictures = (async () => {
  const dir = path.join(folder, 'pictures')
  mkdirSync(dir)
  return Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      plainJpeg(path.join(dir, `${index}.jpg`), {
        r: index % 2 ? 0 : 255,
        g: 0,
        b: index % 2 ? 255 : 0,
      }),
    ),
  )
})()

describe('ModelHost', () => {
  it('embeds 40 images and texts and detects, in order and with progress', async () => {
    await using host = new ModelHost(await tinySettings(), logger)
    expect(host.processIds).toEqual([])
    const files = await pictures
    const done: number[] = []
    const vectors = await host.embedImages(files, { onProgress: (count) => done.push(count) })
    expect(done).toEqual([16, 32, 40])
    expect(vectors).toHaveLength(40)
    for (const [index, vector] of vectors.entries()) {
      expect(vector).toHaveLength(TINY_DIMS)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
      expect(vector[0]).toBeCloseTo(vectors[index % 2]?.[0] ?? 9, 3)
    }
    const found = await host.detect(files)
    expect(found.map((boxes) => boxes.length)).toEqual(files.map((_, index) => (index + 1) % 2))
    expect(found[0]?.[0]).toMatchObject({ label: 'bottle' })
    const texts = Array.from({ length: 20 }, (_, index) => 'dog '.repeat(index + 1))
    expect(await host.embedTexts(texts)).toHaveLength(20)
    expect(await host.embedImages([])).toEqual([])
    expect(host.deviceOf('clip')).toBe('cpu')
    expect(host.deviceOf('speech')).toBeNull()
    expect(host.processIds).toHaveLength(2)
  })

  it('a model that is not there is a step to skip, and is found once it is', async () => {
    const models = path.join(folder, 'later')
    const settings = testSettings(path.join(folder, 'later-data'), {
      YOLO_MODEL: 'yolov8n.pt',
      FORGEINDEX_MODELS_DIR: models,
    })
    await using host = new ModelHost(settings, logger)
    const [file = ''] = await pictures
    for (const call of [
      () => host.detect([file]),
      () => host.embedTexts(['dog']),
      () => host.transcribe(file),
    ]) {
      await expect(call()).rejects.toMatchObject({
        name: 'SkipStep',
        code: 'model-missing',
        message: expect.stringContaining('forgeindex models pull'),
      })
    }
    expect(host.processIds).toEqual([])
    await tinyYolov8(models)
    rmSync(path.join(models, 'yolov8n.onnx'), { force: true })
    execFileSync('mv', [path.join(models, 'tiny-yolov8.onnx'), path.join(models, 'yolov8n.onnx')])
    expect(await host.detect([file])).toHaveLength(1)
  })

  it('an unreadable image fails that call by name and leaves the process at work', async () => {
    await using host = new ModelHost(await tinySettings(), logger)
    const files = await pictures
    const broken = path.join(folder, 'broken.jpg')
    writeFileSync(broken, 'no image')
    await expect(host.embedImages([...files, broken, ...files])).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'image-unreadable',
      message: expect.stringContaining('broken.jpg'),
    })
    const [pid] = host.processIds
    expect(await host.embedImages(files.slice(0, 2))).toHaveLength(2)
    expect(host.processIds).toEqual([pid])
  })

  it('a damaged model file is named, and works once it is mended', async () => {
    const models = path.join(folder, 'damaged')
    await tinyYolov8(models)
    const model = path.join(models, 'tiny-yolov8.onnx')
    const settings = testSettings(path.join(folder, 'damaged-data'), { YOLO_MODEL: model })
    writeFileSync(model, 'not a model')
    await using host = new ModelHost(settings, logger)
    const [file = ''] = await pictures
    await expect(host.detect([file])).rejects.toMatchObject({
      code: 'model-unreadable',
      message: expect.stringContaining('tiny-yolov8.onnx'),
    })
    await tinyYolov8(models)
    expect(await host.detect([file])).toHaveLength(1)
  })

  it('work goes on to the right end when its process is killed, and no zombie is left', async () => {
    await using host = new ModelHost(await tinySettings(), logger)
    const files = await pictures
    const expected = await host.embedImages(files)
    const [killed = 0] = host.processIds
    const many = Array.from({ length: 10 }, () => files).flat()
    let kills = 0
    const vectors = await host.embedImages(many, {
      onProgress: () => {
        if (kills++ === 0) process.kill(killed, 'SIGKILL')
      },
    })
    expect(host.processIds).not.toContain(killed)
    expect(vectors).toHaveLength(400)
    for (const [index, vector] of vectors.entries()) expect(vector).toEqual(expected[index % 40])
    expect(stateOf(killed)).toBeNull()
  })

  it('a process that dies of the same work twice is an error, and the next work still runs', async () => {
    await using host = new ModelHost(await tinySettings(), logger)
    const files = await pictures
    await host.embedImages(files.slice(0, 1))
    const work = host.embedImages(Array.from({ length: 20 }, () => files).flat())
    const killer = (async () => {
      const seen = new Set<number>()
      while (seen.size < 2) {
        for (const pid of host.processIds) {
          if (!seen.has(pid)) {
            seen.add(pid)
            // The second one only after it has been given the work again.
            if (seen.size === 2) await sleep(50)
            process.kill(pid, 'SIGSEGV')
          }
        }
        await sleep(2)
      }
    })()
    await expect(work).rejects.toMatchObject({ name: 'PermanentError', code: 'model-crashed' })
    await killer
    expect(await host.embedImages(files.slice(0, 3))).toHaveLength(3)
  })

  it('an abort drops what waits and rejects with its reason; other work is untouched', async () => {
    await using host = new ModelHost(await tinySettings(), logger)
    const files = await pictures
    await host.embedImages(files.slice(0, 1))
    const abort = new AbortController()
    let done = 0
    const aborted = host.embedImages(Array.from({ length: 50 }, () => files).flat(), {
      signal: abort.signal,
      onProgress: (count) => {
        done = count
        abort.abort(new Error('no longer wanted'))
      },
    })
    const other = host.detect(files)
    await expect(aborted).rejects.toThrow('no longer wanted')
    expect(done).toBeLessThan(200)
    expect(await other).toHaveLength(40)
    await expect(
      host.detect(files, { signal: AbortSignal.abort(new Error('too late')) }),
    ).rejects.toThrow('too late')
  })

  it('a process without work ends by itself and comes back with the next work', async () => {
    await using host = new ModelHost(await tinySettings(), logger, { idleMs: 50 })
    const files = await pictures
    await host.detect(files.slice(0, 1))
    const [pid = 0] = host.processIds
    await sleep(1000)
    expect(host.processIds).toEqual([])
    expect(stateOf(pid)).toBeNull()
    expect(await host.detect(files.slice(0, 1))).toHaveLength(1)
  })

  it('closing it ends the processes and refuses what still waits', async () => {
    const host = new ModelHost(await tinySettings(), logger)
    const files = await pictures
    await host.embedImages(files.slice(0, 1))
    const [pid = 0] = host.processIds
    const left = host.embedImages(Array.from({ length: 20 }, () => files).flat())
    const refused = expect(left).rejects.toThrow('closed')
    await host.describe('clip')
    await sleep(20)
    await host[Symbol.asyncDispose]()
    await refused
    expect(stateOf(pid)).toBeNull()
  })

  it('its processes neither keep a program alive nor outlive one that is killed', async () => {
    const settings = await tinySettings()
    const [file = ''] = await pictures
    const script = path.join(import.meta.dirname, 'support/detect-once.ts')
    const run = (mode: string) =>
      spawn(
        process.execPath,
        ['--import', 'tsx', script, settings.dataDir, settings.yoloModel, file, mode],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
    const ends = run('end')
    expect((await once(ends, 'exit'))[0]).toBe(0)
    const stays = run('stay')
    const [output] = (await once(stays.stdout, 'data')) as [Buffer]
    const modelPid = Number(output.toString().trim())
    expect(stateOf(modelPid)).not.toBeNull()
    stays.kill('SIGKILL')
    await expect.poll(() => stateOf(modelPid), { timeout: 5000 }).toBeNull()
  })
})

const models = testData('models')
const jfk = testData('audio/jfk.wav')
const frame = testData('images/yolox-dog.jpg')
describe.skipIf(!models || !jfk || !frame)(
  'with real weights (models, audio/jfk.wav, images)',
  () => {
    const settings = testSettings(path.join(folder, 'real'), {
      FORGEINDEX_MODELS_DIR: models ?? '',
      CLIP_MODEL: 'mini-vl',
      YOLO_MODEL: 'yolox-nano',
      FORGEINDEX_THREADS: '2',
    })

    it('describes, embeds, detects and transcribes at once; a query overtakes the batch', async () => {
      await using host = new ModelHost(settings, logger)
      expect(await host.describe('clip')).toMatchObject({ ref: { name: 'mini-vl', dims: 512 } })
      const seconds: number[] = []
      const speech = host.transcribe(jfk ?? '', { onProgress: (at) => seconds.push(at) })
      const files = Array.from({ length: 32 }, () => frame ?? '')
      let embedded = false
      const images = host.embedImages(files).finally(() => {
        embedded = true
      })
      await host.embedTexts(['warm up'])
      const [dog] = await host.embedTexts(['a photo of a dog'])
      expect(embedded).toBe(false)
      const [image] = await images
      const [objects] = await host.detect([frame ?? ''])
      expect(objects?.map((object) => object.label)).toEqual(
        expect.arrayContaining(['dog', 'bicycle']),
      )
      const [piano] = await host.embedTexts(['a grand piano'])
      expect(dot(image, dog)).toBeGreaterThan(dot(image, piano))
      const { text, language } = await speech
      expect(language).toBe('en')
      expect(text).toContain('ask not what your country can do for you')
      expect(seconds.at(-1)).toBeCloseTo(11, 0)
    })

    it('an aborted transcription stops within a second', async () => {
      await using host = new ModelHost(settings, logger)
      await host.transcribe(jfk ?? '')
      const abort = new AbortController()
      const running = host.transcribe(jfk ?? '', { signal: abort.signal })
      await sleep(100)
      const start = performance.now()
      abort.abort(new Error('stop it'))
      await expect(running).rejects.toThrow('stop it')
      expect(performance.now() - start).toBeLessThan(1500)
    })
  },
)

/** State letter of a process (`Z` a zombie), or null when there is none. */
function stateOf(pid: number): string | null {
  try {
    return (
      execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
        .toString()
        .trim() || null
    )
  } catch {
    // ps ends with 1 when no such process exists.
    return null
  }
}

function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  return a?.reduce((sum, value, index) => sum + value * (b?.[index] ?? 0), 0) ?? Number.NaN
}
