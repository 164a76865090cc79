// Long because each case spells out the exact frames of its clip.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { type Extraction, extract } from '../../src/media/decode.ts'
import { decodeArguments, decodeLimitSeconds } from '../../src/media/decode-arguments.ts'
import { type MediaInfo, probe } from '../../src/media/ffprobe.ts'
import { run } from '../../src/media/process.ts'
import { testData } from '../support/test-data.ts'
import { H264, makeClip, samplesOf, scratchFolder, tools, turnClockwise } from './clips.ts'

const folder = scratchFolder()
const at = (name: string) => path.join(folder, name)

let runs = 0
async function outputFolder(): Promise<string> {
  runs += 1
  const created = at(`out-${runs}`)
  await mkdir(created)
  return created
}

async function extracted(file: string): Promise<Extraction> {
  return extract(tools, file, await probe(tools, file), await outputFolder())
}

const times = (extraction: Extraction) => extraction.keyframes.map((k) => k.timestamp)
const cuts = (extraction: Extraction) =>
  extraction.keyframes.filter((k) => k.isSceneChange).map((k) => k.timestamp)
const firstFile = (extraction: Extraction) => extraction.keyframes[0]?.file ?? ''

/** Every frame of a testsrc2 clip is a little different, so only hard cuts score above 0.3. */
const source = (size: string, rate: string, seconds: number) =>
  `-f lavfi -i testsrc2=s=${size}:r=${rate}:d=${seconds}`

