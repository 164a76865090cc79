import { type PointerEvent, useRef } from 'react'
import { usePlayer } from '../state/player-context.tsx'
import type { Tick } from './ticks.ts'
import { toTime, toX, type View } from './view.ts'

/** Times above the lanes; dragging on it moves the playhead. */
export function Ruler({ ticks, view, width }: { ticks: Tick[]; view: View; width: number }) {
  const player = usePlayer()
  const scrubbing = useRef(false)
  const scrub = (event: PointerEvent<HTMLDivElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left
    player.seek(toTime(event.clientX - left, view, width))
  }
  return (
    <div
      aria-hidden
      className="relative h-6 cursor-ew-resize touch-none overflow-hidden border-b bg-raised select-none"
      onPointerDown={(event) => {
        if (event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        scrubbing.current = true
        scrub(event)
      }}
      onPointerMove={(event) => scrubbing.current && scrub(event)}
      onPointerUp={() => {
        scrubbing.current = false
      }}
      onPointerCancel={() => {
        scrubbing.current = false
      }}
    >
      {ticks.map(({ time, label }) => (
        <div
          key={time.toFixed(3)}
          className="absolute bottom-0 border-l border-edge"
          style={{ left: toX(time, view, width), height: label === null ? 4 : 9 }}
        >
          {label !== null && (
            <span className="absolute bottom-1.5 left-1 font-mono text-[11px] leading-none text-dim tabular-nums">
              {label}
            </span>
          )}
        </div>
      ))}
    </div>
  )
}
