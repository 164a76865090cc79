import { defaultRangeExtractor, useWindowVirtualizer, windowScroll } from '@tanstack/react-virtual'
import { RefreshCw } from 'lucide-react'
import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import type { CardVideo } from '../../api/search.ts'
import { Button } from '../../components/ui/button.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { VideoCard, type VideoCardProps } from '../../components/video-card.tsx'
import type { CardActions } from '../../components/video-card-menu.tsx'
import { cn } from '../../lib/cn.ts'
import { selection, useIsChoosing, useIsChosen } from '../../lib/selection.ts'
import { gridLayout, moved } from './grid-layout.ts'
import type { SearchState } from './search-state.ts'
import type { Results } from './use-results.ts'

/** Rows drawn beyond the window on either side: a flick shows pictures, not blanks. */
const OVERSCAN = 3
/** Fetch on when so many rows are left below the window. */
const AHEAD_ROWS = 4
/** Space that the sticky bars cover, in CSS pixels. */
const COVERED = { top: 150, bottom: 90 }

/** The last grid's width: a page that comes back is at once as high as it was, and scrolls there. */
let lastWidth = 0

interface ResultsGridProps {
  results: Results
  state: SearchState
  onSimilar: (video: CardVideo, keyframeId: string | null) => void
  onTag: (videos: CardVideo[]) => void
}

/** The cards, only those in sight, in rows of a known height. */
export function ResultsGrid({ results, state, onSimilar, onTag }: ResultsGridProps) {
  const { videos, ranked, hasMore, isLoadingMore, loadMore, moreFailed } = results
  const list = useRef<HTMLUListElement>(null)
  const { width, top } = usePlace(list)
  const layout = gridLayout(width, state.density, ranked)
  const { columns, gap, rowHeight, pictureHeight } = layout
  const rows = Math.ceil(videos.length / columns)
  const [focusIndex, setFocusIndex] = useState(0)
  const tabStop = Math.min(focusIndex, Math.max(0, videos.length - 1))
  const tabRow = Math.floor(tabStop / columns)

  const virtual = useWindowVirtualizer({
    count: rows,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: top,
    scrollPaddingStart: COVERED.top,
    scrollPaddingEnd: COVERED.bottom,
    // On mounting it would scroll to where the page before was: the router knows better.
    scrollToFn: (offset, options, instance) => {
      if (options.behavior !== undefined) windowScroll(offset, options, instance)
    },
    // Scrolling must not wait for React.
    useFlushSync: false,
    // The card that Tab reaches is always there: focus is not lost by scrolling away.
    rangeExtractor: (range) =>
      [...new Set([...defaultRangeExtractor(range), tabRow])]
        .filter((row) => row < rows)
        .sort((a, b) => a - b),
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sizes changed, whatever made them
  useLayoutEffect(() => virtual.measure(), [rowHeight, virtual])

  const drawn = virtual.getVirtualItems()
  const lastDrawn = virtual.range?.endIndex ?? 0
  useEffect(() => {
    if (hasMore && !isLoadingMore && !moreFailed && lastDrawn >= rows - AHEAD_ROWS) loadMore()
  }, [hasMore, isLoadingMore, moreFailed, lastDrawn, rows, loadMore])

  const actions = useCardActions(videos, { onSimilar, onTag, onFocus: setFocusIndex })
  const wanted = useRef<number | null>(null)
  const focusCard = useCallback((index: number) => {
    const link = list.current?.querySelector<HTMLElement>(
      `[data-index="${index}"] [data-card-link]`,
    )
    if (link) wanted.current = null
    link?.focus({ preventScroll: true })
  }, [])
  // A card that was not drawn when the key was pressed.
  useEffect(() => {
    if (wanted.current !== null) focusCard(wanted.current)
  })

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'a') {
      event.preventDefault()
      selection.addAll(videos)
      return
    }
    if (!target.matches('[data-card-link]') || event.ctrlKey || event.metaKey || event.altKey) {
      return
    }
    const index = Number(target.closest<HTMLElement>('[data-index]')?.dataset.index)
    const rowsPerPage = Math.max(1, Math.floor((window.innerHeight - COVERED.top) / rowHeight))
    const next = moved(event.key, index, { count: videos.length, columns, rowsPerPage })
    if (next === null) return
    event.preventDefault()
    wanted.current = next
    setFocusIndex(next)
    virtual.scrollToIndex(Math.floor(next / columns))
    focusCard(next)
  }

  const cardWidth = (width - gap * (columns - 1)) / columns
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys go to the cards within
    <div onKeyDown={onKeyDown}>
      <ul
        ref={list}
        aria-label="Videos"
        aria-busy={results.isStale}
        className={cn('relative transition-opacity', results.isStale && 'opacity-50')}
        style={{ height: Math.max(0, virtual.getTotalSize() - gap) }}
      >
        {drawn.flatMap(({ index: row, start }) =>
          videos
            .slice(row * columns, (row + 1) * columns)
            .map((video, column) => (
              <GridCard
                key={video.id}
                video={video}
                index={row * columns + column}
                q={state.q}
                dense={state.density === 'compact'}
                ranked={ranked}
                isTabStop={row * columns + column === tabStop}
                pictureHeight={pictureHeight}
                actions={actions}
                x={column * (cardWidth + gap)}
                y={start - top}
                width={cardWidth}
                height={rowHeight - gap}
              />
            )),
        )}
      </ul>
      {hasMore && !moreFailed && (
        <SkeletonRow columns={columns} gap={gap} height={rowHeight - gap} />
      )}
      {moreFailed && (
        <p role="alert" className="flex items-center justify-center gap-3 py-6 text-sm text-dim">
          The next videos did not come.
          <Button size="sm" onClick={loadMore}>
            <RefreshCw /> Try again
          </Button>
        </p>
      )}
    </div>
  )
}

