import { useState } from 'react'
import { Link } from 'react-router'
import { withQuery } from '../../api/client.ts'
import type { Stats } from '../../api/stats.ts'
import { Segmented } from '../../components/segmented.tsx'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { formatCount, humanLabel } from '../../lib/format.ts'
import { paths } from '../../lib/paths.ts'
import { platformName } from './task-words.ts'

const KINDS = [
  { value: 'category', label: 'Category' },
  { value: 'platform', label: 'Source' },
  { value: 'licence', label: 'Licence' },
] as const
type Kind = (typeof KINDS)[number]['value']
/** The rest is one bar without a link. */
const MAX_BARS = 8

/** How many videos each category (source, licence) has; a bar leads to its videos. */
export function BreakdownCard({ stats }: { stats: Stats | undefined }) {
  const [kind, setKind] = useState<Kind>('category')
  return (
    <Card aria-label="Breakdown">
      <CardHeader title="Breakdown">
        <Segmented
          name="breakdown"
          legend="Break down by"
          value={kind}
          choices={KINDS}
          onChange={setKind}
        />
      </CardHeader>
      <div className="p-3">
        {stats ? (
          <Bars kind={kind} counts={countsOf(stats, kind)} />
        ) : (
          <Skeleton className="h-40" />
        )}
      </div>
    </Card>
  )
}

function countsOf(stats: Stats, kind: Kind): Record<string, number> {
  if (kind === 'category') return stats.by_category
  return kind === 'platform' ? stats.by_platform : stats.by_licence
}

/** Largest first; what is beyond `MAX_BARS` is counted together under null. */
export function barsOf(counts: Record<string, number>): { name: string | null; count: number }[] {
  const sorted = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a, one], [b, other]) => other - one || a.localeCompare(b))
    .map(([name, count]) => ({ name, count }))
  if (sorted.length <= MAX_BARS) return sorted
  const rest = sorted.slice(MAX_BARS - 1).reduce((sum, { count }) => sum + count, 0)
  return [...sorted.slice(0, MAX_BARS - 1), { name: null, count: rest }]
}

/** The search page with the videos of one bar; a name may hold commas. */
export function videosLink(kind: Kind, name: string): string {
  return withQuery(paths.search(), { [kind]: [name] })
}

function Bars({ kind, counts }: { kind: Kind; counts: Record<string, number> }) {
  const bars = barsOf(counts)
  const most = Math.max(1, ...bars.map(({ count }) => count))
  if (bars.length === 0) return <p className="px-1 py-4 text-sm text-dim">No videos yet.</p>
  return (
    <ul aria-label={`Videos by ${kind}`} className="space-y-0.5">
      {bars.map(({ name, count }) => {
        const bar = <Bar name={nameOf(kind, name)} count={count} share={count / most} />
        return (
          <li key={name ?? ''}>
            {name === null ? (
              <div className="px-1 py-1">{bar}</div>
            ) : (
              <Link
                to={videosLink(kind, name)}
                className="block rounded-sm px-1 py-1 hover:bg-raised"
              >
                {bar}
              </Link>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function nameOf(kind: Kind, name: string | null): string {
  if (name === null) return 'all others'
  if (kind === 'platform') return platformName(name)
  return kind === 'category' ? humanLabel(name) : name
}

function Bar({ name, count, share }: { name: string; count: number; share: number }) {
  return (
    <>
      <span className="flex justify-between gap-3 text-sm">
        <span className="min-w-0 truncate">{name}</span>
        <span className="text-dim tabular-nums">
          {formatCount(count)}
          <span className="sr-only"> videos</span>
        </span>
      </span>
      <span aria-hidden className="mt-0.5 block h-1.5 rounded-full bg-raised">
        <span
          className="block h-full min-w-1 rounded-full bg-edge"
          style={{ width: `${share * 100}%` }}
        />
      </span>
    </>
  )
}
