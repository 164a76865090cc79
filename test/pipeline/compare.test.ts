import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeVariant, VARIANTS } from '../../bench/quality/duplicate-variants.ts'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { greySquares } from '../../src/media/prints.ts'
import { type Compared, compare } from '../../src/pipeline/dedup/compare.ts'
import { PRINT_BYTES, PRINT_SIDE } from '../../src/pipeline/dedup/prints.ts'
import { seededRandom } from '../support/frame-vectors.ts'
import { testData } from '../support/test-data.ts'

const TOOLS = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', threads: 1 }

/** A camera that stands still before a made-up background, and something bright that wanders. */
function scene(background: number, walk: number) {
  const random = seededRandom(background)
  const waves = Array.from(
    { length: 6 },
    () => [random() * 0.6, random() * 0.6, random() * 6] as const,
  )
  const steps = seededRandom(walk)
  const places = Array.from({ length: 300 }, () => [4 + steps() * 24, 4 + steps() * 24] as const)
  /** The picture at a time: the wanderer goes from place to place, one a two seconds. */
  return (time: number, look: { mirrored?: boolean; crop?: number } = {}) => {
    const print = new Uint8Array(PRINT_BYTES)
    const at = Math.max(0, time / 2)
    const [from, to] = [places[Math.floor(at)]!, places[Math.floor(at) + 1]!]
    const share = at - Math.floor(at)
    const [cx, cy] = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
    const crop = look.crop ?? 1
    for (let row = 0; row < PRINT_SIDE; row++) {
      for (let column = 0; column < PRINT_SIDE; column++) {
        const shown = look.mirrored ? PRINT_SIDE - 1 - column : column
        const x = 16 + (shown - 15.5) * crop - 0.5
        const y = 16 + (row - 15.5) * crop - 0.5
        const wave = waves.reduce((sum, [a, b, c]) => sum + Math.sin(a * x + b * y + c), 0)
        const near = Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 18)
        print[row * PRINT_SIDE + column] = Math.min(255, Math.max(0, 110 + wave * 14 + near * 110))
      }
    }
    return print
  }
}

let made = 0
/** A video of one keyframe a second; `picture` gets each second. */
function video(seconds: number, picture: (time: number) => Uint8Array): Compared {
  made += 1
  const times = Array.from({ length: Math.ceil(seconds) }, (_, index) => index)
  const prints = new Uint8Array(times.length * PRINT_BYTES)
  for (const time of times) prints.set(picture(time), time * PRINT_BYTES)
  return {
    id: String(made).padStart(8, '0'),
    contentSha256: String(made),
    track: { times, duration: seconds, prints },
  }
}

/** Both ways round: what is found must not depend on it. */
function both(one: Compared, other: Compared) {
  const found = compare(one, other)
  const turned = compare(other, one)
  expect(turned.kind).toBe(found.kind)
  expect(turned.match).toEqual(
    found.match && { first: found.match.second, second: found.match.first },
  )
  expect(turned.speed).toBeCloseTo(1 / found.speed, 9)
  return found
}

describe('made-up scenes', () => {
  const hall = scene(1, 2)
  const original = video(30, hall)

  it('the same pictures are exact, with one bit off a re-encode', () => {
    expect(both(original, video(30, hall)).kind).toBe('exact')
    const noisy = video(30, (time) => hall(time).map((value) => Math.min(255, value + 3)))
    expect(both(original, noisy)).toMatchObject({
      kind: 're-encode',
      isMirrored: false,
      speed: 1,
      match: { first: { start: 0, end: 30 }, second: { start: 0, end: 30 } },
    })
  })

  it.each([0.9, 0.8])('a crop to %d of width and height is a re-encode', (crop) => {
    expect(
      both(
        original,
        video(30, (time) => hall(time, { crop })),
      ).kind,
    ).toBe('re-encode')
  })

  it('a mirrored copy is one, and says so', () => {
    const found = both(
      original,
      video(30, (time) => hall(time, { mirrored: true })),
    )
    expect(found).toMatchObject({ kind: 're-encode', isMirrored: true })
  })

  it.each([1.05, 0.95])('a copy at %d times the speed is one, and says so', (speed) => {
    const found = both(
      original,
      video(30 / speed, (time) => hall(time * speed)),
    )
    expect(found.kind).toBe('re-encode')
    expect(Math.abs(found.speed - 1 / speed)).toBeLessThan(0.02)
  })

  it('a part between others is an excerpt, and where it is', () => {
    const other = scene(8, 9)
    const part = video(36, (time) => (time >= 12 && time < 24 ? hall(time - 4) : other(time)))
    const found = both(original, part)
    expect(found.kind).toBe('excerpt')
    // To a keyframe: what is between two is not known.
    const { first, second } = found.match!
    const off = [first.start - 8, first.end - 20, second.start - 12, second.end - 24].map(Math.abs)
    expect(Math.max(...off)).toBeLessThanOrEqual(1)
  })

  it('another event before the same camera is the same scene only', () => {
    expect(both(original, video(30, scene(1, 3)))).toMatchObject({
      kind: 'same-scene',
      match: null,
      speed: 1,
    })
    // What comes next before it, too.
    expect(
      both(
        original,
        video(30, (time) => hall(time + 40)),
      ).kind,
    ).toBe('same-scene')
  })

  it('other material is not the same', () => {
    expect(both(original, video(30, scene(5, 6))).kind).toBe('same-scene')
  })

  it('stills are the same when the picture is, and only as a whole', () => {
    const still = video(10, () => hall(0))
    expect(
      both(
        still,
        video(10, () => hall(0).map((value) => value + 2)),
      ).kind,
    ).toBe('re-encode')
    expect(
      both(
        still,
        video(10, () => scene(5, 6)(0)),
      ).kind,
    ).toBe('same-scene')
    // A title card that opens both.
    const other = scene(8, 9)
    const titled = (body: (time: number) => Uint8Array) =>
      video(30, (time) => (time < 5 ? hall(0) : body(time)))
    expect(both(titled(scene(5, 6)), titled(other)).kind).toBe('same-scene')
  })

  it('blank pictures prove nothing', () => {
    const black = () => new Uint8Array(PRINT_BYTES).fill(16)
    expect(both(video(10, black), video(12, black))).toMatchObject({
      kind: 'same-scene',
      sameness: null,
    })
    const faded = (body: (time: number) => Uint8Array) =>
      video(20, (time) => (time < 12 ? black() : body(time)))
    expect(both(faded(hall), faded(scene(5, 6))).kind).toBe('same-scene')
  })

  it('nothing to see is nothing found', () => {
    expect(both(video(0, hall), original).kind).toBe('same-scene')
    expect(both(video(1, hall), video(1, scene(5, 6))).kind).toBe('same-scene')
  })
})

