import { type RefObject, useMemo } from 'react'
import type { Keyframe } from '../../../api/video.ts'
import { neighbour } from '../state/chunks.ts'
import { usePlayer } from '../state/player-context.tsx'
import type { TimelineHandle } from '../timeline/timeline.tsx'

/** What buttons and keys alike do. */
export interface Commands {
  keyframe: (direction: 1 | -1) => void
  frame: (direction: 1 | -1) => void
  toggleLoop: () => void
  fullscreen: () => void
}

/** Frames of a video whose rate is not known are taken to be this far apart. */
const USUAL_FRAME_SECONDS = 1 / 25

export function useCommands({
  keyframes,
  fps,
  frame,
  timeline,
}: {
  /** Those around the playhead. */
  keyframes: RefObject<Keyframe[]>
  fps: number | null
  frame: RefObject<HTMLElement | null>
  timeline: RefObject<TimelineHandle | null>
}): Commands {
  const player = usePlayer()
  return useMemo(
    () => ({
      keyframe: (direction) => {
        player.pause()
        const { time } = player.state
        const next = neighbour(
          keyframes.current.map((each) => each.timestamp),
          time,
          direction,
        )
        // None loaded that way: a second is what keyframes are apart.
        player.seek(next ?? time + direction)
      },
      frame: (direction) => {
        player.pause()
        player.seekBy(direction * (fps ? 1 / fps : USUAL_FRAME_SECONDS))
      },
      toggleLoop: () => timeline.current?.toggleLoop(),
      fullscreen: () => {
        if (document.fullscreenElement) void document.exitFullscreen()
        else void frame.current?.requestFullscreen?.()
      },
    }),
    [player, keyframes, fps, frame, timeline],
  )
}
