import { Search } from 'lucide-react'
import { type FormEvent, useRef } from 'react'
import { useNavigate } from 'react-router'
import { cn } from '../lib/cn.ts'
import { paths } from '../lib/paths.ts'
import { useSlashKey } from '../lib/use-slash-key.ts'
import { Button } from './ui/button.tsx'

/**
 * A field that leads to the search page; `/` puts the cursor there. `large` has a button, which
 * without words shows all videos.
 */
export function QuickSearch({ large = false }: { large?: boolean }) {
  const navigate = useNavigate()
  const input = useRef<HTMLInputElement>(null)
  useSlashKey(input)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const q = input.current?.value.trim()
    if (q || large) void navigate(paths.search(q ? { q } : {}))
  }
  return (
    <search className={large ? 'w-full lg:max-w-2xl' : 'hidden md:block'}>
      <form onSubmit={submit} className="relative flex">
        <Search
          className={cn(
            'pointer-events-none absolute size-4 text-faint',
            large ? 'top-3.5 left-3.5' : 'top-2.5 left-2.5',
          )}
          aria-hidden
        />
        <input
          ref={input}
          type="search"
          aria-label="Search the library"
          aria-keyshortcuts="/"
          placeholder={
            large ? 'a person at a control panel, sparks, conveyor …' : 'Search the library  ( / )'
          }
          className={cn(
            'border border-edge pr-2 placeholder:text-faint',
            large
              ? 'h-11 min-w-0 flex-1 rounded-l-md bg-panel pl-10'
              : 'h-9 w-64 rounded-md bg-ground pl-8 text-sm',
          )}
        />
        {large && (
          <Button
            type="submit"
            size="lg"
            className="rounded-l-none border-l-0 border-edge px-4 text-sm"
          >
            Search
          </Button>
        )}
      </form>
    </search>
  )
}