const CLIPS = ['fb-one_leg_best_2x', 'worker-zone']
const COPIES = ['scale', 'crop', 'mirror', 'logo', 'faster', 'slower', 'cut start', 'cut end']
const clipsAreThere = testData(`videos/${CLIPS[0]}.mp4`) !== null

describe.skipIf(!clipsAreThere)(
  `real clips${clipsAreThere ? '' : ', skipped: shared/data/videos is not there'}`,
  () => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-compare-'))
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    const seen = async (file: string): Promise<Compared> => {
      const info = await probe(TOOLS, file)
      const target = await mkdtemp(path.join(folder, 'frames-'))
      const { keyframes, durationSeconds } = await extract(TOOLS, file, info, target)
      const never = new AbortController().signal
      const prints = await greySquares(
        keyframes.map((keyframe) => keyframe.file),
        PRINT_SIDE,
        never,
      )
      const times = keyframes.map(({ timestamp }) => timestamp)
      return { id: file, contentSha256: null, track: { times, duration: durationSeconds, prints } }
    }
    const clip = (name: string) => testData(`videos/${name}.mp4`)!

    it.each(CLIPS)('%s is found in its copies, where it is', async (name) => {
      const original = await seen(clip(name))
      const { duration } = original.track
      for (const variant of VARIANTS.filter((each) => COPIES.includes(each.name))) {
        if (variant.minimum && duration < variant.minimum) continue
        const file = await makeVariant('ffmpeg', { file: clip(name), duration }, variant, folder)
        const found = both(original, await seen(file))
        const isCut = variant.name.startsWith('cut')
        expect([variant.name, found.kind]).toEqual([variant.name, isCut ? 'excerpt' : 're-encode'])
        expect([variant.name, found.isMirrored]).toEqual([variant.name, variant.name === 'mirror'])
        const { first, second } = found.match!
        const ends = [second.start - variant.at(first.start), second.end - variant.at(first.end)]
        for (const off of ends)
          expect([variant.name, Math.abs(off) < 0.75]).toEqual([variant.name, true])
        if (isCut) {
          expect(Math.abs(first.start - (variant.name === 'cut start' ? 5 : 0))).toBeLessThan(0.6)
          expect(
            Math.abs(first.end - (variant.name === 'cut end' ? duration - 5 : duration)),
          ).toBeLessThan(0.6)
        }
      }
    })

    it('two events before one camera, two takes and two speakers are no duplicates', async () => {
      const best = await seen(clip('fb-one_leg_best_2x'))
      expect(both(best, await seen(clip('fb-one_leg_fail_screwing_2x'))).kind).toBe('same-scene')
      const speaker = (name: string) => seen(testData(`videos/${name}.mpg`)!)
      const [one, two] = [await speaker('grid-bbaf2n'), await speaker('grid-swiz3n')]
      expect(both(one, two).kind).toBe('same-scene')
      const road = await seen(clip('pxt-bangkok_half_res'))
      const part = (from: number, to: number): Compared => {
        const { times, prints } = road.track
        const range = [from * PRINT_BYTES, to * PRINT_BYTES] as const
        return {
          id: `take ${from}`,
          contentSha256: null,
          track: {
            times: Array.from(times)
              .slice(from, to)
              .map((time) => time - times[from]!),
            duration: to - from,
            prints: prints.slice(...range),
          },
        }
      }
      expect(both(part(0, 9), part(9, 18)).kind).toBe('same-scene')
      expect(both(road, part(9, 18))).toMatchObject({
        kind: 'excerpt',
        match: { first: { start: 9, end: 18 }, second: { start: 0, end: 9 } },
      })
    })

    it('finds the one scene that a compilation shares', async () => {
      const cuts = await seen(clip('three-scenes-cuts-at-5s-10s'))
      const found = both(cuts, await seen(clip('worker-zone')))
      expect(found.kind).toBe('excerpt')
      expect(found.match!.first.start).toBe(10)
      expect(found.match!.first.end).toBeCloseTo(14.73, 1)
      expect(found.match!.second.start).toBe(0)
    })
  },
)
