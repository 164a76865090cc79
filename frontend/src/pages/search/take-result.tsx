import { DatabaseZap } from 'lucide-react'
import { useState } from 'react'
import { CreateDatasetDialog, type DatasetSource } from '../../components/create-dataset-dialog.tsx'
import { Button } from '../../components/ui/button.tsx'
import { gatherBest } from './gather-best.ts'
import { activeFilters, filtersOf, isRanked, rankedWish, type SearchState } from './search-state.ts'

/** Offered at first: a screen or two of what answers best. */
const USUAL_BEST = 50

/** Makes a dataset of the whole result: by its filters, or the best of its ranking. */
export function TakeResult({
  state,
  total,
  disabled,
}: {
  state: SearchState
  total: number | undefined
  disabled: boolean
}) {
  const [source, setSource] = useState<DatasetSource | null>(null)
  return (
    <>
      <Button
        size="sm"
        className="h-8"
        disabled={disabled}
        onClick={() => setSource(sourceOf(state, total))}
      >
        <DatabaseZap />
        <span className="max-sm:sr-only">Dataset of this result</span>
      </Button>
      <CreateDatasetDialog source={source} onClose={() => setSource(null)} />
    </>
  )
}

/** The dataset that a state of the page asks for. */
export function sourceOf(state: SearchState, total: number | undefined): DatasetSource {
  const filters = activeFilters({ ...state, status: [] }).map(
    ({ name, value }) => `${name} ${value}`,
  )
  if (!isRanked(state)) {
    return {
      words: filters.length > 0 ? filters : ['the whole library'],
      count: total,
      filters: async () => filtersOf(state),
    }
  }
  const asked = state.similar_to
    ? `looks like the compared ${state.similar_to.startsWith('video') ? 'video' : 'picture'}`
    : `answers “${state.q.trim()}”`
  return {
    words: [asked, ...filters],
    count: total,
    best: Math.min(USUAL_BEST, total ?? USUAL_BEST),
    filters: async (best, onProgress, signal) => ({
      video_ids: await gatherBest(rankedWish(state), best, onProgress, signal),
    }),
  }
}
