import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, overlap, suppressOverlaps } from '../../../src/models/detector/nms.ts'

const box = (x: number, confidence: number, classIndex = 0): Candidate => ({
  ...{ x1: x, y1: 0, x2: x + 10, y2: 10, confidence, classIndex },
})

describe('suppressOverlaps', () => {
  it('keeps the surer of two boxes of a class that overlap by more than the limit', () => {
    // 8 of 12 units shared: 0.667.
    expect(suppressOverlaps([box(0, 0.6), box(2, 0.9)], 0.45, 300)).toEqual([box(2, 0.9)])
    expect(suppressOverlaps([box(0, 0.6), box(2, 0.9)], 0.7, 300)).toHaveLength(2)
  })

  it('keeps overlapping boxes of different classes', () => {
    expect(suppressOverlaps([box(0, 0.6, 0), box(0, 0.9, 1)], 0.45, 300)).toHaveLength(2)
  })

  it('a box that was dropped hides nothing itself', () => {
    const kept = suppressOverlaps([box(0, 0.9), box(4, 0.8), box(8, 0.7)], 0.4, 300)
    expect(kept.map((candidate) => candidate.x1)).toEqual([0, 8])
  })

  it('returns no more than the limit, the surest first', () => {
    const boxes = Array.from({ length: 50 }, (_, index) => box(index * 20, index / 50))
    expect(suppressOverlaps(boxes, 0.45, 3).map((kept) => kept.confidence)).toEqual([
      0.98, 0.96, 0.94,
    ])
  })

  it('keeps only boxes that do not overlap too much, and drops none without cause', () => {
    const side = fc.integer({ min: 0, max: 40 })
    const candidate = fc
      .record({ x: side, y: side, w: side, h: side, c: fc.double({ min: 0, max: 1, noNaN: true }) })
      .chain(({ x, y, w, h, c }) =>
        fc.integer({ min: 0, max: 2 }).map((classIndex) => ({
          ...{ x1: x, y1: y, x2: x + w, y2: y + h, confidence: c, classIndex },
        })),
      )
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 40 }), (boxes) => {
        const kept = suppressOverlaps(boxes, 0.5, 300)
        const clash = (a: Candidate, b: Candidate) =>
          a.classIndex === b.classIndex && overlap(a, b) > 0.5
        for (const [index, one] of kept.entries()) {
          expect(kept.slice(index + 1).some((other) => clash(one, other))).toBe(false)
        }
        for (const dropped of boxes.filter((one) => !kept.includes(one))) {
          const cause = kept.some(
            (one) => clash(one, dropped) && one.confidence >= dropped.confidence,
          )
          expect(cause).toBe(true)
        }
      }),
    )
  })
})

it('overlap of two boxes without area is 0', () => {
  const point = { x1: 5, y1: 5, x2: 5, y2: 5 }
  expect(overlap(point, point)).toBe(0)
})
