/** What a key does on this page. */
export type Action =
  | { do: 'toggle-play' | 'mute' | 'fullscreen' | 'boxes' | 'loop' | 'help' | 'copy-link' | 'tag' }
  | { do: 'seek-by'; seconds: number }
  | { do: 'keyframe' | 'frame' | 'segment'; direction: 1 | -1 }
  | { do: 'start' | 'end' | 'zoom-in' | 'zoom-out' | 'fit' }

type Key = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>

/** The action of a key press; null when the key is the browser's or nobody's. */
export function actionOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Key): Action | null {
  if (ctrlKey || metaKey || altKey) return null
  switch (key) {
    case ' ':
    case 'k':
      return { do: 'toggle-play' }
    case 'ArrowLeft':
      return { do: 'seek-by', seconds: shiftKey ? -10 : -1 }
    case 'ArrowRight':
      return { do: 'seek-by', seconds: shiftKey ? 10 : 1 }
    case ',':
      return { do: 'keyframe', direction: -1 }
    case '.':
      return { do: 'keyframe', direction: 1 }
    case '<':
      return { do: 'frame', direction: -1 }
    case '>':
      return { do: 'frame', direction: 1 }
    case '[':
      return { do: 'segment', direction: -1 }
    case ']':
      return { do: 'segment', direction: 1 }
    case 'Home':
      return { do: 'start' }
    case 'End':
      return { do: 'end' }
    case '+':
    case '=':
      return { do: 'zoom-in' }
    case '-':
      return { do: 'zoom-out' }
    case '0':
      return { do: 'fit' }
    case 'm':
      return { do: 'mute' }
    case 'f':
      return { do: 'fullscreen' }
    case 'b':
      return { do: 'boxes' }
    case 'l':
      return { do: 'loop' }
    case 't':
      return { do: 'tag' }
    case 'c':
      return { do: 'copy-link' }
    case '?':
      return { do: 'help' }
    default:
      return null
  }
}

/** Controls that use keys themselves. */
const TYPING =
  'input:not([type=checkbox]), textarea, select, [contenteditable], [role=dialog], [role=menu]'
const PRESSING = 'button, a[href], summary, [role=tab], [role=checkbox], [role=treeitem]'
const MOVING = '[role=tab], [role=slider]:not([data-timeline]), [role=scrollbar]'

/** Whether the element that has the focus wants this key for itself. */
export function isTaken(target: Element | null, key: string): boolean {
  if (!target) return false
  if (target.closest(TYPING)) return true
  if (key === ' ') return target.closest(PRESSING) !== null
  if (key.startsWith('Arrow') || key === 'Home' || key === 'End')
    return target.closest(MOVING) !== null
  return false
}

/** The keys as the help lists them. */
export const KEY_HELP: { keys: string[]; does: string }[] = [
  { keys: ['Space', 'k'], does: 'Play or pause' },
  { keys: ['←', '→'], does: 'One second back, on' },
  { keys: ['Shift ←', 'Shift →'], does: 'Ten seconds back, on' },
  { keys: [',', '.'], does: 'Keyframe before, after' },
  { keys: ['<', '>'], does: 'Frame before, after' },
  { keys: ['[', ']'], does: 'Shot before, after; on a lane: its segments' },
  { keys: ['Home', 'End'], does: 'Start, end (timeline)' },
  { keys: ['+', '-', '0'], does: 'Zoom in, out, whole video' },
  { keys: ['Tab', '↑', '↓'], does: 'To the timeline, its lanes, the lane above, below' },
  { keys: ['Enter'], does: 'On a lane: to its segment' },
  { keys: ['l'], does: 'Repeat the chosen segment, or stop that' },
  { keys: ['b'], does: 'Boxes on or off' },
  { keys: ['m'], does: 'Sound on or off' },
  { keys: ['f'], does: 'Full screen' },
  { keys: ['t'], does: 'Add a tag' },
  { keys: ['c'], does: 'Copy the link to this moment' },
  { keys: ['/'], does: 'Search the library' },
  { keys: ['?'], does: 'This list' },
]
