import type { Segment } from './lanes.ts'
import type { Row } from './rows.ts'
import type { Tick } from './ticks.ts'
import { toX, type View } from './view.ts'

export interface Scene {
  view: View
  /** CSS pixels. */
  width: number
  height: number
  rows: Row[]
  ticks: Tick[]
  hidden: ReadonlySet<string>
  minConfidence: number
  highlight: string | null
  selected: { laneId: string; start: number } | null
  loop: { start: number; end: number } | null
}

const GROUND = '#1b1d1f'
const STRIPE = '#202326'
const LINE = '#2b2f33'
const LIGHT_INK = '#eceae6'
const DARK_INK = '#101112'
const FAINT_INK = '#969ba1'
const FONT = '11px ui-sans-serif, system-ui, sans-serif'

/** Paints all lanes. Segments narrower than two pixels are drawn two wide, so that none is lost. */
export function drawLanes(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, width, height, rows } = scene
  context.fillStyle = GROUND
  context.fillRect(0, 0, width, height)
  for (const row of rows) {
    if (row.type === 'more') continue
    context.fillStyle = STRIPE
    context.fillRect(0, row.y, width, row.height - 1)
  }
  context.fillStyle = LINE
  for (const { time, label } of scene.ticks)
    if (label !== null) context.fillRect(Math.round(toX(time, view, width)), 0, 1, height)
  context.font = FONT
  context.textBaseline = 'middle'
  for (const row of rows) if (row.type === 'lane') drawLane(context, scene, row)
  if (scene.loop) {
    const left = toX(scene.loop.start, view, width)
    const right = toX(scene.loop.end, view, width)
    context.fillStyle = 'rgb(245 166 35 / 0.12)'
    context.fillRect(left, 0, right - left, height)
  }
}

function drawLane(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { lane, y, height }: Extract<Row, { type: 'lane' }>,
): void {
  const { view, width, highlight, selected } = scene
  const dimmed =
    scene.hidden.has(lane.label) ||
    (highlight !== null && isLabelled(lane.kind) && highlight !== lane.label)
  const inset = lane.kind === 'concept' ? 6 : 2
  let lastRight = Number.NEGATIVE_INFINITY
  lane.segments.forEach((segment, index) => {
    if (segment.end < view.from || segment.start > view.to) return
    const left = Math.max(-4, toX(segment.start, view, width))
    const right = Math.min(width + 4, toX(segment.end, view, width))
    // A pixel of ground between neighbours, where they have room for it.
    const drawn = Math.max(2, right - left - (right - left > 4 ? 1 : 0))
    if (left + drawn <= lastRight && right - left < 2) return
    lastRight = left + drawn
    const unsure = (segment.confidence ?? 1) < scene.minConfidence && lane.kind === 'object'
    context.globalAlpha = dimmed || unsure ? 0.18 : strength(lane.kind, segment, index)
    context.fillStyle = lane.color
    context.fillRect(left, y + inset, drawn, height - 1 - inset * 2)
    context.globalAlpha = 1
    if (selected?.laneId === lane.id && selected.start === segment.start) {
      context.strokeStyle = '#fff'
      context.lineWidth = 1.5
      context.strokeRect(left + 0.75, y + 1.75, Math.max(2, drawn - 1.5), height - 4.5)
    }
    if (dimmed || drawn <= 52 || lane.kind === 'object' || lane.kind === 'concept') return
    const from = Math.max(0, left)
    const ink = lane.kind === 'shots' ? LIGHT_INK : DARK_INK
    drawText(context, segment.text, from, y + height / 2, Math.min(right, width) - from, ink)
  })
  if (lane.isEmpty) drawText(context, 'none', 0, y + height / 2, width, FAINT_INK)
}

const isLabelled = (kind: string) => kind === 'object' || kind === 'concept' || kind === 'activity'

/** Surer is brighter; shots alternate so that their borders show. */
function strength(kind: string, segment: Segment, index: number): number {
  if (kind === 'shots') return index % 2 === 0 ? 0.42 : 0.28
  if (kind === 'speech') return 0.55
  if (kind === 'hits') return 0.95
  if (kind === 'activity') return 0.85
  return 0.35 + 0.6 * (segment.confidence ?? 0.5)
}

function drawText(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  room: number,
  color: string,
): void {
  const space = room - 10
  if (space < 30) return
  const full = context.measureText(text).width
  const shown =
    full <= space
      ? text
      : `${text.slice(0, Math.max(1, Math.floor((text.length * space) / full) - 1))}…`
  context.fillStyle = color
  context.fillText(shown, x + 5, y)
}
