import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AnnotationOutlinePart } from '../../../../../src/api/schemas/video-parts.ts'
import { annotationPartPagesQuery } from '../../../api/video.ts'
import { Button } from '../../../components/ui/button.tsx'
import { formatBytes } from '../../../lib/format.ts'
import { CopyButton, JsonNode, NodeRow } from './json-node.tsx'
import { type Entry, entriesOf, matches } from './json-tree.ts'

/** One part of the annotation. Large ones come in stretches of fifty entries. */
export function AnnotationPart({
  id,
  part,
  q,
}: {
  id: string
  part: AnnotationOutlinePart
  q: string
}) {
  const isHere = part.value !== undefined || part.type === 'value'
  const [opened, setOpened] = useState(false)
  const isOpen = opened || q !== ''
  const pages = useInfiniteQuery({
    ...annotationPartPagesQuery(id, part.name),
    enabled: isOpen && !isHere,
  })
  if (isHere && (part.type === 'value' || part.items === 0))
    return <JsonNode name={part.name} value={part.value} path={part.name} q={q} />
  const loaded: Entry[] = isHere
    ? entriesOf(part.value, part.name)
    : (pages.data?.pages.flatMap((page) => pageEntries(page, part.name)) ?? [])
  const found = q === '' ? loaded : loaded.filter((entry) => matches(entry.value, entry.name, q))
  if (q !== '' && found.length === 0 && !part.name.toLowerCase().includes(q) && !pages.isFetching)
    return null
  const total = part.items ?? loaded.length
  return (
    <li>
      <NodeRow
        name={part.name}
        q={q}
        summary={`${part.type === 'array' ? `[${total}]` : `{${total}}`} · ${formatBytes(part.bytes)}`}
        isOpen={isOpen}
        onToggle={() => setOpened(!opened)}
      >
        <CopyButton
          label={
            loaded.length < total ? `Copy what is loaded of ${part.name}` : `Copy ${part.name}`
          }
          text={() => JSON.stringify(joined(loaded, part.type), null, 2)}
          isReady={loaded.length > 0}
        />
      </NodeRow>
      {isOpen && (
        <ul className="ml-[7px] border-l border-line pl-2.5">
          {(q !== '' && found.length > 0 ? found : loaded).map((entry) => (
            <JsonNode key={entry.path} {...entry} q={found.length > 0 ? q : ''} />
          ))}
          {pages.isFetching && <li className="py-0.5 text-faint">Loading…</li>}
          {pages.error && (
            <li role="alert" className="py-0.5 text-bad">
              {pages.error.message}
            </li>
          )}
          {pages.hasNextPage && !pages.isFetching && (
            <li className="py-1">
              <Button size="sm" onClick={() => void pages.fetchNextPage()}>
                Next 50 of {total - loaded.length} more
              </Button>
            </li>
          )}
        </ul>
      )}
    </li>
  )
}

type Page = {
  offset: number
  items?: unknown[] | undefined
  entries?: [string, unknown][] | undefined
}

function pageEntries({ offset, items, entries }: Page, path: string): Entry[] {
  if (entries) return entries.map(([name, value]) => ({ name, value, path: `${path}.${name}` }))
  return (items ?? []).map((value, index) => ({
    name: String(offset + index),
    value,
    path: `${path}[${offset + index}]`,
  }))
}

const joined = (entries: Entry[], type: AnnotationOutlinePart['type']) =>
  type === 'array'
    ? entries.map((entry) => entry.value)
    : Object.fromEntries(entries.map((entry) => [entry.name, entry.value]))
