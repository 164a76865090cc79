import { Search } from 'lucide-react'
import { type FormEvent, useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'
import { Button } from '../../components/ui/button.tsx'
import { paths } from '../../lib/paths.ts'

/** Search from the first page; `/` puts the cursor there. */
export function QuickSearch() {
  const navigate = useNavigate()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest(
        'input, textarea, select, [contenteditable]',
      )
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const q = input.current?.value.trim()
    void navigate(paths.search(q ? { q } : {}))
  }
  return (
    <search className="w-full lg:max-w-2xl">
      <form onSubmit={submit} className="relative flex">
        <Search
          className="pointer-events-none absolute top-3.5 left-3.5 size-4 text-faint"
          aria-hidden
        />
        <input
          ref={input}
          type="search"
          aria-label="Search the library"
          aria-keyshortcuts="/"
          placeholder="a person at a control panel, sparks, conveyor …"
          className="h-11 min-w-0 flex-1 rounded-l-md border border-edge bg-panel pr-2 pl-10 placeholder:text-faint"
        />
        <Button
          type="submit"
          size="lg"
          className="rounded-l-none border-l-0 border-edge px-4 text-sm"
        >
          Search
        </Button>
      </form>
    </search>
  )
}
