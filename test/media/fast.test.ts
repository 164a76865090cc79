import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { run } from '../../src/media/process.ts'
import { skippableFrames } from '../../src/media/skippable-frames.ts'
import { lastChanged } from '../../src/media/still-frames.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-fast-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const settings = readSettings({ FORGEINDEX_DATA_DIR: folder })

/** Six seconds of a moving pattern with a key frame every `seconds`. */
async function clip(name: string, seconds: number): Promise<string> {
  const file = path.join(folder, name)
  const { code, stderr } = await run(settings.ffmpeg, [
    ...['-nostdin', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=24:d=6'],
    ...['-c:v', 'libx264', '-preset', 'fast', '-g', String(24 * seconds), '-sc_threshold', '0'],
    ...['-pix_fmt', 'yuv420p', file],
  ])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return file
}

it('decodes key frames alone where there is one a second, else all', async () => {
  const dense = await clip('dense.mp4', 1)
  const sparse = await clip('sparse.mp4', 3)
  const skips = async (file: string) =>
    await skippableFrames(settings, file, await probe(settings, file))
  expect(await skips(dense)).toBe('nokey')
  expect(await skips(sparse)).toBeNull()
})

it('gives one keyframe a second from key frames alone, equal to the ones of a whole decode', async () => {
  const file = await clip('whole.mp4', 1)
  const info = await probe(settings, file)
  const made = async (skipped: 'nokey' | null) => {
    const into = mkdtempSync(path.join(folder, 'out-'))
    const { keyframes, decodedFrames } = await extract(settings, file, info, into, { skipped })
    const pixels = keyframes.map((frame) => sharp(frame.file).raw().toBuffer())
    return { times: keyframes.map((frame) => frame.timestamp), decodedFrames, pixels }
  }
  const [whole, fewest] = [await made(null), await made('nokey')]
  expect(whole.decodedFrames).toBe(144)
  expect(fewest.decodedFrames).toBe(6)
  expect(whole.times).toEqual([0, 1, 2, 3, 4, 5])
  expect(fewest.times).toEqual(whole.times)
  for (const [index, pixels] of whole.pixels.entries()) {
    expect((await fewest.pixels[index]!).equals(await pixels)).toBe(true)
  }
})

it('tells pictures that did not change, and adds up slow changes', async () => {
  const picture = async (name: string, grey: number, patch: number | null) => {
    const file = path.join(folder, name)
    const base = sharp({
      create: { width: 640, height: 360, channels: 3, background: { r: grey, g: grey, b: grey } },
    })
    const value = patch ?? 0
    const input = {
      create: {
        width: 60,
        height: 60,
        channels: 3 as const,
        background: { r: value, g: value, b: value },
      },
    }
    await base
      .composite(patch === null ? [] : [{ input, left: 300, top: 200 }])
      .jpeg({ quality: 95 })
      .toFile(file)
    return file
  }
  const files = [
    await picture('0.jpg', 100, null),
    await picture('1.jpg', 102, null),
    await picture('2.jpg', 106, null),
    await picture('3.jpg', 110, null), // 10 away from the first one
    await picture('4.jpg', 110, 200), // something came in
    await picture('5.jpg', 110, 200),
  ]
  expect(await lastChanged(files)).toEqual([0, 0, 0, 3, 4, 4])
})
