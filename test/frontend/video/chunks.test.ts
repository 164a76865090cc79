import { describe, expect, it } from 'vitest'
import { letterbox } from '../../../frontend/src/pages/video/player/letterbox.ts'
import {
  chunksAround,
  chunkWindow,
  lastAt,
  neighbour,
} from '../../../frontend/src/pages/video/state/chunks.ts'

describe('chunks around the playhead', () => {
  it('are the one it is in, the next, and the one before', () => {
    expect(chunksAround(125, 3600)).toEqual([2, 3, 1])
    expect(chunkWindow(2)).toEqual({ from: 120, to: 180 })
  })

  it('are never beyond the ends', () => {
    expect(chunksAround(0, 3600)).toEqual([0, 1])
    expect(chunksAround(3600, 3600)).toEqual([59, 58])
    expect(chunksAround(10, 45)).toEqual([0])
    expect(chunksAround(0, 0)).toEqual([0])
  })
})

describe('the keyframe that stands for a time', () => {
  const keyframes = [0, 1, 2.5, 4]
  const at = (time: number) => lastAt(keyframes, time, (each) => each)

  it('stands from its own time to the next one', () => {
    expect([0, 0.99, 1, 2.49, 2.5, 400].map(at)).toEqual([0, 0, 1, 1, 2, 3])
  })

  it('is there when the browser gives a hair less than it was asked for', () => {
    expect(at(2.4996)).toBe(2)
  })

  it('is none before the first', () => {
    expect(lastAt([1, 2], 0.5, (each) => each)).toBe(-1)
    expect(lastAt([], 5, (each: number) => each)).toBe(-1)
  })

  it('has neighbours', () => {
    expect(neighbour(keyframes, 1, 1)).toBe(2.5)
    expect(neighbour(keyframes, 1, -1)).toBe(0)
    // Within a keyframe's stretch back is to its beginning.
    expect(neighbour(keyframes, 1.7, -1)).toBe(1)
    expect(neighbour(keyframes, 4, 1)).toBeNull()
    expect(neighbour(keyframes, 0, -1)).toBeNull()
  })
})

describe('the picture in its box', () => {
  it('has bars at the sides or above and below', () => {
    expect(letterbox({ width: 800, height: 400 }, { width: 480, height: 270 })).toEqual({
      left: (800 - 6400 / 9) / 2,
      top: 0,
      width: 6400 / 9,
      height: 400,
    })
    expect(letterbox({ width: 400, height: 400 }, { width: 200, height: 100 })).toEqual({
      left: 0,
      top: 100,
      width: 400,
      height: 200,
    })
  })

  it('fills the box when nobody knows its size', () => {
    expect(letterbox({ width: 400, height: 300 }, { width: 0, height: 0 })).toEqual({
      left: 0,
      top: 0,
      width: 400,
      height: 300,
    })
  })
})
