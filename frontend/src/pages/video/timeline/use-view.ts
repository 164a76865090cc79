import { useCallback, useEffect, useState } from 'react'
import { usePlayer } from '../state/player-context.tsx'
import { clampView, panView, revealTime, type View, zoomView } from './view.ts'

/** The timeline's view, which turns its page when the playhead leaves it. */
export function useView(duration: number) {
  const player = usePlayer()
  const [view, setView] = useState<View>({ from: 0, to: duration })
  useEffect(() => setView({ from: 0, to: duration }), [duration])

  const zoom = useCallback(
    (factor: number, anchor?: number) =>
      setView((now) => zoomView(now, factor, anchor ?? player.state.time, duration)),
    [player, duration],
  )
  const pan = useCallback(
    (seconds: number) => setView((now) => panView(now, seconds, duration)),
    [duration],
  )
  const show = useCallback((wanted: View) => setView(clampView(wanted, duration)), [duration])
  const fit = useCallback(() => setView({ from: 0, to: duration }), [duration])

  // The page turns when the playhead leaves it or jumps; whoever pans away from it is left there.
  useEffect(() => {
    let last = player.state.time
    return player.subscribe(() => {
      const { time } = player.state
      if (time === last) return
      const before = last
      last = time
      setView((now) => {
        const isFollowed = before >= now.from && before <= now.to
        return isFollowed || Math.abs(time - before) > 0.5 ? revealTime(now, time, duration) : now
      })
    })
  }, [player, duration])

  return { view, zoom, pan, show, fit }
}
