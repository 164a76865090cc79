import { X } from 'lucide-react'
import { activeFilters, NO_FILTERS, type SearchState } from './search-state.ts'
import type { UpdateState } from './use-search-state.ts'

/** The filters in force, each with a button that drops it. */
export function ActiveFilters({ state, update }: { state: SearchState; update: UpdateState }) {
  const filters = activeFilters(state)
  if (filters.length === 0) return null
  return (
    <ul aria-label="Filters in force" className="flex flex-wrap items-center gap-1.5">
      {filters.map(({ key, name, value, without }) => (
        <li key={key} className="max-w-full">
          <button
            type="button"
            onClick={() => update(without)}
            className="flex h-6 max-w-full items-center gap-1 rounded-sm border border-amber/40 bg-amber-soft pr-1 pl-2 text-xs text-ink hover:border-amber max-lg:h-8"
          >
            <span className="sr-only">Drop the filter </span>
            <span className="shrink-0 text-dim">{name} </span>
            <span className="truncate">{value}</span>
            <X className="size-3.5 shrink-0 text-dim" aria-hidden />
          </button>
        </li>
      ))}
      <li>
        <button
          type="button"
          onClick={() => update(NO_FILTERS)}
          className="h-6 rounded-sm px-1.5 text-xs text-amber hover:underline max-lg:h-8"
        >
          Clear all
        </button>
      </li>
    </ul>
  )
}
