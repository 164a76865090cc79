// Long because it ties view, data, pointer and keyboard of the timeline together, once.
import { type RefObject, useCallback, useImperativeHandle, useMemo, useRef, useState } from 'react'
import { ErrorState } from '../../../components/page-state.tsx'
import { Skeleton } from '../../../components/ui/skeleton.tsx'
import { useLabels } from '../state/labels-context.tsx'
import { usePlayer, usePlayState } from '../state/player-context.tsx'
import { Filmstrip } from './filmstrip.tsx'
import { LaneCanvas } from './lane-canvas.tsx'
import { LaneGutter } from './lane-gutter.tsx'
import { type Lane, type LaneKind, type Segment, segmentAt, stepSegment } from './lanes.ts'
import { Minimap } from './minimap.tsx'
import { PlayheadLine } from './playhead-line.tsx'
import { rowAt, rowsOf } from './rows.ts'
import { Ruler } from './ruler.tsx'
import { describeSegment, SegmentCard } from './segment-card.tsx'
import { ticksOf } from './ticks.ts'
import { TimelineSlider } from './timeline-slider.tsx'
import { TimelineToolbar } from './timeline-toolbar.tsx'
import { usePanZoom } from './use-pan-zoom.ts'
import { useTimelineData } from './use-timeline-data.ts'
import { useView } from './use-view.ts'
import { useWidth } from './use-width.ts'
import { frameSegment, isWhole, toTime } from './view.ts'

/** What keys pressed anywhere on the page do here. */
export interface TimelineHandle {
  zoom: (factor: number) => void
  fit: () => void
  stepSegment: (direction: 1 | -1) => void
  toggleLoop: () => void
}

interface Selected {
  lane: Lane
  segment: Segment
}

/** A segment this near to the pointer (pixels) is meant by it. */
const NEAR_PX = 4

