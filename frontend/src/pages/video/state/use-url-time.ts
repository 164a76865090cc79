import { useEffect, useRef } from 'react'
import { useSearchParams } from 'react-router'
import { usePlayer } from './player-context.tsx'

/** The address follows this long after the playhead rests. */
const REST_MS = 300

/** Seconds of `?t=`; null when there is none that is a time. */
export function timeOfUrl(params: URLSearchParams): number | null {
  const text = params.get('t')
  if (!text || !/^\d+(\.\d+)?$/.test(text)) return null
  return Number(text)
}

/**
 * Keeps `?t=` at the playhead while it rests, so that the address is a link to the moment; and goes
 * where the address says when that is changed by someone else (back, a link to another moment).
 */
export function useUrlTime(): void {
  const player = usePlayer()
  const [params, setParams] = useSearchParams()
  const wanted = timeOfUrl(params)
  const written = useRef(wanted)

  useEffect(() => {
    if (wanted === null || wanted === written.current) return
    written.current = wanted
    player.seek(wanted)
  }, [wanted, player])

  useEffect(() => {
    let timer: number | undefined
    let last = player.state
    const stop = player.subscribe(() => {
      const { time, playing } = player.state
      const isSame = time === last.time && playing === last.playing
      last = player.state
      if (isSame) return
      window.clearTimeout(timer)
      timer = undefined
      if (playing) return
      timer = window.setTimeout(() => {
        const t = Math.round(player.state.time * 100) / 100
        if (player.state.playing || t === (written.current ?? 0)) return
        written.current = t
        setParams(
          (before) => {
            const after = new URLSearchParams(before)
            after.set('t', t.toFixed(2))
            return after
          },
          { replace: true, preventScrollReset: true },
        )
      }, REST_MS)
    })
    return () => {
      stop()
      window.clearTimeout(timer)
    }
  }, [player, setParams])
}