describe('keyframes', () => {
  it.each([
    ['25', [0, 1, 2, 3, 4], [0, 25, 50, 75, 100]],
    ['30', [0, 1, 2, 3, 4], [0, 30, 60, 90, 120]],
    ['30000/1001', [0, 1.001, 2.002, 3.003, 4.004], [0, 30, 60, 90, 120]],
    ['2', [0, 1, 2, 3, 4], [0, 2, 4, 6, 8]],
    ['1/2', [0, 2, 4], [0, 1, 2]],
  ])(
    'come once a second of presentation time at %s frames a second',
    async (rate, at5s, indexes) => {
      const file = await makeClip(
        at(`rate-${rate.replace('/', '-')}.mp4`),
        `${source('160x90', rate, 5)} ${H264}`,
      )
      const extraction = await extracted(file)
      expect(times(extraction)).toEqual(at5s)
      expect(extraction.keyframes.map((k) => k.frameIndex)).toEqual(indexes)
      expect(extraction.warnings).toEqual([])
    },
  )

  it('come once a second at a variable rate, at the time of a frame that exists', async () => {
    // 10 fps with only these frames left: 0-0.5 s, 1.3-1.9 s, then one at 4.2 s, then 4.9-5.4 s.
    const keep = "select='lte(t,0.5)+between(t,1.3,1.9)+between(t,4.15,4.25)+gte(t,4.9)'"
    const file = await makeClip(
      at('vfr.mp4'),
      `${source('160x90', '10', 5.5)} -vf ${keep} -fps_mode passthrough ${H264}`,
    )
    expect(times(await extracted(file))).toEqual([0, 1.3, 4.2, 5])
  })

  it('carry exactly the hard cuts as scene changes, and a cut replaces a grid frame just before it', async () => {
    // White until 2.0 s (on the grid), black until 3.04 s (just after it), white until 4.5 s, black.
    const file = await makeClip(
      at('cuts.mp4'),
      '-f lavfi -i color=white:s=160x90:r=25:d=2 -f lavfi -i color=black:s=160x90:r=25:d=1.04 ' +
        '-f lavfi -i color=white:s=160x90:r=25:d=1.48 -f lavfi -i color=black:s=160x90:r=25:d=1 ' +
        `-filter_complex [0][1][2][3]concat=n=4 ${H264}`,
    )
    const extraction = await extracted(file)
    expect(times(extraction)).toEqual([0, 1, 2, 3.04, 4, 4.52, 5])
    expect(cuts(extraction)).toEqual([2, 3.04, 4.52])
    expect(extraction.keyframes.map((k) => k.shotIndex)).toEqual([0, 0, 1, 2, 2, 3, 3])
    for (const keyframe of extraction.keyframes) {
      expect(keyframe.sceneScore > 0.3).toBe(keyframe.isSceneChange)
      expect(keyframe.frameIndex).toBe(Math.round(keyframe.timestamp * 25))
    }
    const written = (await readdir(path.dirname(firstFile(extraction)))).sort()
    expect(written).toEqual(
      [...extraction.keyframes.map((k) => path.basename(k.file)), 'thumbnail.jpg'].sort(),
    )
  })

  it('come at most ten times a second from a flickering video', async () => {
    // Two white frames, two black ones: every second frame of 50 a second is a cut.
    const flicker = "geq=lum='255*mod(floor(N/2),2)':cb=128:cr=128"
    const file = await makeClip(
      at('flicker.mp4'),
      `-f lavfi -i color=s=64x64:r=50:d=3 -vf ${flicker} ${H264}`,
    )
    const extraction = await extracted(file)
    expect(extraction.keyframes.length).toBeGreaterThan(20)
    expect(extraction.keyframes.length).toBeLessThanOrEqual(30)
    const all = times(extraction)
    for (const [i, time] of all.slice(1).entries()) {
      expect(time - (all[i] ?? 0)).toBeGreaterThan(0.0999)
    }
  })

  it('start at 0 in a stream that starts later, and keep a late picture late', async () => {
    const transport = await makeClip(at('late.ts'), `${source('160x90', '25', 2)} ${H264} -bf 0`)
    expect((await probe(tools, transport)).startSeconds).toBeGreaterThan(1)
    expect(times(await extracted(transport))).toEqual([0, 1])

    const late = await makeClip(
      at('late-picture.mkv'),
      `-f lavfi -i sine=d=3 -itsoffset 1.6 ${source('160x90', '25', 2)} -map 0 -map 1 ${H264} -bf 0 -c:a pcm_s16le`,
    )
    expect(times(await extracted(late))).toEqual([1.6, 2, 3])
  })

  it('keep their time when the sound starts before 0 by its encoder delay', async () => {
    const file = await makeClip(
      at('opus.webm'),
      `${source('160x90', '25', 2)} -f lavfi -i sine=r=48000:d=2 -c:v libvpx -c:a libopus`,
    )
    const info = await probe(tools, file)
    expect(info.startSeconds).toBeLessThan(0)
    const { stdout } = await run(tools.ffprobe, [
      ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=start_time'],
      ...['-of', 'csv=p=0', file],
    ])
    expect(times(await extracted(file))[0]).toBe(Number(stdout))
  })

  it('are found when the sound stream comes first and the name has spaces and quotes', async () => {
    const file = await makeClip(
      at("it's a 100% [odd];name,.mp4"),
      `-f lavfi -i sine=d=1 ${source('160x90', '25', 1)} -map 0 -map 1 -c:a aac ${H264}`,
    )
    const extraction = await extracted(file)
    expect(times(extraction)).toEqual([0])
    expect(extraction.audio).not.toBeNull()
  })

  it('of a single frame and of a picture size that changes midway come out in one size', async () => {
    const one = await makeClip(at('one.mp4'), `${source('160x90', '25', 1)} -frames:v 1 ${H264}`)
    const single = await extracted(one)
    expect(times(single)).toEqual([0])
    expect(single.decodedFrames).toBe(1)
    expect(single.thumbnail).not.toBeNull()

    await makeClip(at('small.ts'), `${source('160x90', '25', 2)} ${H264}`)
    await makeClip(at('large.ts'), `-itsoffset 2 ${source('320x180', '25', 2)} ${H264}`)
    const both = Buffer.concat([await readFile(at('small.ts')), await readFile(at('large.ts'))])
    await writeFile(at('changing.ts'), both)
    const changing = await extracted(at('changing.ts'))
    expect(times(changing).map(Math.floor)).toEqual([0, 1, 2, 3])
    for (const { file } of changing.keyframes) {
      expect(await sharp(file).metadata()).toMatchObject({ width: 160, height: 90 })
    }
  })
})