export function Timeline({
  id,
  q,
  onSearch,
  handle,
}: {
  id: string
  q: string
  onSearch: (q: string) => void
  handle: RefObject<TimelineHandle | null>
}) {
  const player = usePlayer()
  const duration = usePlayState((state) => state.duration)
  const loop = usePlayState((state) => state.loop)
  const { hidden, highlight, minConfidence } = useLabels()
  const { view, zoom, pan, show, fit } = useView(duration)
  const [tracks, width] = useWidth<HTMLDivElement>()
  const surface = useRef<HTMLDivElement>(null)
  const data = useTimelineData(id, { duration, view, width, q })
  const [open, setOpen] = useState<ReadonlySet<LaneKind>>(new Set())
  const [activeId, setActiveId] = useState('shots:Shots')
  const [selected, setSelected] = useState<Selected | null>(null)
  const [hover, setHover] = useState<{ x: number; y: number } | null>(null)
  const { rows, height } = useMemo(() => rowsOf(data.lanes, open), [data.lanes, open])
  const ticks = useMemo(() => ticksOf(view, width), [view, width])

  const goTo = useCallback(
    (lane: Lane, segment: Segment) => {
      setActiveId(lane.id)
      setSelected({ lane, segment })
      player.seek(segment.start)
    },
    [player],
  )
  const laneFor = (laneId: string, time: number) => {
    const inView = time >= view.from && time <= view.to
    return (inView ? data.lanes : data.wholeLanes).find((lane) => lane.id === laneId) ?? null
  }
  const step = (direction: 1 | -1) => {
    const { time } = player.state
    for (const lane of [
      laneFor(activeId, time),
      data.wholeLanes.find((each) => each.id === activeId),
    ]) {
      const next = lane && stepSegment(lane.segments, time, direction)
      if (lane && next) return goTo(lane, next)
    }
  }
  const seekIn = ({ id: laneId }: Lane) => {
    const lane = laneFor(laneId, player.state.time)
    if (!lane) return
    const { time } = player.state
    const segment =
      segmentAt(lane.segments, time) ?? stepSegment(lane.segments, time, 1) ?? lane.segments[0]
    if (segment) goTo(lane, segment)
  }
  const toggleLoop = () => {
    if (player.state.loop) return player.setLoop(null)
    const shots = data.lanes.find((lane) => lane.kind === 'shots')
    const segment = selected?.segment ?? segmentAt(shots?.segments ?? [], player.state.time)
    if (segment) player.setLoop({ start: segment.start, end: segment.end, label: segment.text })
  }
  useImperativeHandle(handle, () => ({ zoom, fit, stepSegment: step, toggleLoop }))

  const under = (x: number, y: number) => {
    const row = rowAt(rows, y)
    if (row?.type !== 'lane') return { lane: null, segment: null }
    const slack = (NEAR_PX / (width || 1)) * (view.to - view.from)
    return { lane: row.lane, segment: segmentAt(row.lane.segments, toTime(x, view, width), slack) }
  }
  usePanZoom(surface, {
    onPan: (pixels) => pan((-pixels / (width || 1)) * (view.to - view.from)),
    onZoom: (factor, x) => zoom(factor, toTime(x, view, width)),
    onHover: setHover,
    canPan: (pixels) =>
      !isWhole(view, duration) && (pixels > 0 ? view.from > 0 : view.to < duration - 1e-6),
    onClick: (x, y) => {
      const { lane, segment } = under(x, y)
      if (lane) setActiveId(lane.id)
      setSelected(lane && segment ? { lane, segment } : null)
      player.seek(toTime(x, view, width))
    },
    onDoubleClick: (x, y) => {
      const { segment } = under(x, y)
      if (segment) show(frameSegment(segment.start, segment.end, duration))
    },
  })

  const scene = useMemo(
    () => ({
      view,
      width,
      height,
      rows,
      ticks,
      hidden,
      minConfidence,
      highlight,
      loop,
      selected: selected && { laneId: selected.lane.id, start: selected.segment.start },
    }),
    [view, width, height, rows, ticks, hidden, minConfidence, highlight, loop, selected],
  )
  const hovered = hover && under(hover.x, hover.y)

  return (
    <section
      aria-label="Timeline"
      className="overflow-hidden rounded-lg border border-line bg-panel"
    >
      <TimelineToolbar
        q={q}
        onSearch={onSearch}
        hits={data.hits}
        busy={data.isFetching}
        onZoom={zoom}
        onFit={fit}
        loopLabel={loop?.label ?? null}
        onEndLoop={() => player.setLoop(null)}
      />
      <p id="timeline-keys" className="sr-only">
        Arrow keys move by a second, with Shift by ten; comma and full stop by keyframe; square
        brackets by segment; plus, minus and 0 zoom. Question mark lists all keys.
      </p>
      <p role="status" className="sr-only">
        {selected && describeSegment(selected.lane, selected.segment)}
      </p>
      {data.error ? (
        <ErrorState error={data.error} onRetry={data.retry} className="py-6" />
      ) : (
        <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] sm:grid-cols-[9rem_minmax(0,1fr)]">
          <div className="border-r pb-4">
            <div className="h-[69px] border-b" />
            <LaneGutter
              rows={rows}
              wholeLanes={data.wholeLanes}
              activeId={activeId}
              onActivate={setActiveId}
              onSeekIn={seekIn}
              onToggleMore={(kind) =>
                setOpen((before) => {
                  const after = new Set(before)
                  if (!after.delete(kind)) after.add(kind)
                  return after
                })
              }
            />
          </div>
          <div ref={tracks} className="relative min-w-0">
            <TimelineSlider lanes={data.lanes}>
              <Ruler ticks={ticks} view={view} width={width} />
              <Filmstrip id={id} duration={duration} view={view} width={width} />
              <div
                ref={surface}
                id="timeline-lanes"
                className="relative cursor-crosshair touch-pan-y select-none"
                style={{ height: Math.max(height, 60) }}
              >
                {data.isPending ? (
                  <div className="space-y-2 p-2">
                    <Skeleton className="h-4" />
                    <Skeleton className="h-4" />
                  </div>
                ) : (
                  <LaneCanvas scene={scene} />
                )}
                {hover && hovered && (
                  <SegmentCard
                    {...hovered}
                    {...hover}
                    time={toTime(hover.x, view, width)}
                    width={width}
                  />
                )}
              </div>
              <PlayheadLine view={view} width={width} />
            </TimelineSlider>
            <Minimap
              lanes={data.wholeLanes}
              view={view}
              duration={duration}
              width={width}
              onShow={show}
            />
          </div>
        </div>
      )}
    </section>
  )
}
