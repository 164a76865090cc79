import { ChevronDown, ChevronUp } from 'lucide-react'
import { type KeyboardEvent, useRef } from 'react'
import { cn } from '../../../lib/cn.ts'
import { humanLabel, plural } from '../../../lib/format.ts'
import { useLabels } from '../state/labels-context.tsx'
import type { Lane, LaneKind } from './lanes.ts'
import type { Row } from './rows.ts'

const KIND_WORDS: Record<LaneKind, string> = {
  shots: '',
  hits: '',
  speech: '',
  activity: 'activity',
  object: 'object',
  concept: 'concept',
}

/**
 * The names of the lanes, with their colours: the timeline's legend. One stop of the Tab key; up and
 * down go through the lanes, and what is done then is done on the chosen one.
 */
export function LaneGutter({
  rows,
  wholeLanes,
  activeId,
  onActivate,
  onSeekIn,
  onToggleMore,
}: {
  rows: Row[]
  wholeLanes: Lane[]
  activeId: string
  onActivate: (laneId: string) => void
  onSeekIn: (lane: Lane) => void
  onToggleMore: (kind: LaneKind) => void
}) {
  const list = useRef<HTMLDivElement>(null)
  const { hidden, setHighlight } = useLabels()
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])]
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus()
  }
  const height = (rows.at(-1)?.y ?? 0) + (rows.at(-1)?.height ?? 0)
  return (
    <div
      ref={list}
      role="toolbar"
      aria-label="Lanes"
      aria-orientation="vertical"
      onKeyDown={move}
      className="relative"
      style={{ height }}
    >
      {rows.map((row) =>
        row.type === 'lane' ? (
          <button
            key={row.lane.id}
            type="button"
            tabIndex={row.lane.id === activeId ? 0 : -1}
            aria-label={laneName(row.lane, wholeLanes)}
            aria-pressed={row.lane.id === activeId}
            title={`${humanLabel(row.lane.label)}: press to go to its segment`}
            onFocus={() => {
              onActivate(row.lane.id)
              if (KIND_WORDS[row.lane.kind]) setHighlight(row.lane.label)
            }}
            onBlur={() => setHighlight(null)}
            onPointerEnter={() => KIND_WORDS[row.lane.kind] && setHighlight(row.lane.label)}
            onPointerLeave={() => setHighlight(null)}
            onClick={() => onSeekIn(row.lane)}
            style={{ top: row.y, height: row.height - 1 }}
            className={cn(
              'absolute inset-x-0 flex items-center gap-1.5 border-l-2 border-transparent px-1.5 text-left text-xs text-dim hover:bg-hover hover:text-ink focus-visible:outline-offset-[-2px]',
              row.lane.id === activeId && 'border-amber bg-raised text-ink',
              hidden.has(row.lane.label) && 'text-faint line-through',
            )}
          >
            <Swatch lane={row.lane} />
            <span className="truncate">{humanLabel(row.lane.label)}</span>
          </button>
        ) : (
          <button
            key={`more ${row.kind}`}
            type="button"
            tabIndex={-1}
            aria-expanded={row.open}
            onClick={() => onToggleMore(row.kind)}
            style={{ top: row.y, height: row.height - 1 }}
            className="absolute inset-x-0 flex items-center gap-1.5 px-2 text-left text-xs text-amber hover:bg-hover focus-visible:outline-offset-[-2px]"
          >
            {row.open ? <ChevronUp className="size-3" /> : <ChevronDown className="size-3" />}
            <span className="truncate">
              {row.open ? `Fewer ${row.kind}s` : plural(row.hiddenCount, `more ${row.kind}`)}
            </span>
          </button>
        ),
      )}
    </div>
  )
}

/** Concepts are guessed from the whole picture: a ring, where a detector's label is a block. */
function Swatch({ lane }: { lane: Lane }) {
  return (
    <span
      aria-hidden
      className={cn(
        'size-2.5 shrink-0',
        lane.kind === 'concept' ? 'rounded-full border-2' : 'rounded-xs',
      )}
      style={lane.kind === 'concept' ? { borderColor: lane.color } : { background: lane.color }}
    />
  )
}

function laneName(lane: Lane, wholeLanes: Lane[]): string {
  const count = wholeLanes.find((each) => each.id === lane.id)?.segments.length ?? 0
  const kind = KIND_WORDS[lane.kind]
  return `${humanLabel(lane.label)}${kind ? `, ${kind}` : ''}, ${plural(count, 'segment')}`
}
