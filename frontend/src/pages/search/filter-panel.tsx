import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { type Facets, facetsQuery } from '../../api/search.ts'
import { statsQuery } from '../../api/stats.ts'
import { Checkbox } from '../../components/ui/checkbox.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { Slider } from '../../components/ui/slider.tsx'
import { formatCount, formatShare, formatTime } from '../../lib/format.ts'
import { positionOf, STEPS, secondsAt } from './duration-scale.ts'
import { FacetList } from './facet-list.tsx'
import { QualityFilter } from './quality-filter.tsx'
import { isRanked, type ListFilter, rankedWish, type SearchState } from './search-state.ts'
import type { UpdateState } from './use-search-state.ts'

const LISTS: { name: Exclude<ListFilter, 'status'>; title: string; hint: string }[] = [
  { name: 'objects', title: 'Objects', hint: 'all of them' },
  { name: 'activities', title: 'Activities', hint: 'all of them' },
  { name: 'tags', title: 'Tags', hint: 'all of them' },
  { name: 'category', title: 'Category', hint: 'any of them' },
  { name: 'platform', title: 'Platform', hint: 'any of them' },
  { name: 'licence', title: 'Licence', hint: 'any of them' },
]

/** What the results can be narrowed by, each value with how many videos have it. */
export function FilterPanel({
  state,
  update,
  facets,
  fault,
}: {
  state: SearchState
  update: UpdateState
  facets: Facets | undefined
  /** The counts did not come: to be said here, or said already beside the results. */
  fault: 'said' | 'unsaid' | null
}) {
  if (!facets && !fault) return <PanelSkeleton />
  return (
    <>
      {fault === 'unsaid' && !facets && (
        <p role="alert" className="border-b px-4 py-3 text-xs text-bad">
          The counts did not come. Filters of the address still hold.
        </p>
      )}
      {LISTS.map(({ name, title, hint }) => (
        <FacetList
          key={name}
          title={title}
          hint={hint}
          values={facets?.facets[name] ?? []}
          selected={state[name]}
          onChange={(selected) => update({ [name]: selected })}
        />
      ))}
      <DurationFilter state={state} update={update} bounds={facets?.duration ?? null} />
      <ConfidenceFilter
        key={state.min_confidence}
        value={state.min_confidence}
        onChange={(min_confidence) => update({ min_confidence })}
      />
      <SpeechFilter state={state} update={update} counts={facets?.facets.has_speech} />
      <QualityFilter state={state} update={update} />
      <DuplicateFilter state={state} update={update} counts={facets?.facets.duplicate} />
      {!isRanked(state) && (
        <StatusFilter selected={state.status} onChange={(status) => update({ status })} />
      )}
    </>
  )
}

const legend = 'float-left mb-2 w-full text-xs font-semibold tracking-wide text-dim uppercase'

function DurationFilter({
  state,
  update,
  bounds,
}: {
  state: SearchState
  update: UpdateState
  bounds: Facets['duration']
}) {
  const { min_duration: from, max_duration: to } = state
  const isSet = from !== null || to !== null
  // While a length is asked for, the counts know of no other ones: these come without it.
  const unbound = useQuery({
    ...facetsQuery(rankedWish({ ...state, min_duration: null, max_duration: null })),
    enabled: isSet,
  })
  const widest = isSet ? (unbound.data?.duration ?? bounds) : bounds
  const min = Math.min(widest?.min ?? 0, from ?? Infinity)
  const max = Math.max(widest?.max ?? 0, to ?? 0, from ?? 0)
  const at: [number, number] = [
    from === null ? 0 : positionOf(from, min, max),
    to === null ? STEPS : positionOf(to, min, max),
  ]
  const [moving, setMoving] = useState<[number, number] | null>(null)
  if (!bounds && !isSet) return null
  const [left, right] = moving ?? at
  return (
    <fieldset className="border-b px-4 py-3">
      <legend className={legend}>Length</legend>
      <div className="clear-both">
        <Slider
          min={0}
          max={STEPS}
          value={[left, right]}
          onValueChange={([a = 0, b = STEPS]) => setMoving([a, b])}
          onValueCommit={([a = 0, b = STEPS]) => {
            setMoving(null)
            update({
              min_duration: a <= 0 ? null : secondsAt(a, min, max),
              max_duration: b >= STEPS ? null : secondsAt(b, min, max),
            })
          }}
          thumbLabels={['Shortest length', 'Longest length']}
        />
        <p className="flex justify-between font-mono text-[11px] text-dim">
          <span>
            {formatTime(left === at[0] && from !== null ? from : secondsAt(left, min, max))}
          </span>
          <span>
            {formatTime(right === at[1] && to !== null ? to : secondsAt(right, min, max))}
          </span>
        </p>
      </div>
    </fieldset>
  )
}

