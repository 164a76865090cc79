import { describe, expect, it } from 'vitest'
import { byColumn, inBlocks, transposed } from '../../../src/models/eight-bit/weights.ts'
import { randomFrom } from '../../support/random.ts'

const random = randomFrom(3)
const rows = 70
const columns = 5
const values = Float32Array.from({ length: rows * columns }, () => random() - 0.5)
for (let row = 0; row < rows; row++) values[row * columns + 2] = 0
values[3] = 100
const matrix = { values, rows, columns }

describe('weights in 8 bits', () => {
  it('by column are off by half a level of their own column at most', () => {
    const { levels, scales } = byColumn(matrix)
    expect(scales[2]).toBe(1)
    expect(levels[3]).toBe(127)
    for (const [at, value] of values.entries()) {
      const scale = scales[at % columns]!
      expect(Math.abs(levels[at]! * scale - value)).toBeLessThanOrEqual(scale * 0.5001)
    }
  })

  it('in blocks are off by half a level of their own 32 rows, and the last block is filled up with zeros', () => {
    const { levels, scales } = inBlocks(matrix)
    expect(scales).toHaveLength(columns * 3)
    expect(levels).toHaveLength(columns * 3 * 32)
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < 96; row++) {
        const scale = scales[column * 3 + Math.floor(row / 32)]!
        const back = (levels[column * 96 + row]! - 128) * scale
        const value = row < rows ? values[row * columns + column]! : 0
        expect(Math.abs(back - value)).toBeLessThanOrEqual(row < rows ? scale * 0.5001 : 0)
      }
    }
    // The one large value spoils its own block only.
    expect(scales[3 * 3]).toBeCloseTo(100 / 127)
    expect(scales[3 * 3 + 1]).toBeLessThan(0.5 / 126)
  })

  it('are turned and turned back', () => {
    const turned = transposed(matrix)
    expect([turned.rows, turned.columns, turned.values[rows]]).toEqual([columns, rows, values[1]])
    expect(transposed(turned)).toEqual(matrix)
  })
})
