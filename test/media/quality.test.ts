import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { speechShareOf } from '../../src/labeling/speech-share.ts'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { pictureQuality } from '../../src/media/quality-pictures.ts'
import { testData } from '../support/test-data.ts'
import { H264, makeClip, scratchFolder, tools } from './clips.ts'

const folder = scratchFolder()
let runs = 0
async function measured(file: string) {
  const output = path.join(folder, `out-${runs++}`)
  await mkdir(output)
  const { keyframes, quality } = await extract(tools, file, await probe(tools, file), output)
  return { ...quality, ...(await pictureQuality(keyframes.map((keyframe) => keyframe.file))) }
}
const made = (name: string, args: string) => makeClip(path.join(folder, name), args)

/** A picture that changes all over, several times a second, without a camera that moves. */
const ALIVE = '-f lavfi -i mandelbrot=s=640x360:r=10:end_scale=0.0001'
const TEXT = [0, 24, 48, 72]
  .map((x) => `drawbox=x=${500 + x}:y=20:w=14:h=30:c=white@0.8:t=4`)
  .join(',')

describe('over time', () => {
  it('black is black and frozen, and has no sharpness', async () => {
    const file = await made('black.mp4', `-f lavfi -i color=black:s=320x180:r=25:d=5 ${H264}`)
    expect(await measured(file)).toEqual({
      brightness: 0,
      motion: 0,
      blackShare: 1,
      frozenShare: 1,
      slideShow: 0,
      sharpness: null,
      clippedShare: null,
      overlayShare: null,
      screenRecording: null,
    })
  })

  it('a third of black and a half that stands still are told as such', async () => {
    const file = await made(
      'parts.mp4',
      `-f lavfi -i color=black:s=320x180:r=10:d=4 -f lavfi -i smptebars=s=320x180:r=10:d=2 ${ALIVE} -filter_complex [1]setsar=1[b];[2]trim=duration=6,scale=320:180,setsar=1[c];[0][b][c]concat=n=3 ${H264}`,
    )
    const { blackShare, frozenShare, slideShow, motion } = await measured(file)
    expect(blackShare).toBeCloseTo(4 / 12, 2)
    expect(frozenShare).toBeCloseTo(6 / 12, 2)
    expect(slideShow).toBe(0)
    expect(motion).toBeGreaterThan(0.005)
  })

  it('four pictures of 3 s each are a slide show, two are not', async () => {
    const slides = ['smptebars', 'rgbtestsrc', 'pal75bars', 'yuvtestsrc']
    const show = (count: number) =>
      `${slides
        .slice(0, count)
        .map((source) => `-f lavfi -i ${source}=s=320x180:r=10:d=3`)
        .join(' ')} -filter_complex ${slides
        .slice(0, count)
        .map((_, i) => `[${i}]setsar=1,format=yuv420p[s${i}]`)
        .join(';')};${slides
        .slice(0, count)
        .map((_, i) => `[s${i}]`)
        .join('')}concat=n=${count} ${H264}`
    expect((await measured(await made('slides.mp4', show(4)))).slideShow).toBeGreaterThan(0.95)
    expect((await measured(await made('pair.mp4', show(2)))).slideShow).toBe(0)
  })

  it('a faster picture moves more', async () => {
    const scroll = (speed: number) =>
      `-f lavfi -i testsrc2=s=1280x360:r=25:d=3 -vf crop=320:180:x='mod(${speed}*t,900)':y=60 ${H264}`
    const slow = await measured(await made('slow.mp4', scroll(20)))
    const fast = await measured(await made('fast.mp4', scroll(200)))
    expect(fast.motion).toBeGreaterThan(2 * (slow.motion ?? 1))
  })
})

