/** The stretch of the video that the timeline shows, in seconds. */
export interface View {
  from: number
  to: number
}

/** Nobody needs to look closer than this many seconds over the whole width. */
export const MIN_SPAN = 0.5

/** The nearest view of that span within the video. */
export function clampView({ from, to }: View, duration: number): View {
  const span = Math.min(duration, Math.max(Math.min(MIN_SPAN, duration), to - from))
  const start = Math.min(Math.max(0, from), duration - span)
  return { from: start, to: start + span }
}

/** Zooms by `factor` (above 1: closer) so that `anchor` (seconds) stays where it is. */
export function zoomView(view: View, factor: number, anchor: number, duration: number): View {
  const span = Math.min(
    duration,
    Math.max(Math.min(MIN_SPAN, duration), (view.to - view.from) / factor),
  )
  const at = Math.min(Math.max(anchor, view.from), view.to)
  const share = (at - view.from) / (view.to - view.from || 1)
  const from = at - share * span
  return clampView({ from, to: from + span }, duration)
}

export function panView(view: View, seconds: number, duration: number): View {
  return clampView({ from: view.from + seconds, to: view.to + seconds }, duration)
}

/** Moves the view so that `time` is in it: a tenth from the side it comes in at. */
export function revealTime(view: View, time: number, duration: number): View {
  if (time >= view.from && time <= view.to) return view
  const span = view.to - view.from
  const from = time > view.to ? time - span * 0.1 : time - span * 0.9
  // A step over the right edge turns the page, one over the left edge turns it back.
  return clampView({ from, to: from + span }, duration)
}

/** A stretch with some room around it. */
export function frameSegment(start: number, end: number, duration: number): View {
  const room = Math.max(MIN_SPAN, end - start) * 0.25
  return clampView({ from: start - room, to: end + room }, duration)
}

export const toX = (time: number, view: View, width: number) =>
  ((time - view.from) / (view.to - view.from || 1)) * width
export const toTime = (x: number, view: View, width: number) =>
  view.from + (x / (width || 1)) * (view.to - view.from)

/** True when all of the video is in view. */
export const isWhole = (view: View, duration: number) => view.to - view.from >= duration - 1e-6

/** What to ask of the API for a view. */
export interface DataWindow extends View {
  resolution: number
}

/**
 * The window and resolution to ask for: the view with half its span at each side, on a grid of a
 * quarter of the span, so that small moves ask for nothing new. The resolution is that of a pixel,
 * rounded down to a power of two of seconds, so that it changes only when the zoom does.
 */
export function dataWindow(view: View, width: number, duration: number): DataWindow {
  const span = Math.max(view.to - view.from, 1e-3)
  const grid = 2 ** Math.floor(Math.log2(span / 4))
  const from = Math.max(0, Math.floor((view.from - span / 2) / grid) * grid)
  const to = Math.min(duration, Math.ceil((view.to + span / 2) / grid) * grid)
  const resolution = 2 ** Math.floor(Math.log2(span / Math.max(1, width)))
  return { from, to, resolution: Math.max(1e-3, resolution) }
}
