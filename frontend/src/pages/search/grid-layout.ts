import type { Density } from './search-state.ts'

const GAP = 12
/** Least width of a card in CSS pixels, on a desk and on a phone. */
const LEAST: Record<Density, { wide: number; narrow: number }> = {
  compact: { wide: 148, narrow: 104 },
  normal: { wide: 212, narrow: 160 },
  large: { wide: 310, narrow: 280 },
}
/** Below this width of the grid the phone's sizes hold. */
const NARROW = 640

export interface GridLayout {
  columns: number
  gap: number
  /** Of the picture, 16:9. */
  pictureHeight: number
  /** Of a row with its gap, all in CSS pixels. */
  rowHeight: number
}

/**
 * Where the cards lie in a grid `width` pixels wide. Every card of an answer is equally high, so
 * nothing has to be measured and nothing jumps; ranked ones have lines about their moments.
 */
export function gridLayout(width: number, density: Density, ranked: boolean): GridLayout {
  const narrow = width < NARROW
  const gap = narrow ? 8 : GAP
  const least = narrow ? LEAST[density].narrow : LEAST[density].wide
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)))
  const cardWidth = (width - gap * (columns - 1)) / columns
  // The card's border takes a pixel on either side.
  const pictureHeight = Math.max(0, Math.round(((cardWidth - 2) * 9) / 16))
  return {
    columns,
    gap,
    pictureHeight,
    rowHeight: pictureHeight + textHeight(density, ranked) + gap,
  }
}

/** Of the lines below the picture, with paddings and border; the card's classes keep to it. */
export function textHeight(density: Density, ranked: boolean): number {
  if (density === 'compact') return 34
  return ranked ? 86 : 62
}

export type GridMove =
  | 'ArrowLeft'
  | 'ArrowRight'
  | 'ArrowUp'
  | 'ArrowDown'
  | 'Home'
  | 'End'
  | 'PageUp'
  | 'PageDown'

/** The index of the card that a key leads to; where there is none it stays. */
export function moved(
  key: string,
  index: number,
  { count, columns, rowsPerPage }: { count: number; columns: number; rowsPerPage: number },
): number | null {
  const steps: Record<GridMove, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -index,
    End: count - 1 - index,
    PageUp: -columns * rowsPerPage,
    PageDown: columns * rowsPerPage,
  }
  if (!(key in steps)) return null
  const target = index + steps[key as GridMove]
  if (target >= 0 && target < count) return target
  // Down from the last row but one to a shorter last row, and pages beyond either end.
  if (key === 'ArrowDown' && Math.floor(index / columns) < Math.floor((count - 1) / columns)) {
    return count - 1
  }
  if (key === 'PageUp') return index % columns
  if (key === 'PageDown') return count - 1
  return index
}
