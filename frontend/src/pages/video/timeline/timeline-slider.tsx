import type { ReactNode } from 'react'
import { formatTime, humanLabel } from '../../../lib/format.ts'
import { usePlayState } from '../state/player-context.tsx'
import { type Lane, segmentAt } from './lanes.ts'

/** The tracks as one slider over time: it says where the playhead is and what is there. */
export function TimelineSlider({ lanes, children }: { lanes: Lane[]; children: ReactNode }) {
  const duration = usePlayState((state) => state.duration)
  // While playing it would never stop talking.
  const time = usePlayState(({ time, playing }) =>
    playing ? Math.floor(time / 5) * 5 : Math.round(time * 10) / 10,
  )
  return (
    <div
      role="slider"
      data-timeline
      aria-label="Timeline: position"
      aria-valuemin={0}
      aria-valuemax={Math.round(duration * 10) / 10}
      aria-valuenow={time}
      aria-valuetext={valueText(lanes, time, duration)}
      aria-describedby="timeline-keys"
      tabIndex={0}
      className="relative focus-visible:outline-offset-[-2px]"
    >
      {children}
    </div>
  )
}

/** `0:12.3 of 2:19, Shot 3, tool usage, person`: of each lane what is at that time. */
export function valueText(lanes: Lane[], time: number, duration: number): string {
  const there = lanes.flatMap((lane) => {
    const segment = segmentAt(lane.segments, time)
    if (!segment) return []
    return [lane.kind === 'shots' || lane.kind === 'speech' ? segment.text : humanLabel(lane.label)]
  })
  return [`${formatTime(time, 1)} of ${formatTime(duration)}`, ...there.slice(0, 8)].join(', ')
}