type GridCardProps = Omit<VideoCardProps, 'chosen' | 'choosing' | 'style'> & {
  x: number
  y: number
  width: number
  height: number
}

/** Puts a card in its place and tells it whether it is chosen. */
function GridCard({ x, y, width, height, ...props }: GridCardProps) {
  const chosen = useIsChosen(props.video.id)
  const choosing = useIsChoosing()
  const style = useMemo(
    () => ({
      position: 'absolute' as const,
      top: 0,
      left: 0,
      width,
      height,
      transform: `translate(${x}px, ${y}px)`,
    }),
    [x, y, width, height],
  )
  return <VideoCard {...props} chosen={chosen} choosing={choosing} style={style} />
}

/** Holds the places of cards that are on their way. */
export function SkeletonRow({
  columns,
  gap,
  height,
}: {
  columns: number
  gap: number
  height: number
}) {
  return (
    <div
      className="grid"
      style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gap, paddingTop: gap }}
    >
      {Array.from({ length: columns }, (_, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={column} style={{ height }} />
      ))}
    </div>
  )
}

/** The grid while the first answer is on its way. */
export function GridSkeleton({ state, ranked }: { state: SearchState; ranked: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  const { width } = usePlace(box)
  const { columns, gap, rowHeight } = gridLayout(width, state.density, ranked)
  return (
    <div ref={box} role="status" aria-label="Loading the videos" className="min-h-dvh">
      {[0, 1, 2].map((row) => (
        <SkeletonRow key={row} columns={columns} gap={gap} height={rowHeight - gap} />
      ))}
    </div>
  )
}

/** One object for the life of the grid: cards are drawn anew only for what they show. */
function useCardActions(
  videos: CardVideo[],
  handlers: Pick<ResultsGridProps, 'onSimilar' | 'onTag'> & { onFocus: (index: number) => void },
): CardActions {
  const latest = useRef({ videos, ...handlers })
  useEffect(() => {
    latest.current = { videos, ...handlers }
  })
  return useMemo(
    () => ({
      choose: (video, range) =>
        range ? selection.extendTo(latest.current.videos, video.id) : selection.toggle(video),
      findSimilar: (video, keyframeId) => latest.current.onSimilar(video, keyframeId),
      tag: (video) => latest.current.onTag([video]),
      focused: (index) => latest.current.onFocus(index),
    }),
    [],
  )
}

/** Width of an element and how far below the document's top it lies, in CSS pixels. */
function usePlace(ref: React.RefObject<HTMLElement | null>): { width: number; top: number } {
  const [place, setPlace] = useState({ width: lastWidth || window.innerWidth - 24, top: 0 })
  useLayoutEffect(() => {
    const element = ref.current
    if (!element) return
    const measure = () => {
      const box = element.getBoundingClientRect()
      const next = { width: box.width, top: Math.round(box.top + window.scrollY) }
      if (next.width > 0) lastWidth = next.width
      setPlace((before) => (before.width === next.width && before.top === next.top ? before : next))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    // What stands above may grow: filters in force, the banner of a comparison.
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [ref])
  return place
}