function ConfidenceFilter({
  value,
  onChange,
}: {
  value: number | null
  onChange: (value: number | null) => void
}) {
  const [moving, setMoving] = useState(value ?? 0)
  return (
    <fieldset className="border-b px-4 py-3">
      <legend className={legend}>Least confidence</legend>
      <div className="clear-both flex items-center gap-3">
        <Slider
          min={0}
          max={1}
          step={0.05}
          value={[moving]}
          onValueChange={([next = 0]) => setMoving(next)}
          onValueCommit={([next = 0]) => onChange(next <= 0 ? null : Number(next.toFixed(2)))}
          thumbLabels={['Least confidence of objects and activities']}
        />
        <span className="w-10 shrink-0 text-right font-mono text-[11px] text-dim">
          {moving > 0 ? formatShare(moving) : 'any'}
        </span>
      </div>
    </fieldset>
  )
}

type Counts = Facets['facets']['has_speech']
/** Null while the counts are not there. */
const countOf = (counts: Counts | undefined, value: string) =>
  counts ? (counts.find((each) => each.value === value)?.count ?? 0) : null

function SpeechFilter({
  state,
  update,
  counts,
}: {
  state: SearchState
  update: UpdateState
  counts: Counts | undefined
}) {
  const id = useId()
  const choices = [
    { value: null, text: 'any', count: null },
    { value: true, text: 'with', count: countOf(counts, 'true') },
    { value: false, text: 'without', count: countOf(counts, 'false') },
  ]
  return (
    <fieldset className="border-b px-4 py-3">
      <legend className={legend}>Speech</legend>
      <div className="clear-both flex overflow-hidden rounded-md border border-edge">
        {choices.map(({ value, text, count }) => (
          <label
            key={text}
            htmlFor={`${id}-${text}`}
            className="flex h-7 flex-1 items-center justify-center gap-1 text-xs text-dim not-first:border-l has-checked:bg-amber-soft has-checked:text-amber has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-amber max-lg:h-9"
          >
            <input
              id={`${id}-${text}`}
              type="radio"
              name={`${id}-speech`}
              className="sr-only"
              checked={state.has_speech === value}
              onChange={() => update({ has_speech: value })}
            />
            {text}
            {count !== null && <span className="font-mono text-[11px]">{formatCount(count)}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function DuplicateFilter({
  state,
  update,
  counts,
}: {
  state: SearchState
  update: UpdateState
  counts: Counts | undefined
}) {
  const id = useId()
  const count = countOf(counts, 'true')
  return (
    <label
      htmlFor={id}
      className="flex h-11 items-center gap-2 border-b px-4 text-[13px] hover:bg-raised"
    >
      <Checkbox
        id={id}
        checked={state.hide_duplicates}
        onCheckedChange={(on) => update({ hide_duplicates: on === true })}
      />
      <span className="flex-1">Hide near-duplicates</span>
      {count !== null && (
        <span className="font-mono text-[11px] text-dim">{formatCount(count)}</span>
      )}
    </label>
  )
}

/** Of the library's lists only: a search finds what is completed. */
function StatusFilter({
  selected,
  onChange,
}: {
  selected: string[]
  onChange: (selected: string[]) => void
}) {
  const stats = useQuery(statsQuery())
  const values = Object.entries(stats.data?.by_status ?? {})
    .map(([value, count]) => ({ value, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
  if (values.length < 2 && selected.length === 0) return null
  return <FacetList title="Status" values={values} selected={selected} onChange={onChange} />
}

function PanelSkeleton() {
  return (
    <div className="space-y-6 p-4" role="status" aria-label="Counting">
      {[6, 4, 6, 3].map((rows, section) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they stand still
        <div key={section} className="space-y-2">
          <Skeleton className="h-3 w-20" />
          {Array.from({ length: rows }, (_, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they stand still
            <Skeleton key={row} className="h-5" />
          ))}
        </div>
      ))}
    </div>
  )
}
