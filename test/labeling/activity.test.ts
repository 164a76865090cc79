// Long because each case spells out its keyframes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type FrameLabel,
  type LabelledKeyframe,
  recogniseActivities,
} from '../../src/labeling/activity.ts'
import { loadTaxonomy } from '../../src/labeling/taxonomy.ts'

const { activities: rules } = await loadTaxonomy('manufacturing')

const person: FrameLabel = { label: 'person', confidence: 0.9, source: 'yolo' }
const clip = (label: string, confidence = 0.8): FrameLabel => ({
  label,
  confidence,
  source: 'clip',
})
const yolo = (label: string, confidence = 0.8): FrameLabel => ({
  label,
  confidence,
  source: 'yolo',
})
const tool = clip('hand_tool')

/** One keyframe a second from 0, with these labels. */
function everySecond(labels: FrameLabel[][]): LabelledKeyframe[] {
  return labels.map((found, second) => ({
    keyframeId: `k${second}`,
    timestamp: second,
    shotIndex: 0,
    isSceneChange: false,
    labels: found,
  }))
}

/** The same with a cut before the keyframe of this number. */
function withCut(frames: LabelledKeyframe[], at: number): LabelledKeyframe[] {
  return frames.map((frame, index) => ({
    ...frame,
    shotIndex: index < at ? 0 : 1,
    isSceneChange: index === at,
  }))
}

const spans = (frames: LabelledKeyframe[], duration = frames.length) =>
  recogniseActivities(rules, frames, duration).map(({ label, startTime, endTime }) => [
    label,
    startTime,
    endTime,
  ])

describe('the rules of the manufacturing taxonomy', () => {
  it.each([
    ['person and hand tool', [person, tool], 'tool_usage'],
    ['person and cutting tool', [person, yolo('cutting_tool')], 'tool_usage'],
    ['person and control panel', [person, yolo('control_panel')], 'machine_operation'],
    ['person and safety equipment', [person, clip('safety_equipment')], 'safety_check'],
    ['a machine and no person', [clip('machine')], 'automated_process'],
    ['a robot arm and no person', [clip('robot_arm')], 'automated_process'],
    ['a conveyor that CLIP sees and no person', [clip('conveyor')], 'automated_process'],
  ])('%s', (_, labels, expected) => {
    expect(spans(everySecond([labels, labels, labels]))).toEqual([[expected, 0, 3]])
  })

  it.each([
    ['a machine and a person', [person, clip('machine')]],
    ['a hand tool alone', [tool]],
    ['a person alone', [person]],
    ['a person with a phone', [person, yolo('handheld_device')]],
    ['a bicycle that the detector maps to conveyor', [yolo('conveyor')]],
    ['nothing', []],
  ])('%s is no activity', (_, labels) => {
    expect(spans(everySecond([labels, labels, labels]))).toEqual([])
  })

  it('hold side by side, each in a lane of its own', () => {
    const labels = [person, tool, clip('safety_equipment')]
    expect(spans(everySecond([labels, labels, [person, tool]]))).toEqual([
      ['safety_check', 0, 2],
      ['tool_usage', 0, 3],
    ])
  })

  it('leave out what needs an absence that no detector looked for', () => {
    const frames = everySecond([[clip('machine')], [clip('machine')]])
    expect(recogniseActivities(rules, frames, 2, { sources: ['clip'] })).toEqual([])
    expect(recogniseActivities(rules, frames, 2, { sources: ['clip', 'yolo'] })).toHaveLength(1)
  })

  it('take a label that a human gave for one of any source', () => {
    const labels: FrameLabel[] = [{ label: 'conveyor', confidence: 1, source: 'human' }]
    expect(spans(everySecond([labels, labels]))).toEqual([['automated_process', 0, 2]])
  })
})

