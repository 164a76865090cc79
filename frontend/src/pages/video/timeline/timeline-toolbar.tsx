import { LoaderCircle, Maximize2, Minus, Plus, Repeat, Search, X } from 'lucide-react'
import { type FormEvent, useEffect, useState } from 'react'
import { Button } from '../../../components/ui/button.tsx'
import { plural } from '../../../lib/format.ts'

export interface HitState {
  isFetching: boolean
  error: unknown
  count: number | null
}

/** Search within the video, and the zoom. */
export function TimelineToolbar({
  q,
  onSearch,
  hits,
  busy,
  onZoom,
  onFit,
  loopLabel,
  onEndLoop,
}: {
  q: string
  onSearch: (q: string) => void
  hits: HitState
  busy: boolean
  onZoom: (factor: number) => void
  onFit: () => void
  loopLabel: string | null
  onEndLoop: () => void
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b px-2 py-1.5">
      <h2 className="text-sm font-semibold max-sm:sr-only">Timeline</h2>
      <HitSearch q={q} onSearch={onSearch} />
      {q !== '' && (
        <p role="status" className="text-xs text-dim">
          {hits.error
            ? 'The search did not work'
            : hits.isFetching
              ? 'Searching…'
              : plural(hits.count ?? 0, 'hit')}
        </p>
      )}
      {loopLabel && (
        <Button size="sm" variant="ghost" onClick={onEndLoop} className="text-amber">
          <Repeat /> <span className="max-w-40 truncate">{loopLabel}</span>
          <X aria-label="End the repeating" />
        </Button>
      )}
      <div className="ml-auto flex items-center gap-1">
        {busy && (
          <LoaderCircle
            aria-label="Loading"
            className="size-4 animate-spin text-faint"
            role="img"
          />
        )}
        <Button
          size="icon-sm"
          variant="ghost"
          aria-label="Zoom out (-)"
          onClick={() => onZoom(0.5)}
        >
          <Minus />
        </Button>
        <Button size="icon-sm" variant="ghost" aria-label="Zoom in (+)" onClick={() => onZoom(2)}>
          <Plus />
        </Button>
        <Button size="icon-sm" variant="ghost" aria-label="Whole video (0)" onClick={onFit}>
          <Maximize2 />
        </Button>
      </div>
    </div>
  )
}

function HitSearch({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(q)
  useEffect(() => setText(q), [q])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSearch(text.trim())
  }
  return (
    <search>
      <form onSubmit={submit} className="relative">
        <Search
          aria-hidden
          className="pointer-events-none absolute top-2 left-2 size-3.5 text-faint"
        />
        <input
          type="search"
          aria-label="Search in this video"
          placeholder="Search in this video"
          value={text}
          maxLength={1000}
          onChange={(event) => {
            setText(event.target.value)
            if (event.target.value === '') onSearch('')
          }}
          className="h-7 w-48 rounded-md border border-edge bg-ground pr-1 pl-7 text-xs placeholder:text-faint"
        />
      </form>
    </search>
  )
}