describe('pictures', () => {
  const sizeOfFirst = async (name: string, args: string) => {
    const file = await makeClip(at(name), args)
    const { width, height, format, depth } = await sharp(
      firstFile(await extracted(file)),
    ).metadata()
    expect({ format, depth }).toEqual({ format: 'jpeg', depth: 'uchar' })
    return [width, height]
  }

  it('are at most 1280 px on the longest side, never enlarged, odd sizes too', async () => {
    expect(await sizeOfFirst('wide.mp4', `${source('1920x1080', '5', 0.4)} ${H264}`)).toEqual([
      1280, 720,
    ])
    expect(await sizeOfFirst('tall.mp4', `${source('720x1600', '5', 0.4)} ${H264}`)).toEqual([
      576, 1280,
    ])
    const odd = '-c:v libx264 -pix_fmt yuv444p'
    expect(await sizeOfFirst('odd.mp4', `-f lavfi -i testsrc=s=101x57:r=5:d=0.4 ${odd}`)).toEqual([
      101, 57,
    ])
  })

  it('have square pixels', async () => {
    const args = `${source('180x144', '5', 0.4)} -vf setsar=2 ${H264}`
    expect(await sizeOfFirst('stretched.mp4', args)).toEqual([360, 144])
  })

  it('have eight bits and the full range of values, from ten bits as well', async () => {
    const white = '-f lavfi -i color=white:s=64x64:r=5:d=0.4'
    for (const [name, format] of Object.entries({
      'w8.mp4': 'yuv420p',
      'w10.mp4': 'yuv420p10le',
    })) {
      const file = await makeClip(at(name), `${white} -c:v libx264 -pix_fmt ${format}`)
      const { channels } = await sharp(firstFile(await extracted(file))).stats()
      for (const channel of channels) expect(channel.min).toBeGreaterThanOrEqual(253)
    }
  })

  it('are upright when the file says that it is turned', async () => {
    // Stored: left half black, right half white. Turned clockwise: black above, white below.
    const file = await makeClip(
      at('turned.mp4'),
      `-f lavfi -i color=black:s=80x90:r=5:d=0.4 -f lavfi -i color=white:s=80x90:r=5:d=0.4 -filter_complex hstack ${H264}`,
    )
    await turnClockwise(file)
    const extraction = await extracted(file)
    const { data, info } = await sharp(firstFile(extraction))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([90, 160])
    const grey = (x: number, y: number) => data[y * info.width + x]
    expect([grey(5, 20), grey(85, 20)]).toEqual([0, 0])
    expect([grey(5, 140), grey(85, 140)]).toEqual([255, 255])
  })

  it('include a thumbnail at most 480 px wide, of the frame at one second', async () => {
    const file = await makeClip(
      at('thumbnail.mp4'),
      `-f lavfi -i color=black:s=640x360:r=5:d=1 -f lavfi -i color=white:s=640x360:r=5:d=11 -filter_complex [0][1]concat ${H264}`,
    )
    const { thumbnail } = await extracted(file)
    expect(await sharp(thumbnail ?? '').metadata()).toMatchObject({ width: 480, height: 270 })
    expect((await sharp(thumbnail ?? '').stats()).channels[0]?.mean).toBeGreaterThan(250)
  })
})