describe('segments', () => {
  const both = [person, tool]

  it('last to the next keyframe, the last one to the end of the video', () => {
    const frames = everySecond([[], both, both, []])
    expect(spans(frames, 10)).toEqual([['tool_usage', 1, 3]])
    expect(spans(frames.slice(0, 3), 10)).toEqual([['tool_usage', 1, 10]])
  })

  it('begin no earlier than the first keyframe', () => {
    const frames = everySecond([both, both, both]).slice(1)
    expect(spans(frames, 3)).toEqual([['tool_usage', 1, 3]])
  })

  it('shorter than 2 s are dropped, of exactly 2 s kept', () => {
    expect(spans(everySecond([both, [], [], []]))).toEqual([])
    expect(spans(everySecond([both, both, [], []]))).toEqual([['tool_usage', 0, 2]])
  })

  it('of 2 s made of thirtieths are not too short', () => {
    const frames = Array.from({ length: 60 }, (_, i) => ({
      keyframeId: `k${i}`,
      timestamp: 7 + i / 30,
      shotIndex: 0,
      isSceneChange: false,
      labels: both,
    }))
    expect(recogniseActivities(rules, frames, 9)).toHaveLength(1)
  })

  it('bridge one missed keyframe, not two', () => {
    expect(spans(everySecond([both, both, [person], both, both]))).toEqual([['tool_usage', 0, 5]])
    expect(spans(everySecond([both, both, [person], [person], both, both]))).toEqual([
      ['tool_usage', 0, 2],
      ['tool_usage', 4, 6],
    ])
  })

  it('do not bridge a keyframe on which an excluded label was seen', () => {
    const alone = [clip('machine')]
    expect(spans(everySecond([alone, alone, [person], alone, alone]))).toEqual([
      ['automated_process', 0, 2],
      ['automated_process', 3, 5],
    ])
    expect(spans(everySecond([alone, alone, [], alone, alone]))).toEqual([
      ['automated_process', 0, 5],
    ])
  })

  it('do not bridge a keyframe that stands for more than 2 s', () => {
    const frames = everySecond([both, both, [], both, both])
    const late = frames.map((frame) => ({
      ...frame,
      timestamp: frame.timestamp + (frame.timestamp > 2 ? 5 : 0),
    }))
    expect(spans(late, 10)).toEqual([
      ['tool_usage', 0, 2],
      ['tool_usage', 8, 10],
    ])
  })

  it('end at a cut, over which nothing is bridged', () => {
    expect(spans(withCut(everySecond([both, both, both, both]), 2))).toEqual([
      ['tool_usage', 0, 2],
      ['tool_usage', 2, 4],
    ])
    for (const cut of [2, 3]) {
      expect(spans(withCut(everySecond([both, both, [], both, both]), cut))).toEqual([
        ['tool_usage', 0, 2],
        ['tool_usage', 3, 5],
      ])
    }
  })

  it('are as sure as the mean of the least sure label on each keyframe', () => {
    const [segment] = recogniseActivities(
      rules,
      everySecond([
        [yolo('person', 0.9), yolo('person', 0.4), clip('hand_tool', 0.7)],
        [],
        [yolo('person', 0.5), clip('hand_tool', 0.6), yolo('cutting_tool', 0.8)],
      ]),
      3,
    )
    expect(segment?.confidence).toBeCloseTo((0.7 + 0.5) / 2, 10)
    expect(segment?.metadata).toEqual({
      rule: 'tool_usage',
      shotIndex: 0,
      keyframeIds: ['k0', 'k2'],
      bridgedKeyframeIds: ['k1'],
      evidence: [
        { label: 'cutting_tool', source: 'yolo', keyframes: 1, maxConfidence: 0.8 },
        { label: 'hand_tool', source: 'clip', keyframes: 1, maxConfidence: 0.7 },
        { label: 'person', source: 'yolo', keyframes: 2, maxConfidence: 0.9 },
      ],
    })
  })

  it('of a rule with any need one of its entries', () => {
    const rule = {
      label: 'x',
      all: [],
      any: [[{ label: 'a' }], [{ label: 'b' }]],
      none: [],
      minDurationSeconds: 0,
    }
    const found = recogniseActivities([rule], everySecond([[clip('b', 0.3)], [clip('c')]]), 2)
    expect(found).toMatchObject([{ startTime: 0, endTime: 1, confidence: 0.3 }])
  })

  it('are none without keyframes or without a duration', () => {
    expect(recogniseActivities(rules, [], 10)).toEqual([])
    expect(recogniseActivities(rules, everySecond([both, both, both]), 0)).toEqual([])
    expect(recogniseActivities(rules, everySecond([both, both, both]), Number.NaN)).toEqual([])
  })
})

