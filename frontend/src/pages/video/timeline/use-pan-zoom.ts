import { type RefObject, useEffect, useRef } from 'react'

export interface PanZoom {
  /** Pixels to the right that the picture moves. */
  onPan: (pixels: number) => void
  /** `x` in pixels from the left edge stays where it is. */
  onZoom: (factor: number, x: number) => void
  /** A press that did not become a drag. */
  onClick: (x: number, y: number) => void
  /** The pointer is there without a button; null when it is gone. */
  onHover: (at: { x: number; y: number } | null) => void
  onDoubleClick: (x: number, y: number) => void
  /** Whether a drag or a wheel can move anything: else the page scrolls. */
  canPan: (pixels: number) => boolean
}

/** A press that moves less than this is a click. */
const CLICK_PX = 4

/** Wheel, drag and pinch over an element. A wheel with Ctrl (or a pinch on a touchpad) zooms. */
export function usePanZoom(element: RefObject<HTMLElement | null>, handlers: PanZoom): void {
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  useEffect(() => {
    const target = element.current
    if (!target) return
    const pointers = new Map<number, { x: number; y: number }>()
    let start: { x: number; y: number } | null = null
    let dragging = false
    let pinch = 0
    const at = (event: MouseEvent) => {
      const box = target.getBoundingClientRect()
      return { x: event.clientX - box.left, y: event.clientY - box.top }
    }
    const onWheel = (event: WheelEvent) => {
      const unit = event.deltaMode === 1 ? 16 : 1
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault()
        latest.current.onZoom(Math.exp(-event.deltaY * unit * 0.01), at(event).x)
        return
      }
      const pixels = -(event.deltaX || event.deltaY) * unit
      if (!latest.current.canPan(pixels)) return
      event.preventDefault()
      latest.current.onPan(pixels)
    }
    const onDown = (event: PointerEvent) => {
      if (event.button !== 0) return
      pointers.set(event.pointerId, at(event))
      target.setPointerCapture(event.pointerId)
      start = at(event)
      dragging = false
      pinch = distance(pointers)
    }
    const onMove = (event: PointerEvent) => {
      const now = at(event)
      const before = pointers.get(event.pointerId)
      if (!before) return latest.current.onHover(now)
      pointers.set(event.pointerId, now)
      if (pointers.size === 2) {
        const wide = distance(pointers)
        if (pinch > 0 && wide > 0) latest.current.onZoom(wide / pinch, middle(pointers))
        pinch = wide
        dragging = true
        return
      }
      if (!dragging && start && Math.hypot(now.x - start.x, now.y - start.y) < CLICK_PX) return
      dragging = true
      latest.current.onHover(null)
      latest.current.onPan(now.x - before.x)
    }
    const onUp = (event: PointerEvent) => {
      if (!pointers.delete(event.pointerId)) return
      if (!dragging && event.type === 'pointerup') {
        const { x, y } = at(event)
        latest.current.onClick(x, y)
      }
      if (pointers.size === 0) dragging = false
    }
    const onLeave = () => latest.current.onHover(null)
    const onDouble = (event: MouseEvent) => latest.current.onDoubleClick(at(event).x, at(event).y)
    target.addEventListener('wheel', onWheel, { passive: false })
    target.addEventListener('pointerdown', onDown)
    target.addEventListener('pointermove', onMove)
    target.addEventListener('pointerup', onUp)
    target.addEventListener('pointercancel', onUp)
    target.addEventListener('pointerleave', onLeave)
    target.addEventListener('dblclick', onDouble)
    return () => {
      target.removeEventListener('wheel', onWheel)
      target.removeEventListener('pointerdown', onDown)
      target.removeEventListener('pointermove', onMove)
      target.removeEventListener('pointerup', onUp)
      target.removeEventListener('pointercancel', onUp)
      target.removeEventListener('pointerleave', onLeave)
      target.removeEventListener('dblclick', onDouble)
    }
  }, [element])
}

type Points = Map<number, { x: number; y: number }>

function distance(points: Points): number {
  const [a, b] = [...points.values()]
  return a && b ? Math.abs(a.x - b.x) : 0
}

function middle(points: Points): number {
  const all = [...points.values()]
  return all.reduce((sum, point) => sum + point.x, 0) / (all.length || 1)
}
