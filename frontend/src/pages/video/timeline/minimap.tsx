import { type KeyboardEvent, memo, type PointerEvent, useMemo, useRef } from 'react'
import { formatTime } from '../../../lib/format.ts'
import type { Lane } from './lanes.ts'
import { PlayheadLine } from './playhead-line.tsx'
import { isWhole, type View } from './view.ts'

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
      <Marks lanes={lanes} duration={duration} />
      <div
        className="absolute inset-y-0 min-w-1 rounded-sm border border-edge bg-white/10"
        style={{ left: share(view.from), width: share(span) }}
      />
      <PlayheadLine view={whole} width={width} />
    </div>
  )
}

/** Activities, speech and hits in thin lines. Made anew only with the lanes, not with the view. */
const Marks = memo(function Marks({ lanes, duration }: { lanes: Lane[]; duration: number }) {
  const share = (time: number) => `${(time / (duration || 1)) * 100}%`
  return lanes
    .filter(({ kind }) => kind === 'activity' || kind === 'speech' || kind === 'hits')
    .map((lane, index) =>
      lane.segments.map((segment) => (
        <div
          key={`${lane.id} ${segment.start}`}
          className="absolute h-0.5 min-w-px opacity-80"
          style={{
            top: 2 + (index % 4) * 3,
            left: share(segment.start),
            width: share(segment.end - segment.start),
            background: lane.color,
          }}
        />
      )),
    )
})