describe('sound', () => {
  it('is 16 kHz mono, and silence fills the time before it begins', async () => {
    const file = await makeClip(
      at('delayed.mkv'),
      `${source('160x90', '25', 4)} -itsoffset 1.5 -f lavfi -i sine=r=44100:d=2 -map 0 -map 1 ${H264} -ac 2 -c:a pcm_s16le`,
    )
    const { audio, keyframes } = await extracted(file)
    expect(keyframes).toHaveLength(4)
    const samples = await samplesOf(audio ?? '')
    const first = samples.findIndex((sample) => Math.abs(sample) > 100)
    expect(first / 16_000).toBeCloseTo(1.5, 2)
    expect(samples.length / 16_000).toBeCloseTo(3.5, 1)
    const { stdout } = await run(tools.ffprobe, [
      ...[
        '-v',
        'error',
        '-of',
        'csv=p=0',
        '-show_entries',
        'stream=codec_name,sample_rate,channels',
      ],
      audio ?? '',
    ])
    expect(stdout.trim()).toBe('pcm_s16le,16000,1')
  })

  it('comes alone from a file without pictures, with progress', async () => {
    const file = await makeClip(at('song.m4a'), '-f lavfi -i sine=d=30 -c:a aac')
    const positions: number[] = []
    const info = await probe(tools, file)
    const extraction = await extract(tools, file, info, await outputFolder(), {
      onProgress: (seconds) => positions.push(seconds),
    })
    expect(extraction).toMatchObject({ keyframes: [], thumbnail: null, warnings: ['no-video'] })
    expect((await samplesOf(extraction.audio ?? '')).length / 16_000).toBeCloseTo(30, 0)
    expect(positions.at(-1)).toBeCloseTo(30, 0)
  })

  it('is null, with a warning, when its codec is not accepted', async () => {
    const file = await makeClip(
      at('dts.mkv'),
      `${source('64x64', '5', 1)} -f lavfi -i sine=r=48000:d=1 ${H264} -c:a dca -strict -2`,
    )
    expect(await extracted(file)).toMatchObject({
      audio: null,
      warnings: ['audio-codec-not-accepted'],
    })
  })
})

describe('damage', () => {
  it('in the header: a length of thirty years is not believed and costs nothing', async () => {
    const file = await makeClip(at('liar.webm'), `${source('64x64', '10', 2)} -c:v libvpx`)
    const bytes = await readFile(file)
    // Matroska element 0x4489 (Duration), 8-byte float in milliseconds.
    bytes.writeDoubleBE(1e12, bytes.indexOf(Buffer.from('448988', 'hex')) + 3)
    await writeFile(file, bytes)
    expect((await probe(tools, file)).durationSeconds).toBe(1e9)
    const extraction = await extracted(file)
    expect(times(extraction)).toEqual([0, 1])
    expect(extraction.durationSeconds).toBeCloseTo(2, 1)
    expect(extraction.warnings).toEqual(['shorter-than-declared'])
  })

  it('in the timestamps: what is decoded of a small file ends long before a year', () => {
    const info = { durationSeconds: 1e9, bytes: 20_000 } as MediaInfo
    expect(decodeLimitSeconds(info)).toBe(1000)
    expect(decodeLimitSeconds({ ...info, bytes: 1e12 })).toBe(86_400)
    expect(decodeLimitSeconds({ ...info, durationSeconds: 600, bytes: 1e8 })).toBe(760)
  })

  it('at the end: a cut-off file gives what is there', async () => {
    const file = await makeClip(
      at('whole.mp4'),
      `${source('160x90', '25', 6)} ${H264} -g 25 -movflags +faststart`,
    )
    const bytes = await readFile(file)
    await writeFile(at('half.mp4'), bytes.subarray(0, Math.round(bytes.length * 0.6)))
    const extraction = await extracted(at('half.mp4'))
    expect(times(extraction).slice(0, 3)).toEqual([0, 1, 2])
    expect(extraction.durationSeconds).toBeGreaterThan(2.5)
    expect(extraction.durationSeconds).toBeLessThan(5)
    expect(extraction.warnings).toEqual(['damaged', 'shorter-than-declared'])
  })

  it('everywhere: an error says that nothing could be decoded', async () => {
    const file = await makeClip(at('spoilt.webm'), `${source('64x64', '10', 2)} -c:v libvpx-vp9`)
    const info = await probe(tools, file)
    const bytes = await readFile(file)
    bytes.fill(0xff, bytes.indexOf(Buffer.from('1f43b675', 'hex')) + 40) // after the first cluster's start
    await writeFile(file, bytes)
    await expect(extract(tools, file, info, await outputFolder())).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'undecodable',
      message: expect.stringContaining('could be decoded'),
    })
  })
})

