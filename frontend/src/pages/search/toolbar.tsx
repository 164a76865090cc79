import { Columns2, Columns3, Grid3x3, Keyboard, type LucideIcon } from 'lucide-react'
import { Button } from '../../components/ui/button.tsx'
import { Dialog, DialogContent, DialogTrigger } from '../../components/ui/dialog.tsx'
import { Select } from '../../components/ui/input.tsx'
import { cn } from '../../lib/cn.ts'
import { DENSITIES, type Density, type SearchState, SORTS, type Sort } from './search-state.ts'
import type { UpdateState } from './use-search-state.ts'

const SORT_NAMES: Record<Sort, string> = {
  created: 'Newest first',
  oldest: 'Oldest first',
  title: 'Title',
  duration: 'Shortest first',
  '-duration': 'Longest first',
}

/** A search has one order, and says so; a list has several. */
export function SortSelect({
  state,
  update,
  ranked,
}: {
  state: SearchState
  update: UpdateState
  ranked: boolean
}) {
  return (
    <Select
      aria-label="Order"
      className="h-8 w-36 text-xs"
      value={ranked ? 'best' : state.sort}
      disabled={ranked}
      title={ranked ? 'A search is ordered by how well a video answers' : undefined}
      onChange={(event) => update({ sort: event.target.value as Sort })}
    >
      {ranked ? (
        <option value="best">Best match first</option>
      ) : (
        SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {SORT_NAMES[sort]}
          </option>
        ))
      )}
    </Select>
  )
}

const DENSITY_ICONS: Record<Density, { icon: LucideIcon; text: string }> = {
  compact: { icon: Grid3x3, text: 'Small cards' },
  normal: { icon: Columns3, text: 'Middle cards' },
  large: { icon: Columns2, text: 'Large cards' },
}

export function DensityButtons({ state, update }: { state: SearchState; update: UpdateState }) {
  return (
    <fieldset className="flex overflow-hidden rounded-md border border-edge">
      <legend className="sr-only">Size of the cards</legend>
      {DENSITIES.map((density) => {
        const { icon: Icon, text } = DENSITY_ICONS[density]
        return (
          <button
            key={density}
            type="button"
            aria-label={text}
            title={text}
            aria-pressed={state.density === density}
            onClick={() => update({ density }, { replace: true, keepScroll: true })}
            className={cn(
              'grid h-8 w-8 place-items-center text-dim not-first:border-l hover:text-ink focus-visible:-outline-offset-2',
              state.density === density && 'bg-amber-soft text-amber hover:text-amber',
            )}
          >
            <Icon className="size-4" aria-hidden />
          </button>
        )
      })}
    </fieldset>
  )
}

const KEYS: [string, string][] = [
  ['/', 'to the search words'],
  ['← ↑ → ↓', 'from card to card; Home, End and the page keys too'],
  ['Enter', 'open the video at the moment shown'],
  [', .', 'back and on through the pictures'],
  ['Space', 'choose; with Shift everything since the last one'],
  ['M', 'more like this'],
  ['Ctrl A', 'choose all that are loaded'],
  ['Esc', 'choose none'],
]

/** The keys of the grid, for those who look for them. */
export function KeyHelp() {
  return (
    <Dialog>
      <DialogTrigger asChild>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Keys of this page"
          title="Keys of this page"
          className="max-sm:hidden"
        >
          <Keyboard />
        </Button>
      </DialogTrigger>
      <DialogContent title="Keys of this page">
        <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2 text-sm">
          {KEYS.map(([keys, what]) => (
            <div key={keys} className="contents">
              <dt>
                <kbd className="rounded-sm border border-line bg-raised px-1.5 py-0.5 font-mono text-xs">
                  {keys}
                </kbd>
              </dt>
              <dd className="text-dim">{what}</dd>
            </div>
          ))}
        </dl>
      </DialogContent>
    </Dialog>
  )
}
