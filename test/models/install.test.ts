import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { resolveModel } from '../../src/models/catalog.ts'
import { installModel } from '../../src/models/install.ts'
import { KNOWN_MODELS } from '../../src/models/registry.ts'
import { fileServer } from './support/file-server.ts'
import { testSettings } from './support/settings.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-install-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const MODEL = randomBytes(700_000)
const HUB_PATH = 'someone/detector/resolve/abc123/model.onnx'
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
let count = 0

/** A user's manifest of one file, and settings that choose it, in a folder of its own. */
function detector(hubUrl: string, file: Record<string, unknown> = {}) {
  const dataDir = path.join(folder, String(count++))
  mkdirSync(dataDir)
  const manifest = path.join(dataDir, 'mine.json')
  const part = { role: 'model', path: 'mine/model.onnx', url: HUB_PATH, sha256: sha256(MODEL) }
  const common = { name: 'mine', kind: 'detector', revision: 'abc123', licence: 'MIT' }
  writeFileSync(
    manifest,
    JSON.stringify({ ...common, classes: ['bolt'], files: [{ ...part, ...file }] }),
  )
  const settings = testSettings(dataDir, { YOLO_MODEL: manifest, HF_ENDPOINT: hubUrl })
  const dir = path.join(dataDir, 'models', 'mine')
  const left = () => readdirSync(dir).filter((name) => name !== 'model.onnx')
  return { settings, manifest, dataDir, dir, target: path.join(dir, 'model.onnx'), left }
}

