import { type RefObject, useEffect, useRef } from 'react'
import { type Action, actionOf, isTaken } from '../state/keymap.ts'
import { useLabels } from '../state/labels-context.tsx'
import { usePlayer } from '../state/player-context.tsx'
import type { TimelineHandle } from '../timeline/timeline.tsx'
import type { Commands } from './use-commands.ts'

const ZOOM = 2

/** The keys of the page, wherever the focus is, unless a control there wants them. */
export function useKeys({
  commands,
  timeline,
  onHelp,
  onCopyLink,
  onTag,
}: {
  commands: Commands
  timeline: RefObject<TimelineHandle | null>
  onHelp: () => void
  onCopyLink: () => void
  onTag: () => void
}): void {
  const player = usePlayer()
  const { boxesShown, showBoxes } = useLabels()
  const run = (action: Action) => {
    switch (action.do) {
      case 'toggle-play':
        return player.toggle()
      case 'seek-by':
        return player.seekBy(action.seconds)
      case 'keyframe':
        return commands.keyframe(action.direction)
      case 'frame':
        return commands.frame(action.direction)
      case 'segment':
        return timeline.current?.stepSegment(action.direction)
      case 'start':
        return player.seek(0)
      case 'end':
        return player.seek(player.state.duration)
      case 'zoom-in':
        return timeline.current?.zoom(ZOOM)
      case 'zoom-out':
        return timeline.current?.zoom(1 / ZOOM)
      case 'fit':
        return timeline.current?.fit()
      case 'mute':
        return player.setVolume(player.state.volume, !player.state.muted)
      case 'fullscreen':
        return commands.fullscreen()
      case 'boxes':
        return showBoxes(!boxesShown)
      case 'loop':
        return commands.toggleLoop()
      case 'copy-link':
        return onCopyLink()
      case 'tag':
        return onTag()
      case 'help':
        return onHelp()
    }
  }
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const focused = event.target instanceof Element ? event.target : null
      if (event.defaultPrevented || isTaken(focused, event.key)) return
      const action = actionOf(event)
      if (!action) return
      // Home and End belong to the page, except on the workbench itself.
      const isEdge = action.do === 'start' || action.do === 'end'
      if (isEdge && !focused?.closest('[data-workbench]')) return
      event.preventDefault()
      latest.current(action)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}
