import { useEffect, useRef } from 'react'
import { usePlayer } from '../state/player-context.tsx'
import { toX, type View } from './view.ts'

/** The line at the time of the playhead. It is moved without React, at each frame. */
export function PlayheadLine({ view, width }: { view: View; width: number }) {
  const player = usePlayer()
  const line = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const place = () => {
      if (!line.current) return
      const { time } = player.state
      const x = toX(time, view, width)
      line.current.style.transform = `translateX(${x}px)`
      line.current.style.visibility = x < -1 || x > width + 1 ? 'hidden' : 'visible'
    }
    place()
    return player.subscribe(place)
  }, [player, view, width])
  return (
    <div
      ref={line}
      aria-hidden
      className="pointer-events-none absolute inset-y-0 left-0 z-10 -ml-px w-0.5 bg-amber shadow-[0_0_0_1px_rgb(0_0_0/0.6)]"
    >
      <div className="absolute -top-px left-1/2 size-0 -translate-x-1/2 border-x-5 border-t-6 border-x-transparent border-t-amber" />
    </div>
  )
}
