import { type KeyboardEvent, memo, type PointerEvent, useEffect, useMemo, useRef } from 'react'
import { formatTime } from '../../../lib/format.ts'
import type { Lane } from './lanes.ts'
import { PlayheadLine } from './playhead-line.tsx'
import { isWhole, type View } from './view.ts'

/** Pixels. */
const HEIGHT = 16

/** The whole video in a strip, with the part that is in view; a scrollbar that shows what is where. */
export function Minimap({
  lanes,
  view,
  duration,
  width,
  onShow,
}: {
  lanes: Lane[]
  view: View
  duration: number
  width: number
  onShow: (view: View) => void
}) {
  const grip = useRef<number | null>(null)
  const span = view.to - view.from
  const share = (time: number) => `${(time / (duration || 1)) * 100}%`
  const centre = (middle: number) => onShow({ from: middle - span / 2, to: middle + span / 2 })
  const timeAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    return ((event.clientX - box.left) / box.width) * duration
  }
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -0.1, ArrowRight: 0.1, PageUp: -0.9, PageDown: 0.9 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    onShow({ from: view.from + span * step, to: view.to + span * step })
  }
  const whole = useMemo(() => ({ from: 0, to: duration }), [duration])
  return (
    <div
      role="scrollbar"
      aria-label="Part of the video in view"
      aria-controls="timeline-lanes"
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, Math.round(duration - span))}
      aria-valuenow={Math.round(view.from)}
      aria-valuetext={`${formatTime(view.from)} to ${formatTime(view.to)}`}
      tabIndex={isWhole(view, duration) ? -1 : 0}
      onKeyDown={onKey}
      onPointerDown={(event) => {
        const time = timeAt(event)
        event.currentTarget.setPointerCapture(event.pointerId)
        if (time < view.from || time > view.to) centre(time)
        grip.current = time >= view.from && time <= view.to ? time - (view.from + view.to) / 2 : 0
      }}
      onPointerMove={(event) => {
        if (grip.current !== null) centre(timeAt(event) - grip.current)
      }}
      onPointerUp={() => {
        grip.current = null
      }}
      onPointerCancel={() => {
        grip.current = null
      }}
      className="relative h-4 cursor-grab touch-none overflow-hidden border-t bg-ground active:cursor-grabbing"
    >
      <Marks lanes={lanes} duration={duration} width={width} />
      <div
        className="absolute inset-y-0 min-w-1 rounded-sm border border-edge bg-white/10"
        style={{ left: share(view.from), width: share(span) }}
      />
      <PlayheadLine view={whole} width={width} />
    </div>
  )
}

/** Activities, speech and hits in thin lines. Drawn anew only with the lanes, not with the view. */
const Marks = memo(function Marks({
  lanes,
  duration,
  width,
}: {
  lanes: Lane[]
  duration: number
  width: number
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, width, HEIGHT)
    lanes
      .filter(({ kind }) => kind === 'activity' || kind === 'speech' || kind === 'hits')
      .forEach((lane, index) => {
        context.fillStyle = lane.color
        for (const { start, end } of lane.segments) {
          const left = (start / duration) * width
          const long = ((end - start) / duration) * width
          context.fillRect(left, 2 + (index % 4) * 3, Math.max(1, long), 2)
        }
      })
  }, [lanes, duration, width])
  return (
    <canvas ref={canvas} width={width} height={HEIGHT} aria-hidden className="absolute inset-0" />
  )
})
