import { describe, expect, it } from 'vitest'
import {
  fetchOrder,
  indexAt,
  indexOfTime,
  keyframeIdOf,
} from '../../../frontend/src/components/scrub.ts'
import { positionOf, STEPS, secondsAt } from '../../../frontend/src/pages/search/duration-scale.ts'

describe('scrubbing over a picture', () => {
  it('shows the first at the left edge, the last at the right one, each over an equal part', () => {
    expect(indexAt(100, 100, 240, 24)).toBe(0)
    expect(indexAt(109.9, 100, 240, 24)).toBe(0)
    expect(indexAt(110, 100, 240, 24)).toBe(1)
    expect(indexAt(340, 100, 240, 24)).toBe(23)
  })

  it('stays at an end when a finger goes beyond', () => {
    expect(indexAt(0, 100, 240, 24)).toBe(0)
    expect(indexAt(900, 100, 240, 24)).toBe(23)
  })

  it('shows nothing without pictures or without a width', () => {
    expect(indexAt(120, 100, 240, 0)).toBeNull()
    expect(indexAt(120, 100, 0, 24)).toBeNull()
  })

  it('starts by key at the picture nearest to the moment, the earlier of two as near', () => {
    expect(indexOfTime([0, 4, 8], 5)).toBe(1)
    expect(indexOfTime([0, 4, 8], 6)).toBe(1)
    expect(indexOfTime([0, 4, 8], 600)).toBe(2)
    expect(indexOfTime([], 5)).toBeNull()
  })

  it('fetches what is looked at first and then outwards', () => {
    expect(fetchOrder(5, 3)).toEqual([3, 2, 4, 1, 0])
    expect(fetchOrder(0, 0)).toEqual([])
  })

  it('finds the keyframe in an address', () => {
    expect(keyframeIdOf('/api/videos/v-1/keyframes/k-2')).toBe('k-2')
    expect(keyframeIdOf('/api/videos/v-1/thumbnail')).toBeNull()
    expect(keyframeIdOf(null)).toBeNull()
  })
})

describe('the slider of lengths', () => {
  it('reaches both ends outwards, so that the shortest and the longest stay in', () => {
    expect(secondsAt(0, 2.4, 139.4)).toBe(2)
    expect(secondsAt(STEPS, 2.4, 139.4)).toBe(140)
  })

  it('gives its left half to the shortest quarter', () => {
    expect(secondsAt(STEPS / 2, 0, 400)).toBe(100)
    expect(positionOf(100, 0, 400)).toBe(50)
  })

  it('keeps within its ends and bears a library of one length', () => {
    expect(positionOf(1000, 0, 400)).toBe(STEPS)
    expect(positionOf(5, 5, 5)).toBe(0)
    expect(positionOf(6, 5, 5)).toBe(STEPS)
  })
})
