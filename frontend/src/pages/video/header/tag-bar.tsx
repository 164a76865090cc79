import { useQuery } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { type FormEvent, type RefObject, useState } from 'react'
import { facetsQuery } from '../../../api/search.ts'
import type { SmallVideo } from '../../../api/video.ts'
import { cn } from '../../../lib/cn.ts'
import { useTags } from './use-tags.ts'

/** The video's tags: added by hand in amber, found by the steps in gray. */
export function TagBar({
  video,
  inputRef,
}: {
  video: SmallVideo
  inputRef: RefObject<HTMLInputElement | null>
}) {
  const { add, remove } = useTags(video.id)
  const [text, setText] = useState('')
  const [wantsNames, setWantsNames] = useState(false)
  const known = useQuery({ ...facetsQuery({}), enabled: wantsNames, staleTime: 60_000 })
  const has = new Set(video.tags.map((each) => each.tag))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const tag = text.trim().toLowerCase()
    if (tag && !has.has(tag)) add(tag)
    setText('')
  }
  return (
    <section
      aria-label="Tags"
      className="flex flex-wrap items-center gap-1.5 rounded-lg border border-line bg-panel px-2 py-1.5"
    >
      <h2 className="mr-1 text-sm font-semibold">Tags</h2>
      <ul className="contents">
        {video.tags.map(({ tag, source }) => (
          <li
            key={tag}
            title={source === 'manual' ? 'Added by hand' : 'Found by the steps'}
            className={cn(
              'flex h-6 items-center rounded-sm border pl-1.5 text-xs',
              source === 'manual'
                ? 'border-amber/40 bg-amber-soft text-amber'
                : 'border-line bg-raised text-dim',
            )}
          >
            {tag}
            <span className="sr-only">, {source === 'manual' ? 'by hand' : 'automatic'}</span>
            <button
              type="button"
              aria-label={`Remove the tag ${tag}`}
              onClick={() => {
                remove(tag)
                inputRef.current?.focus()
              }}
              className="ml-0.5 rounded-sm p-1 hover:text-ink"
            >
              <X className="size-3" />
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={submit} className="flex items-center">
        <input
          ref={inputRef}
          aria-label="Add a tag"
          aria-keyshortcuts="t"
          list="known-tags"
          placeholder="Add a tag (t)"
          maxLength={100}
          value={text}
          onFocus={() => setWantsNames(true)}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur()
            const last = video.tags.at(-1)
            if (event.key === 'Backspace' && text === '' && last?.source === 'manual')
              remove(last.tag)
          }}
          className="h-6 w-32 rounded-sm border border-edge bg-ground px-1.5 text-xs placeholder:text-faint"
        />
        <datalist id="known-tags">
          {known.data?.facets.tags
            .filter(({ value }) => !has.has(value))
            .map(({ value, count }) => (
              <option key={value} value={value}>{`${count}`}</option>
            ))}
        </datalist>
        <button type="submit" aria-label="Add" className="rounded-sm p-1 text-dim hover:text-ink">
          <Plus className="size-4" />
        </button>
      </form>
    </section>
  )
}
