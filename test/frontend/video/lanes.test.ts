import { describe, expect, it } from 'vitest'
import {
  lanesOf,
  segmentAt,
  stepSegment,
} from '../../../frontend/src/pages/video/timeline/lanes.ts'
import { rowAt, rowsOf } from '../../../frontend/src/pages/video/timeline/rows.ts'
import { valueText } from '../../../frontend/src/pages/video/timeline/timeline-slider.tsx'
import type { Timeline } from '../../../src/api/schemas/video-parts.ts'

const span = (start_time: number, end_time: number) => ({
  start_time,
  end_time,
  count: 2,
  max_confidence: 0.8,
})
const object = (label: string, kind: 'object' | 'concept' = 'object', spans = [span(0, 5)]) => ({
  label,
  kind,
  count: 2,
  max_confidence: 0.8,
  spans,
})
const whole: Timeline = {
  duration: 60,
  from: 0,
  to: 60,
  resolution: 0.1,
  shots: [
    { shot_index: 0, start_time: 0, end_time: 20, shots: 1 },
    { shot_index: 1, start_time: 20, end_time: 60, shots: 3 },
  ],
  objects: [object('person'), object('lathe', 'concept'), object('drill')],
  activities: [
    { label: 'tool_usage', start_time: 5, end_time: 9, confidence: 0.9 },
    { label: 'safety_check', start_time: 12, end_time: 14, confidence: 0.7 },
    { label: 'tool_usage', start_time: 30, end_time: 40, confidence: 0.6 },
  ],
  speech: [{ start_time: 1, end_time: 4 }],
}

describe('lanes', () => {
  it('come in one order, with one activity and one object each', () => {
    expect(lanesOf(whole, null, null).map((lane) => lane.id)).toEqual([
      'shots:Shots',
      'activity:tool_usage',
      'activity:safety_check',
      'speech:Speech',
      'object:person',
      'object:drill',
      'concept:lathe',
    ])
  })

  it('stay while zooming, with the segments of what is near', () => {
    const detail = { ...whole, from: 0, to: 10, activities: [], objects: [object('drill')] }
    const lanes = lanesOf(whole, detail, null)
    expect(lanes.map((lane) => lane.id)).toEqual(lanesOf(whole, null, null).map((lane) => lane.id))
    expect(lanes.find((lane) => lane.id === 'object:person')?.segments).toEqual([])
    expect(lanes.find((lane) => lane.id === 'object:drill')?.segments).toHaveLength(1)
  })

  it('say that there is nothing, of the whole video alone', () => {
    const bare = { ...whole, speech: [], activities: [], objects: [] }
    expect(lanesOf(bare, null, null).flatMap((lane) => (lane.isEmpty ? [lane.label] : []))).toEqual(
      ['Activities', 'Speech', 'Objects'],
    )
    expect(lanesOf(whole, { ...whole, speech: [] }, null).some((lane) => lane.isEmpty)).toBe(false)
  })

  it('name several short shots as one', () => {
    expect(lanesOf(whole, null, null)[0]?.segments.map(({ text }) => text)).toEqual([
      'Shot 1',
      'Shots 2–4',
    ])
  })

  const hit = (start_time: number, reason: 'picture' | 'speech' | 'title') => ({
    start_time,
    end_time: start_time + 2,
    score: 0.5,
    keyframe_url: null,
    reason,
  })

  it('show search hits in order of time, a lane for each kind, without those in the title', () => {
    const hits = [hit(40, 'picture'), hit(0, 'title'), hit(10, 'speech'), hit(12, 'picture')]
    const lanes = lanesOf(whole, null, hits).filter((lane) => lane.kind === 'hits')
    expect(lanes.map((lane) => [lane.label, lane.segments.map(({ start }) => start)])).toEqual([
      ['Hits in pictures', [12, 40]],
      ['Hits in speech', [10]],
    ])
  })

  it('keep an empty lane when nothing was found', () => {
    const lanes = lanesOf(whole, null, [hit(0, 'title')]).filter((lane) => lane.kind === 'hits')
    expect(lanes).toMatchObject([{ label: 'Search hits', segments: [], isEmpty: true }])
  })
})

describe('segments', () => {
  const segments =
    lanesOf(whole, null, null).find((lane) => lane.label === 'tool_usage')?.segments ?? []

  it('are stepped through from where the playhead is', () => {
    expect(stepSegment(segments, 0, 1)?.start).toBe(5)
    expect(stepSegment(segments, 5, 1)?.start).toBe(30)
    expect(stepSegment(segments, 30, 1)).toBeNull()
    // Within one, back is to its start; at its start, to the one before.
    expect(stepSegment(segments, 35, -1)?.start).toBe(30)
    expect(stepSegment(segments, 30.1, -1)?.start).toBe(5)
    expect(stepSegment(segments, 5, -1)).toBeNull()
  })

  it('are found under the pointer, with a little slack', () => {
    expect(segmentAt(segments, 8.9)?.start).toBe(5)
    expect(segmentAt(segments, 9)).toBeNull()
    expect(segmentAt(segments, 9.2, 0.5)?.start).toBe(5)
  })

  it('are said to those who do not see them', () => {
    expect(valueText(lanesOf(whole, null, null), 2, 60)).toBe(
      '0:02.0 of 1:00, Shot 1, Speech, person, drill, lathe',
    )
  })
})

describe('rows', () => {
  const many = {
    ...whole,
    objects: Array.from({ length: 12 }, (_, index) => object(`thing ${index}`)),
  }

  it('show five objects and a line for the rest, until that is opened', () => {
    const lanes = lanesOf(many, null, null)
    const closed = rowsOf(lanes, new Set()).rows
    expect(closed.filter((row) => row.type === 'lane' && row.lane.kind === 'object')).toHaveLength(
      5,
    )
    expect(closed.at(-1)).toMatchObject({ type: 'more', hiddenCount: 7, open: false })
    const open = rowsOf(lanes, new Set(['object' as const]))
    expect(
      open.rows.filter((row) => row.type === 'lane' && row.lane.kind === 'object'),
    ).toHaveLength(12)
    expect(open.rows.at(-1)).toMatchObject({ type: 'more', open: true })
  })

  it('lie one below the other, and are found by their height', () => {
    const { rows, height } = rowsOf(lanesOf(many, null, null), new Set())
    for (const [index, row] of rows.entries()) {
      const before = rows[index - 1]
      expect(row.y).toBeGreaterThanOrEqual(before ? before.y + before.height : 0)
      expect(rowAt(rows, row.y)).toBe(row)
    }
    expect(rowAt(rows, height + 1)).toBeNull()
  })
})
