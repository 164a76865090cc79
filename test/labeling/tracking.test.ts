import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type TrackedBox, type TrackedFrame, trackObjects } from '../../src/labeling/tracking.ts'
import { APPEARANCE_BYTES } from '../../src/models/detector/appearance.ts'
import { loadDetector } from '../../src/models/detector/onnx-detector.ts'
import { yoloxNano } from '../../src/models/manifests/detectors.ts'
import { framesOf } from '../models/support/pictures.ts'
import { testData } from '../support/test-data.ts'

const ASPECT = 16 / 9

/** A colour of its own: all of it in one bin of either half. */
function paint(colour: number): Uint8Array {
  const bytes = new Uint8Array(APPEARANCE_BYTES)
  bytes[colour] = 255
  bytes[APPEARANCE_BYTES / 2 + colour] = 255
  return bytes
}

function person(x: number, change: Partial<TrackedBox> = {}): TrackedBox {
  return {
    ...{ sourceLabel: 'person', modelName: 'm', confidence: 0.9, appearance: paint(1) },
    ...{ x, y: 0.3, w: 0.1, h: 0.5 },
    ...change,
  }
}

/** A frame a second, all of one shot unless said otherwise. */
function film(...boxes: TrackedBox[][]): TrackedFrame[] {
  return boxes.map((onIt, second) => ({
    keyframeId: `k${second}`,
    timestamp: second,
    shotIndex: 0,
    boxes: onIt,
  }))
}

/** The track of each box, frame by frame. */
function idsOf(frames: TrackedFrame[]): (number | undefined)[][] {
  const tracks = trackObjects(frames, ASPECT)
  return frames.map(({ boxes }) => boxes.map((box) => tracks.get(box)))
}

