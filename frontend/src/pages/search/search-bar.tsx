import { Search, X } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useSlashKey } from '../../lib/use-slash-key.ts'

/** A pause in typing after which the words are looked for. */
const PAUSE_MS = 400

/**
 * The words to look for. They are asked for on Enter, or after a pause in typing; `/` puts the cursor
 * here from anywhere.
 */
export function SearchBar({
  q,
  onSearch,
}: {
  q: string
  onSearch: (q: string, typing: boolean) => void
}) {
  const [text, setText] = useState(q)
  const [shown, setShown] = useState(q)
  const input = useRef<HTMLInputElement>(null)
  const pause = useRef<number | undefined>(undefined)
  // The address changed by another hand: back, a link, a chip.
  if (shown !== q) {
    setShown(q)
    if (text.trim() !== q.trim()) setText(q)
  }

  useEffect(() => () => window.clearTimeout(pause.current), [])
  useSlashKey(input)

  const change = (value: string) => {
    setText(value)
    window.clearTimeout(pause.current)
    pause.current = window.setTimeout(() => onSearch(value, true), PAUSE_MS)
  }
  const now = (value: string) => {
    window.clearTimeout(pause.current)
    setText(value)
    onSearch(value, false)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    now(text)
  }
  return (
    <search className="min-w-0 flex-1">
      <form onSubmit={submit} className="relative">
        <Search
          className="pointer-events-none absolute top-3 left-3 size-4 text-faint"
          aria-hidden
        />
        <input
          ref={input}
          type="text"
          inputMode="search"
          enterKeyHint="search"
          autoComplete="off"
          maxLength={1000}
          value={text}
          onChange={(event) => change(event.target.value)}
          aria-label="Search videos in words"
          aria-keyshortcuts="/"
          placeholder="Describe what is seen or said"
          className="h-10 w-full rounded-md border border-edge bg-ground pr-10 pl-9 placeholder:text-faint"
        />
        {text !== '' ? (
          <button
            type="button"
            aria-label="Clear the words"
            onClick={() => {
              now('')
              input.current?.focus()
            }}
            className="absolute top-1.5 right-1.5 grid size-7 place-items-center rounded-sm text-dim hover:bg-raised hover:text-ink"
          >
            <X className="size-4" />
          </button>
        ) : (
          <kbd className="pointer-events-none absolute top-2.5 right-3 rounded-sm border border-line px-1.5 font-mono text-xs text-faint max-sm:hidden">
            /
          </kbd>
        )}
      </form>
    </search>
  )
}
