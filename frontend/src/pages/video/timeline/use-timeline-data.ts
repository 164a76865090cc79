import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { momentsQuery, timelineQuery } from '../../../api/video.ts'
import { covers, type Lane, lanesOf } from './lanes.ts'
import { dataWindow, isWhole, type View } from './view.ts'

/** The whole video at this many columns: for the lane list, the minimap and steps out of view. */
const WHOLE_COLUMNS = 800

/** The video's lanes in few columns, wherever the view is. */
export function useWholeTimeline(id: string, duration: number) {
  return useQuery({
    ...timelineQuery(id, {
      from: 0,
      to: duration,
      resolution: Math.max(1e-3, duration / WHOLE_COLUMNS),
    }),
    enabled: duration > 0,
  })
}

export interface TimelineData {
  /** Sharp in and around the view. */
  lanes: Lane[]
  /** The same lanes over the whole video, coarser. */
  wholeLanes: Lane[]
  isPending: boolean
  isFetching: boolean
  error: unknown
  retry: () => void
  hits: { isFetching: boolean; error: unknown; count: number | null }
}

/** The lanes for a view at its zoom; while a new stretch is on its way the one before stays. */
export function useTimelineData(
  id: string,
  { duration, view, width, q }: { duration: number; view: View; width: number; q: string },
): TimelineData {
  const whole = useWholeTimeline(id, duration)
  const wanted = dataWindow(view, width, duration)
  const zoomed = useQuery({
    ...timelineQuery(id, wanted),
    enabled: duration > 0 && width > 0 && !(isWhole(view, duration) && width <= WHOLE_COLUMNS),
    placeholderData: keepPreviousData,
  })
  const moments = useQuery(momentsQuery(id, q))
  const hits = (q !== '' && moments.data?.moments) || null
  const detail = zoomed.data && covers(zoomed.data, view) ? zoomed.data : null
  const lanes = useMemo(
    () => (whole.data ? lanesOf(whole.data, detail, hits) : []),
    [whole.data, detail, hits],
  )
  const wholeLanes = useMemo(
    () => (whole.data ? lanesOf(whole.data, null, hits) : []),
    [whole.data, hits],
  )
  return {
    lanes,
    wholeLanes,
    isPending: whole.isPending && duration > 0,
    isFetching: whole.isFetching || zoomed.isFetching,
    error: whole.error,
    retry: () => void whole.refetch(),
    hits: {
      isFetching: moments.isFetching,
      error: moments.error,
      count:
        q === ''
          ? null
          : lanes.reduce((sum, lane) => sum + (lane.kind === 'hits' ? lane.segments.length : 0), 0),
    },
  }
}
