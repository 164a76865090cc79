import { useId, useState } from 'react'
import type { FacetValue } from '../../api/search.ts'
import { Checkbox } from '../../components/ui/checkbox.tsx'
import { Input } from '../../components/ui/input.tsx'
import { cn } from '../../lib/cn.ts'
import { formatCount, humanLabel } from '../../lib/format.ts'
import { facetRows } from './facet-order.ts'

/** Values shown before "show all". */
const FEW = 6
/** From so many values on they can be searched. */
const MANY = 10

/** The values of one filter with how many videos have each; a bar shows the share. */
export function FacetList({
  title,
  hint,
  values,
  selected,
  onChange,
}: {
  title: string
  /** How several values go together. */
  hint?: string
  values: FacetValue[]
  selected: string[]
  onChange: (selected: string[]) => void
}) {
  const [all, setAll] = useState(false)
  const [text, setText] = useState('')
  const id = useId()
  const rows = facetRows(values, selected, text)
  if (values.length === 0 && selected.length === 0) return null
  const few = Math.max(FEW, selected.length)
  const shown = all || text ? rows : rows.slice(0, few)
  const most = Math.max(1, ...values.map(({ count }) => count))
  const toggle = (value: string, on: boolean) =>
    onChange(on ? [...selected, value] : selected.filter((each) => each !== value))
  return (
    <fieldset className="border-b px-4 py-3">
      <legend className="float-left mb-2 flex w-full items-baseline justify-between text-xs font-semibold tracking-wide text-dim uppercase">
        {title}
        {hint && values.length > 1 && (
          <span className="font-normal tracking-normal text-faint normal-case">{hint}</span>
        )}
      </legend>
      <div className="clear-both">
        {values.length > MANY && (
          <Input
            type="search"
            value={text}
            onChange={(event) => setText(event.target.value)}
            aria-label={`Find in ${title.toLowerCase()}`}
            placeholder={`Find among ${values.length}`}
            className="mb-1.5 h-7 px-2 text-xs"
          />
        )}
        <ul className={cn(all && 'max-h-72 overflow-y-auto')}>
          {shown.map(({ value, count, selected: isOn }) => (
            <li key={value} className="relative">
              <span
                aria-hidden
                className="absolute inset-y-0.5 left-5.5 rounded-sm bg-raised"
                style={{ width: `calc((100% - 1.375rem) * ${count / most})` }}
              />
              <label
                htmlFor={`${id}-${value}`}
                className={cn(
                  'relative flex h-7 items-center gap-2 rounded-sm pr-1 text-[13px] hover:text-amber max-lg:h-9',
                  count === 0 && !isOn && 'text-faint',
                )}
              >
                <Checkbox
                  id={`${id}-${value}`}
                  checked={isOn}
                  onCheckedChange={(on) => toggle(value, on === true)}
                />
                <span className="min-w-0 flex-1 truncate" title={value}>
                  {humanLabel(value)}
                </span>
                <span className="font-mono text-[11px] text-dim">{formatCount(count)}</span>
              </label>
            </li>
          ))}
        </ul>
        {text !== '' && rows.length === 0 && <p className="text-xs text-dim">None is called so.</p>}
        {!text && rows.length > few && (
          <button
            type="button"
            aria-expanded={all}
            onClick={() => setAll(!all)}
            className="mt-1 rounded-sm text-xs text-amber hover:underline"
          >
            {all ? 'Show fewer' : `Show all ${rows.length}`}
          </button>
        )}
      </div>
    </fieldset>
  )
}
