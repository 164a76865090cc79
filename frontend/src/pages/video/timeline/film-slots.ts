import { clampView, dataWindow, type View } from './view.ts'

const SLOT_PX = 90
/** As many as the API samples at once. */
const MAX_SAMPLE = 200

export interface FilmSlots {
  slots: { from: number; to: number }[]
  window: View
  /** Keyframes to ask for over the window. */
  count: number
}

/**
 * Slots of equal length in view, 64 to 127 pixels wide each. They lie on multiples of their length
 * from 0, so that the pictures move with the video and do not change while panning.
 */
export function filmSlots(view: View, width: number, duration: number): FilmSlots {
  const span = Math.max(1e-3, view.to - view.from)
  const length = 2 ** Math.round(Math.log2((span * SLOT_PX) / Math.max(1, width)))
  const slots: { from: number; to: number }[] = []
  for (let n = Math.floor(view.from / length + 1e-9); n * length < view.to; n++)
    slots.push({ from: n * length, to: Math.min((n + 1) * length, duration) })
  const wide = dataWindow(view, width, duration)
  const window = clampView(wide, duration)
  const count = Math.min(MAX_SAMPLE, Math.max(1, Math.ceil((window.to - window.from) / length) * 2))
  return { slots, window, count }
}
