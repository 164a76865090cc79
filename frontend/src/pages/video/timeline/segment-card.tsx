import { formatShare, formatTime, humanLabel } from '../../../lib/format.ts'
import type { Lane, Segment } from './lanes.ts'

const KINDS = {
  shots: 'shot',
  hits: 'search hit',
  activity: 'activity',
  speech: 'speech',
  object: 'object',
  concept: 'concept',
}

/** A segment in one line of words: for the screen reader and for the line below the timeline. */
export function describeSegment(lane: Lane, segment: Segment): string {
  const { start, end, text, confidence, count } = segment
  return [
    lane.kind === 'hits' ? `Search hit: ${text}` : text,
    `${formatTime(start, 1)} to ${formatTime(end, 1)}`,
    ...(confidence === null || lane.kind === 'hits' ? [] : [formatShare(confidence)]),
    ...(count === null || count <= 1 || lane.kind === 'shots'
      ? []
      : [`${count} ${lane.kind === 'concept' ? 'keyframes' : 'boxes'}`]),
  ].join(', ')
}

/** What is under the pointer. */
export function SegmentCard({
  lane,
  segment,
  time,
  x,
  y,
  width,
}: {
  lane: Lane | null
  segment: Segment | null
  time: number
  x: number
  y: number
  width: number
}) {
  const isRight = x > width / 2
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute z-20 max-w-64 rounded-md border border-line bg-raised px-2 py-1 text-xs shadow-xl"
      style={{ top: y + 18, ...(isRight ? { right: width - x + 8 } : { left: x + 8 }) }}
    >
      {lane && segment ? (
        <>
          <p className="flex items-center gap-1.5 font-medium">
            <span className="size-2 shrink-0 rounded-xs" style={{ background: lane.color }} />
            <span className="line-clamp-3">{segment.text}</span>
            <span className="font-normal text-faint">{KINDS[lane.kind]}</span>
          </p>
          <p className="font-mono text-dim tabular-nums">
            {formatTime(segment.start, 1)} – {formatTime(segment.end, 1)}
            {segment.confidence !== null &&
              lane.kind !== 'hits' &&
              ` · ${formatShare(segment.confidence)}`}
            {segment.count !== null &&
              lane.kind !== 'shots' &&
              ` · ${segment.count} ${lane.kind === 'concept' ? 'keyframes' : 'boxes'}`}
          </p>
        </>
      ) : (
        <p className="font-mono text-dim tabular-nums">
          {lane && lane.kind !== 'shots' ? `${humanLabel(lane.label)} · ` : ''}
          {formatTime(time, 1)}
        </p>
      )}
    </div>
  )
}
