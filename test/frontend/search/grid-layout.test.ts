import { describe, expect, it } from 'vitest'
import { gridLayout, moved } from '../../../frontend/src/pages/search/grid-layout.ts'

describe('the grid', () => {
  it('has as many columns as fit, on a desk and on a phone', () => {
    const columns = (width: number) =>
      (['compact', 'normal', 'large'] as const).map(
        (density) => gridLayout(width, density, false).columns,
      )
    expect(columns(992)).toEqual([6, 4, 3])
    expect(columns(366)).toEqual([3, 2, 1])
    expect(columns(50)).toEqual([1, 1, 1])
  })

  it('keeps pictures at 16:9 within the border and adds the lines of text and the gap', () => {
    // (992 - 3 · 12) / 4 = 239 wide, 237 within the border.
    expect(gridLayout(992, 'normal', false)).toEqual({
      columns: 4,
      gap: 12,
      pictureHeight: 133,
      rowHeight: 133 + 62 + 12,
    })
    expect(gridLayout(992, 'normal', true).rowHeight).toBe(133 + 86 + 12)
  })

  const at = { count: 10, columns: 4, rowsPerPage: 2 }
  it('leads by arrows to the neighbours and stays at the edges', () => {
    expect(moved('ArrowRight', 3, at)).toBe(4)
    expect(moved('ArrowLeft', 4, at)).toBe(3)
    expect(moved('ArrowUp', 5, at)).toBe(1)
    expect(moved('ArrowUp', 2, at)).toBe(2)
    expect(moved('ArrowRight', 9, at)).toBe(9)
    expect(moved('ArrowLeft', 0, at)).toBe(0)
  })

  it('leads down to the last card where the last row is shorter', () => {
    expect(moved('ArrowDown', 4, at)).toBe(8)
    expect(moved('ArrowDown', 7, at)).toBe(9)
    expect(moved('ArrowDown', 8, at)).toBe(8)
  })

  it('leads to the ends and by pages', () => {
    expect(moved('Home', 6, at)).toBe(0)
    expect(moved('End', 6, at)).toBe(9)
    expect(moved('PageDown', 1, at)).toBe(9)
    expect(moved('PageUp', 6, at)).toBe(2)
    expect(moved('PageUp', 9, at)).toBe(1)
  })

  it('leaves other keys alone', () => {
    expect(moved('a', 3, at)).toBeNull()
  })
})
