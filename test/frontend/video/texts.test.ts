import { describe, expect, it } from 'vitest'
import { formatShare } from '../../../frontend/src/lib/format.ts'
import { evidenceText } from '../../../frontend/src/pages/video/panels/activities-panel.tsx'
import {
  entriesOf,
  matches,
  summaryOf,
} from '../../../frontend/src/pages/video/panels/json-tree.ts'
import { splitMarks } from '../../../frontend/src/pages/video/panels/marked-text.tsx'
import { fileName, toSrt, toVtt } from '../../../frontend/src/pages/video/panels/subtitles.ts'
import { boxText, visibleBoxes } from '../../../frontend/src/pages/video/player/box-overlay.tsx'
import { timeOfUrl } from '../../../frontend/src/pages/video/state/use-url-time.ts'

const segments = [
  { start_time: 0.152, end_time: 7.4, text: ' And so my fellow Americans' },
  { start_time: 3723.9996, end_time: 3725, text: 'a < b & c\n\nd' },
]

describe('subtitles', () => {
  it('are SubRip', () => {
    expect(toSrt(segments)).toBe(
      '1\n00:00:00,152 --> 00:00:07,400\nAnd so my fellow Americans\n\n' +
        '2\n01:02:04,000 --> 01:02:05,000\na < b & c\nd\n',
    )
  })

  it('are WebVTT, with what is markup there as text', () => {
    expect(toVtt(segments)).toBe(
      'WEBVTT\n\n00:00:00.152 --> 00:00:07.400\nAnd so my fellow Americans\n\n' +
        '01:02:04.000 --> 01:02:05.000\na &lt; b &amp; c\nd\n',
    )
  })

  it('are named after the video', () => {
    expect(fileName('CNC: milling / turning.mp4', 'srt')).toBe('CNC_ milling _ turning.srt')
    expect(fileName('???', 'vtt')).toBe('_.vtt')
    expect(fileName('', 'vtt')).toBe('transcript.vtt')
  })
})

describe('marks in a text', () => {
  it('are where the words are, in any case, and nothing is lost', () => {
    const parts = splitMarks('Ask what you can, ask.', 'ask')
    expect(parts.map(({ part, isHit }) => [part, isHit])).toEqual([
      ['Ask', true],
      [' what you can, ', false],
      ['ask', true],
      ['.', false],
    ])
  })

  it('are none without words', () => {
    expect(splitMarks('text', '')).toEqual([{ part: 'text', start: 0, isHit: false }])
  })
})

describe('the JSON viewer', () => {
  it('writes paths as JavaScript would', () => {
    expect(entriesOf([{ a: 1 }], 'keyframes')[0]?.path).toBe('keyframes[0]')
    expect(entriesOf({ a: 1, 'b c': 2 }, 'x').map(({ path }) => path)).toEqual(['x.a', 'x["b c"]'])
    expect(entriesOf('text', 'x')).toEqual([])
    expect(entriesOf(null, 'x')).toEqual([])
  })

  it('finds keys and values, however deep', () => {
    const value = { detections: [{ label: 'Person', bbox: { x: 0.25 } }] }
    expect(matches(value, 'keyframe', 'person')).toBe(true)
    expect(matches(value, 'keyframe', 'bbox')).toBe(true)
    expect(matches(value, 'keyframe', '0.25')).toBe(true)
    expect(matches(value, 'keyframe', 'drill')).toBe(false)
  })

  it('says in a line what a value is', () => {
    expect(summaryOf([1, 2])).toBe('[2]')
    expect(summaryOf({ label: 'person', x: 1 })).toBe('{2} person')
    expect(summaryOf('a "b"')).toBe('"a \\"b\\""')
    expect(summaryOf(null)).toBe('null')
  })
})

it('says what an activity was found by', () => {
  const evidence = [{ label: 'machine', source: 'clip', keyframes: 3, maxConfidence: 0.957 }]
  expect(evidenceText({ rule: 'automated_process', evidence, keyframeIds: ['a'] })).toBe(
    'Rule automated process: machine 96 % in 3 keyframes (clip)',
  )
  expect(evidenceText({})).toBe('')
})

it('draws boxes that are shown and sure enough, small ones on top', () => {
  const box = (label: string, confidence: number, size: number) => ({
    keyframe_id: 'k',
    timestamp: 0,
    label,
    source_label: label,
    confidence,
    bbox_x: 0,
    bbox_y: 0,
    bbox_w: size,
    bbox_h: size,
    model_name: 'm',
    track_id: null,
    source: 'detector' as const,
  })
  const boxes = [
    box('cup', 0.9, 0.1),
    box('person', 0.5, 0.8),
    box('tv', 0.95, 0.3),
    box('dog', 0.2, 1),
  ]
  expect(visibleBoxes(boxes, new Set(['tv']), 0.5).map(({ label }) => label)).toEqual([
    'person',
    'cup',
  ])
})

it('numbers a box by the object that it is', () => {
  const box = { label: 'hand_tool', confidence: 0.876 }
  expect(boxText({ ...box, track_id: 2 })).toBe(`hand tool #2 ${formatShare(0.876)}`)
  expect(boxText({ ...box, track_id: null })).toBe(`hand tool ${formatShare(0.876)}`)
})

it('takes only a time for a time in the address', () => {
  const at = (query: string) => timeOfUrl(new URLSearchParams(query))
  expect(at('t=12.5')).toBe(12.5)
  expect(at('')).toBeNull()
  expect(at('t=-1')).toBeNull()
  expect(at('t=Infinity')).toBeNull()
})