describe('one run', () => {
  it('carries every guard before its only input', async () => {
    const file = await makeClip(at('guarded.mp4'), `${source('64x64', '5', 1)} ${H264}`)
    const args = decodeArguments(tools, file, await probe(tools, file), 60)
    const input = args.indexOf('-i')
    expect(args.indexOf('-i', input + 1)).toBe(-1)
    for (const guard of [
      '-protocol_whitelist',
      '-format_whitelist',
      '-codec_whitelist',
      '-nostdin',
    ]) {
      expect(args.indexOf(guard)).toBeGreaterThanOrEqual(0)
      expect(args.indexOf(guard)).toBeLessThan(input)
    }
  })

  it('ends within a second of an abort and leaves no process', async () => {
    const file = await makeClip(at('long.mp4'), `${source('640x360', '25', 40)} ${H264}`)
    const info = await probe(tools, file)
    const controller = new AbortController()
    let abortedAt = 0
    const running = extract(tools, file, info, await outputFolder(), {
      signal: controller.signal,
      onProgress: () => {
        abortedAt = performance.now()
        controller.abort()
      },
    })
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(performance.now() - abortedAt).toBeLessThan(1000)
    const { stdout } = await run('ps', ['-eo', 'args'])
    expect(stdout).not.toContain(file)
  })
})

describe('real clips', () => {
  const threeScenes = testData('videos/three-scenes-cuts-at-5s-10s.mp4')
  it.skipIf(!threeScenes)(
    'three-scenes-cuts-at-5s-10s.mp4 has scene changes at exactly 5 and 10 s',
    async () => {
      const extraction = await extracted(threeScenes ?? '')
      expect(cuts(extraction)).toEqual([5, 10])
      expect(times(extraction)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
      expect(extraction.keyframes.filter((k) => k.isSceneChange).map((k) => k.frameIndex)).toEqual([
        125, 250,
      ])
      expect(extraction.decodedFrames).toBe(375)
    },
  )

  const turned = testData('videos/edge/worker-zone-rot90.mp4')
  const straight = testData('videos/worker-zone.mp4')
  it.skipIf(!turned || !straight)(
    'worker-zone-rot90.mp4 comes out as worker-zone.mp4 turned',
    async () => {
      const [a, b] = [await extracted(turned ?? ''), await extracted(straight ?? '')]
      const pixels = (image: Sharp) => image.greyscale().raw().toBuffer()
      const upright = await pixels(sharp(firstFile(a)))
      const expected = await pixels(sharp(firstFile(b)).rotate(270))
      expect(upright.length).toBe(expected.length)
      const difference = upright.reduce(
        (sum, value, i) => sum + Math.abs(value - (expected[i] ?? 0)),
        0,
      )
      expect(difference / upright.length).toBeLessThan(3)
    },
  )

  const speech = testData('videos/worker-zone-speech-jfk.mp4')
  it.skipIf(!speech)(
    'worker-zone-speech-jfk.mp4 gives 11 s of sound that begins with the speech',
    async () => {
      const samples = await samplesOf((await extracted(speech ?? '')).audio ?? '')
      expect(samples.length / 16_000).toBeCloseTo(11, 1)
      expect(samples.findIndex((sample) => Math.abs(sample) > 2000) / 16_000).toBeCloseTo(0.33, 1)
    },
  )
})
