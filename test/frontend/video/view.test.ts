import { describe, expect, it } from 'vitest'
import { filmSlots } from '../../../frontend/src/pages/video/timeline/film-slots.ts'
import { tickStep, ticksOf } from '../../../frontend/src/pages/video/timeline/ticks.ts'
import {
  clampView,
  dataWindow,
  frameSegment,
  panView,
  revealTime,
  toTime,
  toX,
  zoomView,
} from '../../../frontend/src/pages/video/timeline/view.ts'

describe('the view of the timeline', () => {
  it('keeps the anchor where it is while zooming', () => {
    const before = { from: 100, to: 200 }
    const after = zoomView(before, 2, 125, 3600)
    expect(after).toEqual({ from: 112.5, to: 162.5 })
    expect(toX(125, after, 1000)).toBe(toX(125, before, 1000))
  })

  it('ends at half a second inwards and at the whole video outwards', () => {
    expect(zoomView({ from: 10, to: 11 }, 100, 10, 60)).toEqual({ from: 10, to: 10.5 })
    expect(zoomView({ from: 10, to: 50 }, 0.01, 20, 60)).toEqual({ from: 0, to: 60 })
  })

  it('shows a video shorter than that whole', () => {
    expect(clampView({ from: 0, to: 9 }, 0.067)).toEqual({ from: 0, to: 0.067 })
    expect(zoomView({ from: 0, to: 0.067 }, 8, 0.03, 0.067)).toEqual({ from: 0, to: 0.067 })
  })

  it('stops at both ends while panning', () => {
    expect(panView({ from: 5, to: 15 }, -20, 60)).toEqual({ from: 0, to: 10 })
    expect(panView({ from: 5, to: 15 }, 100, 60)).toEqual({ from: 50, to: 60 })
  })

  it('turns the page when the playhead leaves, and not before', () => {
    const view = { from: 10, to: 20 }
    expect(revealTime(view, 20, 60)).toBe(view)
    expect(revealTime(view, 21, 60)).toEqual({ from: 20, to: 30 })
    expect(revealTime(view, 9, 60)).toEqual({ from: 0, to: 10 })
    expect(revealTime(view, 58, 60)).toEqual({ from: 50, to: 60 })
  })

  it('gives a segment a quarter of its length as room at each side', () => {
    expect(frameSegment(20, 28, 60)).toEqual({ from: 18, to: 30 })
  })

  it('turns pixels into seconds and back', () => {
    expect(toTime(250, { from: 10, to: 30 }, 1000)).toBe(15)
    expect(toX(15, { from: 10, to: 30 }, 1000)).toBe(250)
    // Before the first layout there is no width.
    expect(toTime(0, { from: 10, to: 30 }, 0)).toBe(10)
  })
})

describe('what is asked of the API', () => {
  it('is the view with room at both sides, at the resolution of a pixel', () => {
    const wanted = dataWindow({ from: 100, to: 200 }, 1000, 3600)
    expect(wanted).toEqual({ from: 48, to: 256, resolution: 0.0625 })
  })

  it('does not change with a small move, and changes with a large one', () => {
    const at = (from: number) => dataWindow({ from, to: from + 100 }, 1000, 3600)
    expect(at(101)).toEqual(at(100))
    expect(at(140)).not.toEqual(at(100))
  })

  it('never goes beyond the video', () => {
    expect(dataWindow({ from: 0, to: 60 }, 800, 60)).toMatchObject({ from: 0, to: 60 })
  })
})

describe('ticks', () => {
  it('stand on round times whose labels have room', () => {
    expect(tickStep(3600, 1000)).toBe(300)
    expect(tickStep(139.4, 1110)).toBe(10)
    expect(tickStep(5, 300)).toBe(2)
    expect(tickStep(0.5, 1000)).toBe(0.1)
  })

  it('are named in tenths only where the step is below a second', () => {
    const named = (view: { from: number; to: number }) =>
      ticksOf(view, 1000).flatMap(({ label }) => (label === null ? [] : [label]))
    expect(named({ from: 0, to: 60 })).toEqual([
      ...['0:00', '0:05', '0:10', '0:15', '0:20', '0:25', '0:30'],
      ...['0:35', '0:40', '0:45', '0:50', '0:55', '1:00'],
    ])
    expect(named({ from: 3599.7, to: 3600.3 })).toEqual([
      ...['59:59.7', '59:59.8', '59:59.9', '1:00:00.0', '1:00:00.1', '1:00:00.2', '1:00:00.3'],
    ])
  })

  it('have four small ones between two named ones', () => {
    const ticks = ticksOf({ from: 0, to: 60 }, 1000)
    expect(ticks.slice(0, 6).map(({ label }) => label)).toEqual([
      ...['0:00', null, null, null, null, '0:05'],
    ])
  })
})

describe('the slots of the filmstrip', () => {
  it('stay where they are in the video while panning', () => {
    const starts = (from: number) =>
      filmSlots({ from, to: from + 100 }, 900, 3600).slots.map((slot) => slot.from)
    expect(starts(100)).toEqual([96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192])
    expect(starts(108).slice(0, 11)).toEqual(starts(100).slice(1, 12))
  })

  it('end with the video, and ask for no more pictures than the API gives', () => {
    const { slots, count, window } = filmSlots({ from: 0, to: 139.4 }, 1110, 139.4)
    expect(slots.at(-1)).toEqual({ from: 136, to: 139.4 })
    expect(window).toEqual({ from: 0, to: 139.4 })
    expect(count).toBe(36)
    expect(filmSlots({ from: 0, to: 3600 }, 30_000, 3600).count).toBe(200)
  })
})
