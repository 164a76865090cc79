import type { Lane, LaneKind } from './lanes.ts'

/** One line of the timeline below the ruler and the pictures. Pixels. */
export type Row =
  | { type: 'lane'; lane: Lane; y: number; height: number }
  | { type: 'more'; kind: LaneKind; hiddenCount: number; open: boolean; y: number; height: number }

export const ROW_HEIGHT = 20
const GROUP_GAP = 5
/** Lanes of a kind that are shown before somebody asks for all. */
const SHOWN: Partial<Record<LaneKind, number>> = { object: 5, concept: 3 }

/**
 * Where each lane lies. Of objects and concepts the longest seen ones are shown, and a line that
 * opens the rest; a hidden label keeps its lane, dimmed, so that it can be found again.
 */
export function rowsOf(
  lanes: Lane[],
  open: ReadonlySet<LaneKind>,
): { rows: Row[]; height: number } {
  const rows: Row[] = []
  let y = 0
  let before: LaneKind | null = null
  const kinds = [...new Set(lanes.map((lane) => lane.kind))]
  for (const kind of kinds) {
    const all = lanes.filter((lane) => lane.kind === kind)
    const most = SHOWN[kind] ?? Number.POSITIVE_INFINITY
    const isOpen = open.has(kind)
    if (before) y += GROUP_GAP
    before = kind
    for (const lane of isOpen ? all : all.slice(0, most)) {
      rows.push({ type: 'lane', lane, y, height: ROW_HEIGHT })
      y += ROW_HEIGHT
    }
    if (all.length > most) {
      rows.push({
        type: 'more',
        kind,
        hiddenCount: all.length - most,
        open: isOpen,
        y,
        height: ROW_HEIGHT,
      })
      y += ROW_HEIGHT
    }
  }
  return { rows, height: y }
}

/** The row at a height; null in a gap. */
export function rowAt(rows: Row[], y: number): Row | null {
  return rows.find((row) => y >= row.y && y < row.y + row.height) ?? null
}