describe('of the pictures', () => {
  it('a blurred copy is less sharp, a bleached one is clipped', async () => {
    const copy = (filter: string) => `${ALIVE} -t 4 -vf ${filter} ${H264}`
    const plain = await measured(await made('plain.mp4', copy('null')))
    const blurred = await measured(await made('blurred.mp4', copy('gblur=sigma=3')))
    const bleached = await measured(await made('bleached.mp4', copy("hue=s=0,lutyuv=y='val*4'")))
    expect(blurred.sharpness).toBeLessThan((plain.sharpness ?? 0) / 4)
    expect(bleached.clippedShare).toBeGreaterThan((plain.clippedShare ?? 1) + 0.1)
  })

  it('text over shots that change is found, its absence as well, a fixed camera is not judged', async () => {
    const sources = ['testsrc2', 'rgbtestsrc', 'smptebars', 'yuvtestsrc', 'testsrc', 'pal75bars']
    const shots = (filter: string) =>
      `${sources.map((source) => `-f lavfi -i ${source}=s=640x360:r=10:d=2`).join(' ')} -filter_complex ${sources.map((_, i) => `[${i}]setsar=1,format=yuv420p[s${i}]`).join(';')};${sources.map((_, i) => `[s${i}]`).join('')}concat=n=${sources.length},${filter} ${H264}`
    const bare = await measured(await made('bare.mp4', shots('null')))
    const marked = await measured(await made('marked.mp4', shots(TEXT)))
    const fixed = await measured(
      await made('fixed.mp4', `-f lavfi -i testsrc=s=640x360:r=10:d=8 -vf ${TEXT} ${H264}`),
    )
    expect(bare.overlayShare).toBeLessThan(0.004)
    expect(marked.overlayShare).toBeGreaterThan((bare.overlayShare ?? 1) + 0.004)
    expect(fixed.overlayShare).toBeNull()
  })

  it('windows with lines of text are a screen, a film is none', async () => {
    const lines = Array.from(
      { length: 60 },
      (_, i) =>
        `drawbox=x=${60 + ((i * 37) % 40)}:y=${40 + (i % 30) * 20}:w=${8 + ((i * 53) % 20)}:h=9:c=0x202020:t=2,drawbox=x=${300 + ((i * 97) % 600)}:y=${40 + (i % 30) * 20}:w=${6 + ((i * 31) % 14)}:h=9:c=0x202020:t=2,drawbox=x=${150 + ((i * 71) % 900)}:y=${40 + ((i * 7) % 30) * 20}:w=${6 + ((i * 29) % 14)}:h=9:c=0x303030:t=2`,
    ).join(',')
    const screen = await made(
      'screen.mp4',
      `-f lavfi -i color=0xf4f4f4:s=1280x720:r=5:d=4 -vf drawbox=x=0:y=0:w=1280:h=26:c=0x404040:t=fill,${lines} ${H264}`,
    )
    const film = await made('film.mp4', `${ALIVE} -t 4 ${H264}`)
    expect((await measured(screen)).screenRecording).toBeGreaterThan(0.5)
    expect((await measured(film)).screenRecording).toBeLessThan(0.4)
  })
})

describe('on the clips of ../shared/data', () => {
  const clip = (name: string) => testData(`videos/${name}`)
  const black = clip('edge/amx-silent-black-10s.mp4')
  it.skipIf(!black)('10 s of black are black', async () => {
    expect(await measured(black ?? '')).toMatchObject({ blackShare: 1, frozenShare: 1 })
  })
  const still = clip('edge/static-30s.mp4')
  it.skipIf(!still)(
    '30 s of one picture are frozen, and neither black nor a slide show',
    async () => {
      const scores = await measured(still ?? '')
      expect(scores).toMatchObject({ blackShare: 0, slideShow: 0 })
      expect(scores.frozenShare).toBeGreaterThan(0.99)
    },
  )
})

describe('speech', () => {
  it('is the union of the segments within the video', () => {
    const segments = [
      { startTime: 8, endTime: 12 },
      { startTime: 1, endTime: 3 },
      { startTime: 2, endTime: 4 },
    ]
    expect(speechShareOf(segments, 10)).toBeCloseTo(0.5)
    expect(speechShareOf([], 10)).toBe(0)
    expect(speechShareOf(null, 10)).toBeNull()
    expect(speechShareOf(segments, null)).toBeNull()
  })
})
