import { useQueries, useQuery } from '@tanstack/react-query'
import { ScanSearch, SearchX } from 'lucide-react'
import { Link } from 'react-router'
import { ApiError } from '../../api/client.ts'
import { facetsQuery } from '../../api/search.ts'
import { healthQuery, statsQuery } from '../../api/stats.ts'
import { Command } from '../../components/command.tsx'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { plural } from '../../lib/format.ts'
import { paths } from '../../lib/paths.ts'
import { activeFilters, NO_FILTERS, rankedWish, type SearchState } from './search-state.ts'
import type { UpdateState } from './use-search-state.ts'

/** So many filters are tried out to say what dropping each would bring. */
const TRIED = 6

/** Nothing was found: what stands in the way, or how to fill an empty library. */
export function NoResults({ state, update }: { state: SearchState; update: UpdateState }) {
  const stats = useQuery(statsQuery())
  const filters = activeFilters(state)
  const tried = filters.slice(0, TRIED)
  const counts = useQueries({
    queries: tried.map(({ without }) => facetsQuery(rankedWish({ ...state, ...without }))),
  })
  if (stats.data?.videos === 0) {
    return (
      <EmptyState title="The library has no videos yet">
        <p>Say in one sentence what you need, paste addresses, or drop files.</p>
        <Button asChild variant="primary">
          <Link to={paths.index}>Start an ingestion</Link>
        </Button>
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={SearchX}
      title={
        state.similar_to
          ? 'No other video can be compared'
          : state.q
            ? filters.length > 0
              ? `Nothing that passes these filters answers “${state.q}”`
              : `No video answers “${state.q}”`
            : 'No video passes these filters'
      }
    >
      {filters.length > 0 && (
        <>
          <p>Drop a filter:</p>
          <ul className="flex flex-wrap justify-center gap-2">
            {tried.map(({ key, name, value, without }, index) => {
              const total = counts[index]?.data?.total
              return (
                <li key={key}>
                  <Button size="sm" onClick={() => update(without)}>
                    {name} {value}
                    {total !== undefined && (
                      <span className="text-dim">→ {plural(total, 'video')}</span>
                    )}
                  </Button>
                </li>
              )
            })}
          </ul>
          {filters.length > 1 && (
            <Button variant="link" onClick={() => update(NO_FILTERS)}>
              Drop all filters
            </Button>
          )}
        </>
      )}
      {filters.length === 0 && state.q && (
        <>
          <p>Fewer or other words may find it: “person at a machine”, “welding sparks”.</p>
          <Button size="sm" onClick={() => update({ q: '' })}>
            Show the whole library
          </Button>
        </>
      )}
    </EmptyState>
  )
}

/** The answer did not come. A comparison without vectors says how to get them. */
export function ResultsError({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const lacksVectors = error instanceof ApiError && error.code === 'no-embedding'
  const health = useQuery({ ...healthQuery(), enabled: lacksVectors })
  if (!lacksVectors) return <ErrorState error={error} onRetry={onRetry} />
  const clip = health.data?.checks.models.clip
  return (
    <EmptyState icon={ScanSearch} title="This video cannot be compared by its looks">
      <p>{error.message}</p>
      {clip?.ok === false && clip.command && <Command text={clip.command} />}
    </EmptyState>
  )
}
