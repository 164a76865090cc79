// Long because each case spells out its keyframes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LabelledKeyframe, recogniseActivities } from '../../src/labeling/activity.ts'
import type { FrameLabel } from '../../src/labeling/activity-evidence.ts'
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
    labels: found,
  }))
}

/** The same with a cut before the keyframe of this number. */
function withCut(frames: LabelledKeyframe[], at: number): LabelledKeyframe[] {
  return frames.map((frame, index) => ({
    ...frame,
    shotIndex: index < at ? 0 : 1,
  }))
}

const micros = (seconds: number) => Math.round(seconds * 1e6)
const sureness = (value: number) => ({ maxConfidence: value, meanConfidence: value })

/** The same by text: h, g, m and x for one second each; segments of 2 s at least. */
function readSecondBySecond(kinds: string[], maxGap: number): [number, number][] {
  const letters: Record<string, string> = { holds: 'h', 'goes-on': 'g', missed: 'm', excluded: 'x' }
  let text = kinds.map((kind) => letters[kind]).join('')
  const isBridged = [...text].map(() => false)
  for (const { index, 0: gap } of text.matchAll(/m+/g)) {
    const before = /[hg]*$/.exec(text.slice(0, index))![0].length
    const after = /^[hg]*/.exec(text.slice(index + gap.length))![0].length
    if (gap.length > Math.min(maxGap, before, after)) continue
    isBridged.fill(true, index, index + gap.length)
  }
  text = [...text].map((letter, i) => (isBridged[i] ? 'b' : letter)).join('')
  return [...text.matchAll(/[hgb]+/g)]
    .filter(([found]) => found.includes('h') && found.length >= 2)
    .map(({ index, 0: found }) => [index, index + found.length])
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
      labels: both,
    }))
    expect(recogniseActivities(rules, frames, 9)).toHaveLength(1)
  })

  it('bridge a gap of 2 s, not of 3', () => {
    const three = [both, both, both]
    expect(spans(everySecond([...three, [person], ...three]))).toEqual([['tool_usage', 0, 7]])
    expect(spans(everySecond([...three, [person], [person], ...three]))).toEqual([
      ['tool_usage', 0, 8],
    ])
    expect(spans(everySecond([...three, [person], [person], [], ...three]))).toEqual([
      ['tool_usage', 0, 3],
      ['tool_usage', 6, 9],
    ])
  })

  it('bridge no gap that is longer than what lies on either side of it', () => {
    expect(spans(everySecond([both, both, both, [], [], both, []]))).toEqual([['tool_usage', 0, 3]])
    expect(spans(everySecond([both, [], both, [], both]))).toEqual([['tool_usage', 0, 5]])
    expect(spans(everySecond([both, [], [], both, [], [], both]))).toEqual([])
  })

  it('bridge by the rule, in seconds whatever the keyframes are apart', () => {
    const rule = { ...rules[0]!, maxGapSeconds: 0.5 }
    const every = (seconds: number) =>
      everySecond([both, both, [], [], [], [], [], both, both]).map((frame) => ({
        ...frame,
        timestamp: frame.timestamp * seconds,
      }))
    const found = (seconds: number) =>
      recogniseActivities([{ ...rule, minDurationSeconds: 0 }], every(seconds), 9 * seconds)
    expect(found(0.1)).toHaveLength(2)
    const long = everySecond([both, both, both, both, both, [], both, both, both, both, both])
    const dense = long.map((frame) => ({ ...frame, timestamp: frame.timestamp * 0.5 }))
    expect(recogniseActivities([rule], dense, 5.5)).toHaveLength(1)
    expect(recogniseActivities([rule], long, 11)).toHaveLength(2)
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
      keyframeTimes: [0, 2],
      weakKeyframeIds: [],
      bridgedKeyframeIds: ['k1'],
      bridgedSeconds: 1,
      evidence: [
        { label: 'cutting_tool', source: 'yolo', keyframes: 1, ...sureness(0.8) },
        { label: 'hand_tool', source: 'clip', keyframes: 1, ...sureness(0.7) },
        { label: 'person', source: 'yolo', keyframes: 2, maxConfidence: 0.9, meanConfidence: 0.7 },
      ],
    })
  })

  it('weigh each keyframe by the time it stands for', () => {
    const frames = [0, 0.5, 3].map((timestamp, i) => ({
      keyframeId: `k${i}`,
      timestamp,
      shotIndex: 0,
      labels: [person, clip('hand_tool', [0.8, 0.4, 0.6][i]!)],
    }))
    const [segment] = recogniseActivities(rules, frames, 4)
    expect(segment?.confidence).toBeCloseTo((0.8 * 0.5 + 0.4 * 2.5 + 0.6 * 1) / 4, 10)
  })

  it('say which model saw what, and what a score of a concept is', () => {
    const labels: FrameLabel[] = [
      { ...person, modelName: 'yolox-nano' },
      { ...tool, modelName: 'mini-vl', scoreKind: 'background_quantile' },
    ]
    const [segment] = recogniseActivities(rules, everySecond([labels, labels]), 2)
    expect(segment?.metadata.evidence).toMatchObject([
      { label: 'hand_tool', modelName: 'mini-vl', scoreKind: 'background_quantile' },
      { label: 'person', modelName: 'yolox-nano' },
    ])
  })

  it('of a rule with any need one of its entries', () => {
    const rule = {
      label: 'x',
      all: [],
      any: [[{ label: 'a' }], [{ label: 'b' }]],
      none: [],
      minDurationSeconds: 0,
      maxGapSeconds: 2,
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

describe('two thresholds', () => {
  const weak: FrameLabel = { ...clip('machine', 0.3), isWeak: true }
  const full = clip('machine', 0.7)

  it('a weak label lets a segment go on in both directions, and begins none', () => {
    expect(spans(everySecond([[weak], [weak], [weak]]))).toEqual([])
    const frames = everySecond([[], [weak], [full], [weak], [weak], []])
    expect(spans(frames)).toEqual([['automated_process', 1, 5]])
    const [segment] = recogniseActivities(rules, frames, 6)
    expect(segment).toMatchObject({
      confidence: expect.closeTo((0.3 * 3 + 0.7) / 4, 10),
      metadata: {
        keyframeIds: ['k1', 'k2', 'k3', 'k4'],
        weakKeyframeIds: ['k1', 'k3', 'k4'],
        bridgedKeyframeIds: [],
      },
    })
  })

  it('a box may be asked to be surer for a beginning than for going on', () => {
    const rule = {
      label: 'x',
      all: [[{ label: 'person', minConfidence: 0.6, keepConfidence: 0.4 }]],
      any: [],
      none: [],
      minDurationSeconds: 0,
      maxGapSeconds: 0,
    }
    const frames = everySecond([0.5, 0.6, 0.4, 0.39, 0.5].map((sure) => [yolo('person', sure)]))
    expect(recogniseActivities([rule], frames, 5)).toMatchObject([{ startTime: 0, endTime: 3 }])
  })

  it('an excluded label that is unsure keeps a segment from beginning and ends none', () => {
    const rule = {
      label: 'x',
      all: [[{ label: 'machine' }]],
      any: [],
      none: [[{ label: 'person', minConfidence: 0.6, keepConfidence: 0.3 }]],
      minDurationSeconds: 0,
      maxGapSeconds: 2,
    }
    const at = (...sure: (number | null)[]) =>
      recogniseActivities(
        [rule],
        everySecond(sure.map((one) => (one === null ? [full] : [full, yolo('person', one)]))),
        sure.length,
      ).map(({ startTime, endTime }) => [startTime, endTime])
    expect(at(0.4, 0.4)).toEqual([])
    expect(at(null, 0.4, null)).toEqual([[0, 3]])
    expect(at(null, 0.6, null)).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it('so many of a label are as sure as the least sure of them', () => {
    const rule = {
      label: 'x',
      all: [[{ label: 'person', count: 2, minConfidence: 0.5 }]],
      any: [],
      none: [],
      minDurationSeconds: 0,
      maxGapSeconds: 0,
    }
    const people = (...sure: number[]) => sure.map((one) => yolo('person', one))
    const frames = everySecond([people(0.9), people(0.9, 0.4), people(0.6, 0.9, 0.7)])
    expect(recogniseActivities([rule], frames, 3)).toMatchObject([
      { startTime: 2, endTime: 3, confidence: 0.7, metadata: { evidence: [{ keyframes: 1 }] } },
    ])
  })
})

describe('for any keyframes', () => {
  const labels = fc.array(
    fc.record({
      label: fc.constantFrom('person', 'person', 'hand_tool', 'control_panel', 'machine', 'cup'),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      source: fc.constantFrom('yolo' as const, 'clip' as const),
      isWeak: fc.boolean(),
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
          isCut: fc.integer({ min: 0, max: 7 }).map((die) => die === 0),
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
          shotIndex: frames.slice(1, i + 1).filter((one) => one.isCut).length,
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
          expect(micros(segment.endTime) - micros(segment.startTime)).toBeGreaterThanOrEqual(2e6)
          expect(segment.confidence).toBeGreaterThanOrEqual(0)
          expect(segment.confidence).toBeLessThanOrEqual(1)
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

  it('segments are what a second-by-second reading of the rule finds', () => {
    const seconds = fc.array(fc.constantFrom('holds', 'goes-on', 'missed', 'excluded'), {
      maxLength: 30,
      size: 'max',
    })
    const shown: Record<string, FrameLabel[]> = {
      holds: [clip('machine')],
      'goes-on': [{ ...clip('machine', 0.3), isWeak: true }],
      missed: [],
      excluded: [person, clip('machine')],
    }
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 4 }), (kinds, maxGapSeconds) => {
        const automated = rules.filter(({ label }) => label === 'automated_process')
        const found = recogniseActivities(
          automated.map((rule) => ({ ...rule, maxGapSeconds })),
          everySecond(kinds.map((kind) => shown[kind]!)),
          kinds.length,
        )
        expect(found.map(({ startTime, endTime }) => [startTime, endTime])).toEqual(
          readSecondBySecond(kinds, maxGapSeconds),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('no cut lies within a segment', () => {
    fc.assert(
      fc.property(video, ({ duration, frames }) => {
        const cuts = frames.slice(1).filter((frame) => frame.isCut)
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