describe('trackObjects', () => {
  it('one person who walks is one person, though the boxes no longer overlap', () => {
    expect(idsOf(film([person(0.1)], [person(0.22)], [person(0.34)]))).toEqual([[1], [1], [1]])
  })

  it('two who pass each other keep their numbers by what they wear', () => {
    const red = (x: number) => person(x, { appearance: paint(1) })
    const blue = (x: number) => person(x, { appearance: paint(9), confidence: 0.8 })
    const frames = film(
      [red(0.3), blue(0.5)],
      [red(0.4), blue(0.42)],
      [blue(0.34), red(0.5)],
      [blue(0.25), red(0.6)],
    )
    expect(idsOf(frames)).toEqual([
      [1, 2],
      [1, 2],
      [2, 1],
      [2, 1],
    ])
  })

  it('someone in other clothes in the same place is someone else', () => {
    const frames = film([person(0.4)], [person(0.43, { appearance: paint(20) })])
    expect(idsOf(frames)).toEqual([[1], [2]])
  })

  it('a box that stays where it was is the same though the light changes', () => {
    const frames = film([person(0.4)], [person(0.401, { appearance: paint(20) })])
    expect(idsOf(frames)).toEqual([[1], [1]])
  })

  it('bridges one keyframe without the object, not two', () => {
    expect(idsOf(film([person(0.4)], [], [person(0.4)]))).toEqual([[1], [], [1]])
    expect(idsOf(film([person(0.4)], [], [], [person(0.4)]))).toEqual([[1], [], [], [2]])
  })

  it('ends every track at a cut', () => {
    const frames = film([person(0.4)], [person(0.4)])
    frames[1]!.shotIndex = 1
    expect(idsOf(frames)).toEqual([[1], [2]])
  })

  it('never joins two words or two models', () => {
    const frames = film(
      [person(0.4)],
      [person(0.4, { sourceLabel: 'dog' })],
      [person(0.4, { modelName: 'n' })],
    )
    expect(idsOf(frames)).toEqual([[1], [2], [3]])
  })

  it('does not join what is across the picture', () => {
    expect(idsOf(film([person(0)], [person(0.8)]))).toEqual([[1], [2]])
  })

  it('without colours goes by place and size', () => {
    const bare = (x: number) => person(x, { appearance: undefined })
    expect(idsOf(film([bare(0.1), bare(0.6)], [bare(0.62), bare(0.12)]))).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  it('a box without area, and no frame at all, are no fault', () => {
    expect(idsOf(film([person(0.4, { w: 0, h: 0 })]))).toEqual([[1]])
    expect(trackObjects([], ASPECT).size).toBe(0)
  })
})

const share = fc.double({ min: 0, max: 0.9, noNaN: true })
const anyBox = fc.record({
  ...{ x: share, y: share, w: share, h: share, confidence: share },
  sourceLabel: fc.constantFrom('person', 'bottle'),
  modelName: fc.constant('m'),
  appearance: fc.option(fc.integer({ min: 0, max: 4 }).map(paint), { nil: undefined }),
})
/** Two boxes that are the same in all but colours have no order of their own. */
const placeOf = ({ appearance, ...place }: TrackedBox) => JSON.stringify(place)
const anyFilm = fc
  .array(
    fc.record({
      boxes: fc.uniqueArray(anyBox, { maxLength: 6, selector: placeOf }),
      cut: fc.boolean(),
    }),
    {
      maxLength: 12,
    },
  )
  .map((frames) => {
    let shotIndex = 0
    return frames.map(({ boxes, cut }, second): TrackedFrame => {
      if (cut && second % 3 === 2) shotIndex++
      return { keyframeId: `k${second}`, timestamp: second, shotIndex, boxes }
    })
  })

describe('whatever the boxes are', () => {
  it('each has one number; they are 1 … n in order of first appearance, each once on a keyframe', () => {
    fc.assert(
      fc.property(anyFilm, (frames) => {
        const tracks = trackObjects(frames, ASPECT)
        const boxes = frames.flatMap((frame) => frame.boxes)
        expect(tracks.size).toBe(boxes.length)
        let highest = 0
        for (const frame of frames) {
          const ids = frame.boxes.map((box) => tracks.get(box) ?? 0)
          expect(new Set(ids).size).toBe(ids.length)
          const fresh = ids.filter((id) => id > highest).sort((a, b) => a - b)
          expect(fresh).toEqual(fresh.map((_, index) => highest + 1 + index))
          highest += fresh.length
        }
      }),
    )
  })

  it('a track is of one word, within one shot, and without a hole of two keyframes', () => {
    fc.assert(
      fc.property(anyFilm, (frames) => {
        const tracks = trackObjects(frames, ASPECT)
        const seen = new Map<number, { second: number; shot: number; label: string }>()
        for (const [second, { boxes, shotIndex }] of frames.entries()) {
          for (const box of boxes) {
            const id = tracks.get(box) ?? 0
            const before = seen.get(id)
            if (before) {
              expect(before).toMatchObject({ shot: shotIndex, label: box.sourceLabel })
              expect(second - before.second).toBeLessThanOrEqual(2)
            }
            seen.set(id, { second, shot: shotIndex, label: box.sourceLabel })
          }
        }
      }),
    )
  })

  it('the order in which frames and boxes come makes no difference', () => {
    const mixed = anyFilm.chain((frames) =>
      fc.record({
        frames: fc.constant(frames),
        shuffled: fc
          .shuffledSubarray(frames, { minLength: frames.length })
          .map((list) => list.map((frame) => ({ ...frame, boxes: frame.boxes.toReversed() }))),
      }),
    )
    fc.assert(
      fc.property(mixed, ({ frames, shuffled }) => {
        const [plain, other] = [trackObjects(frames, ASPECT), trackObjects(shuffled, ASPECT)]
        for (const box of frames.flatMap(({ boxes }) => boxes)) {
          expect(other.get(box)).toBe(plain.get(box))
        }
      }),
    )
  })
})

describe('on real clips, one frame a second', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-tracks-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const weights = testData('models/yolox_nano.onnx')

  /** First and last second of each track of that label, in order of appearance. */
  async function spans(video: string, label: string, aspect: number) {
    const detector = await loadDetector(yoloxNano, weights ?? '', 2)
    const files = framesOf(video, path.join(folder, path.basename(video)), 1)
    const frames: TrackedFrame[] = []
    for (const [second, file] of files.entries()) {
      const [found = []] = await detector.run(await detector.prepare([file]))
      const boxes = found.map((box) => ({ ...box, sourceLabel: box.label, modelName: 'yolox' }))
      frames.push({ keyframeId: `k${second}`, timestamp: second, shotIndex: 0, boxes })
    }
    await detector.dispose()
    const tracks = trackObjects(frames, aspect)
    const extent = new Map<number, [number, number]>()
    for (const { timestamp, boxes } of frames) {
      for (const box of boxes.filter((each) => each.sourceLabel === label)) {
        const id = tracks.get(box) ?? 0
        extent.set(id, [extent.get(id)?.[0] ?? timestamp, timestamp])
      }
    }
    return [...extent.values()]
  }

  const worker = testData('videos/worker-zone.mp4')
  it.skipIf(!weights || !worker)(
    'the one worker is one track: videos/worker-zone.mp4',
    async () => {
      expect(await spans(worker ?? '', 'person', 1)).toEqual([[0, 4]])
    },
  )

  const persons = testData('videos/intel-one-by-one-person-detection.mp4')
  it.skipIf(!weights || !persons)(
    'six people who come one by one are six tracks: videos/intel-one-by-one-person-detection.mp4',
    async () => {
      expect(await spans(persons ?? '', 'person', 16 / 9)).toEqual([
        [6, 19],
        [23, 43],
        [51, 69],
        [75, 86],
        [93, 119],
        [124, 135],
      ])
    },
  )

  const bottles = testData('videos/intel-bottle-detection.mp4')
  it.skipIf(!weights || !bottles)(
    'three bottles taken away and put back seven times in all: videos/intel-bottle-detection.mp4',
    async () => {
      // Left, middle and right of the picture, read off the frames by eye.
      expect((await spans(bottles ?? '', 'bottle', 16 / 9)).toSorted()).toEqual(
        [
          [0, 6],
          [11, 17],
          [27, 39],
          [0, 17],
          [22, 39],
          [0, 31],
          [35, 39],
        ].toSorted(),
      )
    },
  )
})