describe('installModel', () => {
  it('fetches, reports progress, verifies, and leaves nothing but the file', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL })
    const { settings, target, left } = detector(server.url, { bytes: MODEL.length })
    const progress: number[] = []
    await installModel(settings, 'mine', {
      onProgress: ({ file, received, total }) => {
        expect([file, total]).toEqual(['mine/model.onnx', MODEL.length])
        progress.push(received)
      },
    })
    expect(readFileSync(target).equals(MODEL)).toBe(true)
    expect(left()).toEqual([])
    expect(progress.at(-1)).toBe(MODEL.length)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    expect(await resolveModel(settings, 'detector')).toMatchObject({
      installed: true,
      ref: { revision: 'abc123', fileHashes: { model: sha256(MODEL) } },
    })
    await installModel(settings, 'mine')
    expect(server.requests).toHaveLength(1)
  })

  it('goes on by itself after cuts, asking only for the rest', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL }, (_request, nth) =>
      nth <= 3 ? { cutAfterBytes: 131_072 } : undefined,
    )
    const { settings, target } = detector(server.url)
    await installModel(settings, 'mine')
    expect(readFileSync(target).equals(MODEL)).toBe(true)
    expect(server.requests).toHaveLength(4)
    expect(server.requests[0]?.range).toBeUndefined()
    expect(
      server.requests.slice(1).every((request) => /^bytes=\d{5,}-$/.test(request.range ?? '')),
    ).toBe(true)
  })

  it('after an abort a second run asks only for the rest', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL }, (_request, nth) =>
      nth === 1 ? { pauseMs: 20 } : undefined,
    )
    const { settings, target, left } = detector(server.url)
    const abort = new AbortController()
    const first = installModel(settings, 'mine', {
      signal: abort.signal,
      onProgress: ({ received }) => received > 200_000 && abort.abort(new Error('enough')),
    })
    await expect(first).rejects.toThrow('enough')
    expect(left()).toEqual(['model.onnx.part'])
    await installModel(settings, 'mine')
    expect(Number(/\d+/.exec(server.requests[1]?.range ?? '')?.[0])).toBeGreaterThan(200_000)
    expect(readFileSync(target).equals(MODEL)).toBe(true)
    expect(left()).toEqual([])
  })

  it('takes over what a killed process left, but not at once: it might still be written', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL })
    const { settings, dir, left } = detector(server.url)
    mkdirSync(dir, { recursive: true })
    const part = path.join(dir, 'model.onnx.999999999-0a1b2c3d.part')
    writeFileSync(part, MODEL.subarray(0, 300_000))
    utimesSync(part, new Date(), new Date(Date.now() - 3_600_000))
    const fresh = path.join(dir, 'model.onnx.999999999-ffffffff.part')
    writeFileSync(fresh, MODEL.subarray(0, 100))
    await installModel(settings, 'mine')
    expect(server.requests[0]?.range).toBe('bytes=300000-')
    expect(left()).toEqual([path.basename(fresh)])
  })

  it('starts over when the server ignores the range, or the beginning is of another file', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL }, (_request, nth) =>
      nth === 1 ? { ignoreRange: true } : undefined,
    )
    for (const beginning of [MODEL.subarray(0, 5000), Buffer.alloc(5000), Buffer.alloc(800_000)]) {
      const { settings, dir, target } = detector(server.url)
      mkdirSync(dir, { recursive: true })
      writeFileSync(`${target}.part`, beginning)
      await installModel(settings, 'mine')
      expect(readFileSync(target).equals(MODEL)).toBe(true)
    }
  })

  it.each([
    ['other bytes of the same length', { sha256: 'ab'.repeat(32) }, 'ab'.repeat(32)],
    ['another length', { bytes: 1234 }, '1234 bytes'],
  ])('refuses %s, says expected and got, and keeps nothing', async (_what, file, expected) => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL })
    const { settings, left, dir } = detector(server.url, file)
    const refused = installModel(settings, 'mine')
    await expect(refused).rejects.toMatchObject({ name: 'PermanentError', code: 'hash-mismatch' })
    await expect(refused).rejects.toThrow(expected)
    await expect(refused).rejects.toThrow(/got \d+ bytes, sha256 [0-9a-f]{64}/)
    expect(left()).toEqual([])
    expect(readdirSync(dir)).toEqual([])
  })

  it('tries the next source when the first has the wrong bytes', async () => {
    await using server = await fileServer({
      [`/${HUB_PATH}`]: randomBytes(1000),
      '/mirror/model.onnx': MODEL,
    })
    const mirrors = ['mirror/model.onnx']
    const { settings, target } = detector(server.url, { mirrors })
    await installModel(settings, 'mine')
    expect(readFileSync(target).equals(MODEL)).toBe(true)
  })

  it('without a known hash keeps that of the first download and holds the next to it', async () => {
    const files = { [`/${HUB_PATH}`]: MODEL }
    await using server = await fileServer(files)
    const { settings, target } = detector(server.url, { sha256: null })
    await installModel(settings, 'mine')
    rmSync(target)
    await installModel(settings, 'mine')
    rmSync(target)
    files[`/${HUB_PATH}`] = randomBytes(700_000)
    await expect(installModel(settings, 'mine')).rejects.toMatchObject({ code: 'hash-mismatch' })
  })

  it.each([
    [404, {}, { name: 'NotFoundError', code: 'model-file-missing' }],
    [401, {}, { name: 'PermanentError', code: 'model-access-denied' }],
    [
      503,
      { 'retry-after': '0.05' },
      { name: 'TransientError', code: 'hub-busy', retryAfterMs: 50 },
    ],
    [429, { 'retry-after': '0.05' }, { name: 'TransientError', code: 'hub-busy' }],
  ])('an answer of %i says what to do', async (status, headers, error) => {
    await using server = await fileServer({}, () => ({ status, headers, body: MODEL }))
    await expect(installModel(detector(server.url).settings, 'mine')).rejects.toMatchObject(error)
    expect(server.requests).toHaveLength(status === 503 || status === 429 ? 3 : 1)
  })

  it('waits out a busy hub', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL }, (_request, nth) =>
      nth === 1 ? { status: 503, headers: { 'retry-after': '0.05' } } : undefined,
    )
    await installModel(detector(server.url).settings, 'mine')
    expect(server.requests).toHaveLength(2)
  })

  it('a hub that falls silent is asked again for the rest, then given up', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL }, (_request, nth) =>
      nth === 1 ? { stallAfterBytes: 200_000 } : { stallAfterBytes: 0 },
    )
    const { settings, left } = detector(server.url)
    await expect(installModel(settings, 'mine', { stallTimeoutMs: 150 })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'hub-unreachable',
    })
    expect(server.requests.length).toBeGreaterThan(2)
    expect(left()).toEqual(['model.onnx.part'])
  })

  it('a hub that is not there is named', async () => {
    const { settings } = detector('http://127.0.0.1:9')
    const refused = installModel(settings, 'mine')
    await expect(refused).rejects.toMatchObject({ code: 'hub-unreachable' })
    await expect(refused).rejects.toThrow('http://127.0.0.1:9')
  })

  it('a file larger than the free space is refused before it is fetched', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL })
    const { settings, left } = detector(server.url, { bytes: Number.MAX_SAFE_INTEGER })
    await expect(installModel(settings, 'mine')).rejects.toMatchObject({ code: 'disk-full' })
    expect(left()).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0)(
    'a models folder that cannot be written is named',
    async () => {
      await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL })
      const { settings, dataDir } = detector(server.url)
      chmodSync(dataDir, 0o500)
      const refused = installModel(settings, 'mine')
      await expect(refused).rejects.toMatchObject({ code: 'models-dir-not-writable' })
    },
  )

  it('a models folder that is a file is named', async () => {
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL })
    const { settings, dataDir } = detector(server.url)
    writeFileSync(path.join(dataDir, 'models'), '')
    const refused = installModel(settings, 'mine')
    await expect(refused).rejects.toMatchObject({ code: 'models-dir-not-writable' })
  })

  it('two processes at once both end with the right file and leave nothing else', async () => {
    // Nobody gets a byte before both have asked.
    let bothAsked = () => {}
    const after = new Promise<void>((resolve) => {
      bothAsked = resolve
    })
    await using server = await fileServer({ [`/${HUB_PATH}`]: MODEL }, (_request, nth) => {
      if (nth === 2) bothAsked()
      return { after, pauseMs: 5 }
    })
    const { dataDir, manifest, target, left } = detector(server.url)
    const script = path.join(import.meta.dirname, 'support/pull.ts')
    const argv = ['--import', 'tsx', script, dataDir, manifest, server.url]
    const children = [1, 2].map(() => spawn(process.execPath, argv, { stdio: 'ignore' }))
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
    expect(codes).toEqual([0, 0])
    expect(server.requests.map((request) => request.range)).toEqual([undefined, undefined])
    expect(readFileSync(target).equals(MODEL)).toBe(true)
    expect(left()).toEqual([])
  })

  it('a speech model brings the voice detector with it', async () => {
    const base = KNOWN_MODELS.find((model) => model.manifest.name === 'whisper-base')
    await using server = await fileServer({})
    const settings = testSettings(path.join(folder, 'speech'), { HF_ENDPOINT: server.url })
    await expect(installModel(settings, 'base')).rejects.toMatchObject({
      code: 'model-file-missing',
    })
    expect(server.requests[0]?.path).toBe(`/${base?.manifest.files[0]?.url}`)
    // With Whisper in place only the detector is asked for, from this hub first.
    for (const file of base?.manifest.files ?? []) {
      const target = path.join(folder, 'speech', 'models', file.path)
      mkdirSync(path.dirname(target), { recursive: true })
      writeFileSync(target, 'x')
    }
    const wrong = '/deepghs/silero-vad-onnx/resolve/main/silero_vad.onnx'
    await using vadServer = await fileServer({ [wrong]: Buffer.from('short') })
    const abort = new AbortController()
    const pulling = installModel({ ...settings, hubUrl: vadServer.url }, 'speech', {
      signal: abort.signal,
      // The authors' own copy is next, which a test must not fetch.
      onProgress: () => abort.abort(new Error('asked')),
    })
    await expect(pulling).rejects.toThrow('asked')
    expect(vadServer.requests.map((request) => request.path)).toEqual([wrong])
  })

  it('an unknown name is refused with the known ones, a model without address by its folder', async () => {
    const settings = testSettings(path.join(folder, 'unknown'))
    const unknown = installModel(settings, 'yolov99')
    await expect(unknown).rejects.toMatchObject({ code: 'unknown-model' })
    await expect(unknown).rejects.toThrow('yolox-nano')
    await expect(installModel(settings, 'mini-vl')).rejects.toMatchObject({
      code: 'model-not-downloadable',
    })
  })
})
