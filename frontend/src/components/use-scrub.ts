import { useQueryClient } from '@tanstack/react-query'
import { type MouseEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react'
import { type Keyframe, keyframeSampleQuery } from '../api/video.ts'
import { fetchOrder, indexAt, indexOfTime } from './scrub.ts'

/** Pictures over the whole video: as many as a pointer can tell apart on a card. */
const SAMPLE = 24
/** A pointer that only passes by fetches nothing. */
const INTENT_MS = 80
/** A finger that moves less is tapping or scrolling, in CSS pixels. */
const DRAG_PX = 10

export interface Scrub {
  /** The keyframe under the pointer; null while the card shows its own picture. */
  keyframe: Keyframe | null
  /** What the picture's element listens to. */
  handlers: Record<
    'onPointerEnter' | 'onPointerMove' | 'onPointerLeave' | 'onPointerDown',
    (event: PointerEvent<HTMLElement>) => void
  > & { onClickCapture: (event: MouseEvent) => void }
  /** One keyframe on or back, from the one shown or else from a time in seconds. */
  step: (delta: 1 | -1, fromSeconds: number) => void
  stop: () => void
}

/**
 * Moves through a video's keyframes by pointer, finger or key. Nothing moves by itself. The keyframes
 * are asked for when someone first lingers; a video without any keeps its own picture.
 */
export function useScrub(videoId: string, enabled: boolean): Scrub {
  const client = useQueryClient()
  const [keyframe, setKeyframe] = useState<Keyframe | null>(null)
  const intent = useRef<number | undefined>(undefined)
  useEffect(() => () => window.clearTimeout(intent.current), [])

  const { handlers, step, stop } = useMemo(() => {
    let frames: Keyframe[] | null = null
    let asked: Promise<Keyframe[]> | null = null
    let index: number | null = null
    let pointer: { x: number; left: number; width: number } | null = null
    let finger: { x: number; dragged: boolean } | null = null

    const show = (next: number | null) => {
      index = next
      setKeyframe(next === null ? null : (frames?.[next] ?? null))
    }
    /** Calls `then` with the keyframes: at once when they are there. */
    const withFrames = (then: (frames: Keyframe[]) => void) => {
      if (frames) return then(frames)
      asked ??= client
        .ensureQueryData(keyframeSampleQuery(videoId, SAMPLE))
        .then(({ items }) => items)
        // Scrubbing is an extra: without it the card still shows its picture.
        .catch(() => [])
      void asked.then((all) => {
        frames = all
        then(all)
      })
    }
    const follow = () =>
      withFrames((all) => {
        if (!pointer) return
        const next = indexAt(pointer.x, pointer.left, pointer.width, all.length)
        if (next === null || next === index) return
        if (index === null) preload(all, next)
        show(next)
      })
    const note = (event: PointerEvent<HTMLElement>) => {
      const { left, width } = event.currentTarget.getBoundingClientRect()
      pointer = { x: event.clientX, left, width }
    }
    const leave = () => {
      window.clearTimeout(intent.current)
      pointer = null
      show(null)
    }
    return {
      stop: leave,
      step: (delta: 1 | -1, fromSeconds: number) =>
        withFrames((all) => {
          if (!enabled || all.length === 0) return
          const times = all.map(({ timestamp }) => timestamp)
          const from = index ?? indexOfTime(times, fromSeconds) ?? 0
          if (index === null) preload(all, from)
          show(Math.min(all.length - 1, Math.max(0, from + delta)))
        }),
      handlers: {
        onPointerEnter: (event: PointerEvent<HTMLElement>) => {
          if (!enabled || event.pointerType !== 'mouse') return
          note(event)
          intent.current = window.setTimeout(follow, INTENT_MS)
        },
        onPointerMove: (event: PointerEvent<HTMLElement>) => {
          if (!enabled) return
          if (event.pointerType === 'mouse') {
            note(event)
            if (frames) follow()
          } else if (finger) {
            finger.dragged ||= Math.abs(event.clientX - finger.x) > DRAG_PX
            if (!finger.dragged) return
            note(event)
            follow()
          }
        },
        onPointerLeave: (event: PointerEvent<HTMLElement>) => {
          if (event.pointerType === 'mouse') leave()
        },
        onPointerDown: (event: PointerEvent<HTMLElement>) => {
          finger = event.pointerType === 'mouse' ? null : { x: event.clientX, dragged: false }
        },
        // The lifted finger of a drag is no tap.
        onClickCapture: (event: MouseEvent) => {
          if (!finger?.dragged) return
          finger = null
          event.preventDefault()
          event.stopPropagation()
        },
      },
    }
  }, [client, videoId, enabled])

  return { keyframe, handlers, step, stop }
}

function preload(frames: Keyframe[], first: number): void {
  for (const index of fetchOrder(frames.length, first)) {
    const url = frames[index]?.url
    if (url) new Image().src = url
  }
}
