import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Keyframe, keyframeWindowSampleQuery } from '../../../api/video.ts'
import { lastAt } from '../state/chunks.ts'
import { filmSlots } from './film-slots.ts'
import { toX, type View } from './view.ts'

const HEIGHT = 44
const NONE: Keyframe[] = []

/** Keyframes along the view, about one every 90 pixels. */
export function Filmstrip({
  id,
  duration,
  view,
  width,
}: {
  id: string
  duration: number
  view: View
  width: number
}) {
  const { slots, window, count } = useMemo(
    () => filmSlots(view, width, duration),
    [view, width, duration],
  )
  const sample = useQuery({
    ...keyframeWindowSampleQuery(id, window, count),
    enabled: width > 0 && duration > 0,
    placeholderData: keepPreviousData,
  })
  const keyframes = sample.data?.items ?? NONE
  return (
    <div
      aria-hidden
      className="relative overflow-hidden border-b bg-ground"
      style={{ height: HEIGHT }}
    >
      {slots.map(({ from, to }) => {
        // What stands at the slot's middle; before the first keyframe the first one.
        const at = lastAt(keyframes, (from + to) / 2, (each) => each.timestamp)
        const keyframe = keyframes[Math.max(0, at)]
        const left = toX(from, view, width)
        return (
          <div
            key={from}
            className="absolute inset-y-0 overflow-hidden border-r border-ground"
            style={{ left, width: toX(to, view, width) - left }}
          >
            {keyframe && (
              <img
                src={keyframe.url}
                alt=""
                draggable={false}
                decoding="async"
                className="size-full object-cover"
              />
            )}
          </div>
        )
      })}
    </div>
  )
}
