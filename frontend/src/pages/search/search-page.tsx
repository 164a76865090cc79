import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { RefreshCw, SlidersHorizontal } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { type CardVideo, facetsQuery } from '../../api/search.ts'
import { Button } from '../../components/ui/button.tsx'
import { Dialog, DialogContent, DialogTrigger } from '../../components/ui/dialog.tsx'
import { formatCount, plural } from '../../lib/format.ts'
import { selection } from '../../lib/selection.ts'
import { useTitle } from '../../lib/use-title.ts'
import { ActiveFilters } from './active-filters.tsx'
import { FilterPanel } from './filter-panel.tsx'
import { ModeBadge } from './mode-badge.tsx'
import { NoResults, ResultsError } from './result-states.tsx'
import { GridSkeleton, ResultsGrid } from './results-grid.tsx'
import { SearchBar } from './search-bar.tsx'
import { activeFilters, isRanked, NO_FILTERS, rankedWish } from './search-state.ts'
import { SelectionBar } from './selection-bar.tsx'
import { SimilarBanner } from './similar-banner.tsx'
import { TagDialog } from './tag-dialog.tsx'
import { TakeResult } from './take-result.tsx'
import { DensityButtons, KeyHelp, SortSelect } from './toolbar.tsx'
import { useResults } from './use-results.ts'
import { useSearchState } from './use-search-state.ts'

/** The history entry of a comparison that a card of the entry before asked for. */
const FROM_CARD = 'from-card'

/** Finding videos, choosing some, and making a dataset of them. */
export function SearchPage() {
  const [state, update] = useSearchState()
  const navigate = useNavigate()
  const location = useLocation()
  const results = useResults(state)
  const facets = useQuery({
    ...facetsQuery(rankedWish(state)),
    placeholderData: keepPreviousData,
  })
  const [tagging, setTagging] = useState<CardVideo[] | null>(null)
  const ranked = isRanked(state)
  const filterCount = activeFilters(state).length
  useTitle(state.q.trim() ? `${state.q.trim()} · Search` : 'Search')
  useEscape()

  const onSearch = useCallback(
    (q: string, typing: boolean) =>
      update({ q, ...(q.trim() ? { similar_to: '', similar_video: '' } : {}) }, { typing }),
    [update],
  )
  const onSimilar = useCallback(
    (video: CardVideo, keyframeId: string | null) => {
      const similar_to = keyframeId ? `keyframe:${keyframeId}` : `video:${video.id}`
      update({ similar_to, similar_video: video.id, q: '' }, { entry: FROM_CARD })
    },
    [update],
  )
  // Where the card was clicked is one step back, unless something was changed since.
  const leaveSimilar = () => {
    if (location.state === FROM_CARD) void navigate(-1)
    else update({ similar_to: '', similar_video: '' })
  }
  const total = state.status.length > 0 && !ranked ? undefined : facets.data?.total
  const fault = facets.isError ? (results.error ? 'said' : 'unsaid') : null
  const panel = <FilterPanel state={state} update={update} facets={facets.data} fault={fault} />
  // A dataset has only completed videos: of the others alone there is none.
  const takes = ranked || state.status.length === 0 || state.status.includes('completed')
  return (
    <div className="mx-auto flex max-w-[110rem]">
      <h1 className="sr-only">Search the library</h1>
      <aside
        aria-label="Filters"
        className="sticky top-14 h-[calc(100dvh-3.5rem)] w-64 shrink-0 overflow-y-auto border-r bg-panel max-lg:hidden"
      >
        <div className="flex h-12 items-center justify-between border-b px-4">
          <h2 className="text-sm font-semibold">Filters</h2>
          {filterCount > 0 && (
            <Button variant="link" size="sm" onClick={() => update(NO_FILTERS)}>
              Clear all
            </Button>
          )}
        </div>
        {panel}
      </aside>
      <div className="min-w-0 flex-1 pb-24">
        <div className="sticky top-14 z-20 flex items-center gap-2 bg-ground px-3 pt-2 pb-2 sm:px-4">
          <SearchBar q={state.q} onSearch={onSearch} />
          <Dialog>
            <DialogTrigger asChild>
              <Button className="h-10 lg:hidden">
                <SlidersHorizontal />
                <span className="max-sm:sr-only">Filters</span>
                {filterCount > 0 && <span className="text-amber">{filterCount}</span>}
              </Button>
            </DialogTrigger>
            <DialogContent title="Filters" form="sheet" className="gap-3">
              <div className="-mx-5 border-t">{panel}</div>
            </DialogContent>
          </Dialog>
        </div>
        <div className="z-20 space-y-2 border-b bg-ground px-3 pb-2 sm:px-4 lg:sticky lg:top-28">
          <div className="flex flex-wrap items-center gap-2">
            <p role="status" className="text-sm whitespace-nowrap">
              {total === undefined ? (
                <span className="text-dim">
                  {results.videos.length > 0 && `${formatCount(results.videos.length)} loaded`}
                </span>
              ) : (
                <>
                  <span className="font-semibold">{plural(total, 'video')}</span>
                  {ranked && <span className="text-dim"> ranked</span>}
                </>
              )}
            </p>
            <ModeBadge mode={results.mode} />
            {results.hasChanged && (
              <Button size="sm" onClick={results.refresh} className="border-amber/50 text-amber">
                <RefreshCw /> The library changed: refresh
              </Button>
            )}
            <div className="ml-auto flex items-center gap-2">
              <TakeResult
                state={state}
                total={total}
                disabled={results.videos.length === 0 || !takes}
              />
              <SortSelect state={state} update={update} ranked={ranked} />
              <DensityButtons state={state} update={update} />
              <KeyHelp />
            </div>
          </div>
          <ActiveFilters state={state} update={update} />
        </div>
        <div className="space-y-3 px-3 py-3 sm:px-4">
          {state.similar_to && <SimilarBanner state={state} onBack={leaveSimilar} />}
          {results.error ? (
            <ResultsError error={results.error} onRetry={results.retry} />
          ) : results.isLoading ? (
            <GridSkeleton state={state} ranked={ranked} />
          ) : results.videos.length === 0 ? (
            <NoResults state={state} update={update} />
          ) : (
            <ResultsGrid
              results={results}
              state={state}
              onSimilar={onSimilar}
              onTag={(videos) => setTagging(videos)}
            />
          )}
        </div>
      </div>
      <SelectionBar loaded={results.videos} onTag={() => setTagging([])} />
      <TagDialog
        videos={tagging}
        suggestions={facets.data?.facets.tags ?? []}
        onClose={() => setTagging(null)}
      />
    </div>
  )
}

/** Escape chooses none, unless it closes or clears something else first. */
function useEscape() {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest('input, textarea, select')
      if (event.key === 'Escape' && !event.defaultPrevented && !typing) selection.clear()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}
