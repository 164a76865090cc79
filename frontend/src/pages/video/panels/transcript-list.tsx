import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { TranscriptSegment } from '../../../api/video.ts'
import { cn } from '../../../lib/cn.ts'
import { formatTime } from '../../../lib/format.ts'
import { lastAt } from '../state/chunks.ts'
import { usePlayer, usePlayState } from '../state/player-context.tsx'
import { MarkedText } from './marked-text.tsx'

/** The segments, only those in view in the document; the spoken one is marked. */
export function TranscriptList({
  segments,
  q,
  isFollowing,
}: {
  segments: TranscriptSegment[]
  q: string
  isFollowing: boolean
}) {
  const player = usePlayer()
  const scroller = useRef<HTMLDivElement>(null)
  const current = usePlayState(({ time }) => {
    const at = lastAt(segments, time, (segment) => segment.start_time)
    // A breath between two segments still belongs to the one before.
    return at >= 0 && time < (segments[at]?.end_time ?? 0) + 1 ? at : -1
  })
  const list = useVirtualizer({
    count: segments.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 44,
    overscan: 8,
    getItemKey: (index) => segments[index]?.start_time ?? index,
  })
  useEffect(() => {
    if (isFollowing && current >= 0) list.scrollToIndex(current, { align: 'center' })
  }, [isFollowing, current, list])
  return (
    <div ref={scroller} className="min-h-32 flex-1 overflow-y-auto overscroll-contain text-[13px]">
      <ol className="relative" style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, key, start }) => {
          const segment = segments[index]
          if (!segment) return null
          return (
            <li
              key={key}
              ref={list.measureElement}
              data-index={index}
              aria-current={index === current ? 'time' : undefined}
              aria-setsize={segments.length}
              aria-posinset={index + 1}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start}px)` }}
            >
              <button
                type="button"
                onClick={() => player.seek(segment.start_time)}
                className={cn(
                  'flex w-full items-baseline gap-3 border-l-2 border-transparent px-3 py-1.5 text-left hover:bg-raised focus-visible:outline-offset-[-2px]',
                  index === current && 'border-amber bg-raised',
                )}
              >
                <span className="w-12 shrink-0 font-mono text-xs text-faint tabular-nums">
                  {formatTime(Math.floor(segment.start_time))}
                </span>
                <span className="min-w-0 break-words">
                  <MarkedText text={segment.text} q={q} />
                </span>
              </button>
            </li>
          )
        })}
      </ol>
    </div>
  )
}
