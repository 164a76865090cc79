import { ChevronDown, ChevronRight, Copy, Route } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useToast } from '../../../components/ui/toast.tsx'
import { cn } from '../../../lib/cn.ts'
import { entriesOf, matches, summaryOf } from './json-tree.ts'
import { MarkedText } from './marked-text.tsx'

/** So many entries of one level are shown before somebody asks for more. */
const STRETCH = 100

/** A value with what is in it, opened on demand. With `q` only what contains it, opened. */
export function JsonNode({
  name,
  value,
  path,
  q,
}: {
  name: string
  value: unknown
  path: string
  q: string
}) {
  const [opened, setOpened] = useState(false)
  const [most, setMost] = useState(STRETCH)
  const isBranch = typeof value === 'object' && value !== null
  if (q !== '' && !matches(value, name, q)) return null
  const tools = (
    <>
      <CopyButton label={`Copy the path ${path}`} text={() => path} icon="path" />
      <CopyButton
        label={`Copy the value of ${path}`}
        text={() => (typeof value === 'string' ? value : JSON.stringify(value, null, 2))}
      />
    </>
  )
  if (!isBranch)
    return (
      <li className="group flex min-h-[22px] items-start gap-1.5 pl-4 leading-[22px]">
        <span className="shrink-0 text-info">
          <MarkedText text={name} q={q} />:
        </span>
        <span className={cn('min-w-0 break-all', COLORS[typeof value] ?? 'text-faint')}>
          <MarkedText text={summaryOf(value)} q={q} />
        </span>
        <Tools>{tools}</Tools>
      </li>
    )
  const isOpen = opened || q !== ''
  const inside = isOpen ? entriesOf(value, path) : []
  const isNamed = q !== '' && name.toLowerCase().includes(q)
  return (
    <li>
      <NodeRow
        name={name}
        q={q}
        summary={summaryOf(value)}
        isOpen={isOpen}
        onToggle={() => setOpened(!opened)}
      >
        {tools}
      </NodeRow>
      {isOpen && (
        <ul className="ml-[7px] border-l border-line pl-2.5">
          {inside.slice(0, most).map((entry) => (
            <JsonNode key={entry.path} {...entry} q={isNamed ? '' : q} />
          ))}
          {inside.length > most && (
            <li>
              <button
                type="button"
                className="text-amber hover:underline"
                onClick={() => setMost(most + STRETCH)}
              >
                {inside.length - most} more
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  )
}

const COLORS: Record<string, string> = {
  string: 'text-ok',
  number: 'text-amber',
  boolean: 'text-amber',
}

/** The line of something that can be opened. */
export function NodeRow({
  name,
  q,
  summary,
  isOpen,
  onToggle,
  children,
}: {
  name: string
  q: string
  summary: string
  isOpen: boolean
  onToggle: () => void
  children: ReactNode
}) {
  const Icon = isOpen ? ChevronDown : ChevronRight
  return (
    <div className="group flex items-center gap-1">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={onToggle}
        className="flex min-w-0 items-center gap-0.5 rounded-sm py-px text-left hover:bg-raised"
      >
        <Icon aria-hidden className="size-3.5 shrink-0 text-faint" />
        <span className="text-info">
          <MarkedText text={name} q={q} />
        </span>
        <span className="ml-1.5 truncate text-faint">{summary}</span>
      </button>
      <Tools>{children}</Tools>
    </div>
  )
}

function Tools({ children }: { children: ReactNode }) {
  return (
    <span className="ml-auto flex shrink-0 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 [@media(hover:none)]:opacity-100">
      {children}
    </span>
  )
}

export function CopyButton({
  label,
  text,
  icon = 'value',
  isReady = true,
}: {
  label: string
  text: () => string
  icon?: 'value' | 'path'
  isReady?: boolean
}) {
  const toast = useToast()
  const Icon = icon === 'path' ? Route : Copy
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      disabled={!isReady}
      className="rounded-sm p-1 text-faint hover:text-ink disabled:opacity-40"
      onClick={async () => {
        const copied = await navigator.clipboard?.writeText(text()).then(
          () => true,
          () => false,
        )
        toast(
          copied ? 'Copied.' : 'The browser does not let this page copy.',
          copied ? 'ok' : 'bad',
        )
      }}
    >
      <Icon className="size-3.5" />
    </button>
  )
}
