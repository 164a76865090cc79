import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Extraction, extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { together } from '../../src/media/together.ts'
import { H264, makeClip, scratchFolder, tools } from './clips.ts'

const folder = scratchFolder()
const at = (name: string) => path.join(folder, name)
const sha256 = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

/** Sound that begins 0.5 s after the pictures, in a file of `seconds`. */
const clip = (name: string, seconds: number) =>
  makeClip(
    at(name),
    [
      `-f lavfi -i testsrc2=s=64x64:r=5:d=${seconds}`,
      `-itsoffset 0.5 -f lavfi -i sine=frequency=440:duration=${seconds - 0.5}`,
      `-map 0:v -map 1:a ${H264} -c:a aac`,
    ].join(' '),
  )

async function heard(file: string, name: string, listens: boolean) {
  await mkdir(at(name))
  const info = await probe(tools, file)
  const early: string[] = []
  const options = listens ? { onSound: (wav: string) => early.push(wav) } : {}
  const extraction: Extraction = await extract(tools, file, info, at(name), options)
  return { extraction, early }
}

describe('the sound of a video of a minute', () => {
  it('is the same to the byte whether it is decoded alone or with the pictures', async () => {
    const file = await clip('minute.mp4', 61)
    const alone = await heard(file, 'alone', true)
    const beside = await heard(file, 'beside', false)
    expect(alone.early).toEqual([alone.extraction.audio])
    expect(await sha256(alone.extraction.audio!)).toBe(await sha256(beside.extraction.audio!))
    const facts = ({ extraction }: typeof alone) => ({
      ...extraction,
      audio: null,
      thumbnail: null,
      keyframes: extraction.keyframes.map((keyframe) => ({ ...keyframe, file: '' })),
    })
    expect(facts(alone)).toEqual(facts(beside))
    expect(alone.extraction.warnings).toEqual([])
  })

  it('comes with the pictures when the video is shorter, or is nothing but sound', async () => {
    const short = await heard(await clip('short.mp4', 20), 'short', true)
    expect(short.early).toEqual([])
    expect(existsSync(short.extraction.audio!)).toBe(true)
    const onlySound = await makeClip(
      at('sound.m4a'),
      '-f lavfi -i sine=frequency=440:duration=70 -c:a aac',
    )
    const sound = await heard(onlySound, 'sound', true)
    expect(sound.early).toEqual([])
    expect(sound.extraction.warnings).toEqual(['no-video'])
    expect(existsSync(sound.extraction.audio!)).toBe(true)
  })
})

describe('together', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
    })

  it('gives what both gave', async () => {
    const both = together(
      undefined,
      async () => 1,
      async () => 'two',
    )
    expect(await both).toEqual([1, 'two'])
  })

  it('stops the other when one fails, and tells the fault of that one', async () => {
    await expect(
      together(undefined, untilAborted, async () => {
        throw new Error('first')
      }),
    ).rejects.toThrow('first')
  })

  it('stops both when the caller does', async () => {
    const caller = new AbortController()
    const both = together(caller.signal, untilAborted, untilAborted)
    caller.abort(new Error('enough'))
    await expect(both).rejects.toThrow('stopped')
  })
})