describe('for any keyframes', () => {
  const labels = fc.array(
    fc.record({
      label: fc.constantFrom('person', 'person', 'hand_tool', 'control_panel', 'machine', 'cup'),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      source: fc.constantFrom('yolo' as const, 'clip' as const),
    }),
    { minLength: 1, maxLength: 8, size: 'max' },
  )
  const video = fc
    .record({
      duration: fc.double({ min: 0, max: 30, noNaN: true }),
      frames: fc.array(
        fc.record({
          // Also before the start, beyond the end, and several at one time.
          timestamp: fc.oneof(
            fc.integer({ min: -1, max: 32 }),
            fc.double({ min: -1, max: 32, noNaN: true }),
          ),
          isSceneChange: fc.integer({ min: 0, max: 7 }).map((die) => die === 0),
          labels,
        }),
        { maxLength: 40, size: 'max' },
      ),
    })
    .map(({ duration, frames }) => ({
      duration,
      frames: frames
        .sort((a, b) => a.timestamp - b.timestamp)
        .map((frame, i) => ({
          ...frame,
          keyframeId: `k${i}`,
          shotIndex: frames.slice(1, i + 1).filter((one) => one.isSceneChange).length,
        })),
    }))

  it('segments stay in the video, are long enough, and those of a label do not overlap', () => {
    let seen = 0
    fc.assert(
      fc.property(video, ({ duration, frames }) => {
        const segments = recogniseActivities(rules, frames, duration)
        seen += segments.length
        for (const segment of segments) {
          expect(segment.startTime).toBeGreaterThanOrEqual(0)
          expect(segment.endTime).toBeLessThanOrEqual(duration)
          expect(segment.endTime - segment.startTime).toBeGreaterThanOrEqual(2 - 1e-6)
          expect(segment.confidence).toBeGreaterThanOrEqual(0)
          expect(segment.confidence).toBeLessThanOrEqual(1 + 1e-12)
        }
        for (const { label } of rules) {
          const lane = segments.filter((segment) => segment.label === label)
          for (const [i, segment] of lane.slice(1).entries()) {
            expect(segment.startTime).toBeGreaterThanOrEqual(lane[i]!.endTime)
          }
        }
      }),
      { numRuns: 500 },
    )
    expect(seen).toBeGreaterThan(100)
  })

  it('no cut lies within a segment', () => {
    fc.assert(
      fc.property(video, ({ duration, frames }) => {
        const cuts = frames.slice(1).filter((frame) => frame.isSceneChange)
        for (const { startTime, endTime } of recogniseActivities(rules, frames, duration)) {
          for (const { timestamp } of cuts) {
            expect(timestamp > startTime && timestamp < endTime).toBe(false)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('the order of the input does not matter', () => {
    const shuffled = video.chain(({ duration, frames }) =>
      fc.record({
        duration: fc.constant(duration),
        frames: fc.constant(frames),
        mixed: fc
          .shuffledSubarray(frames, { minLength: frames.length })
          .map((some) => some.map((frame) => ({ ...frame, labels: frame.labels.toReversed() }))),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ duration, frames, mixed }) => {
        expect(recogniseActivities(rules, mixed, duration)).toEqual(
          recogniseActivities(rules, frames, duration),
        )
      }),
      { numRuns: 300 },
    )
  })
})
