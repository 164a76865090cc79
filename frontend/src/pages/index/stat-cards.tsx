import { Clapperboard, Clock, Copy, HardDrive, Images, type LucideIcon, Tags } from 'lucide-react'
import type { Stats } from '../../api/stats.ts'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { formatBytes, formatCount, formatHours } from '../../lib/format.ts'

interface Total {
  icon: LucideIcon
  label: string
  value: string
  detail: string
}

function totalsOf(stats: Stats): Total[] {
  const { completed = 0, failed = 0 } = stats.by_status
  const open = stats.videos - completed - failed
  return [
    {
      icon: Clapperboard,
      label: 'Videos',
      value: formatCount(stats.videos),
      detail: [
        `${formatCount(completed)} ready`,
        open > 0 && `${formatCount(open)} in work`,
        failed > 0 && `${formatCount(failed)} failed`,
      ]
        .filter(Boolean)
        .join(' · '),
    },
    {
      icon: Clock,
      label: 'Length',
      value: formatHours(stats.hours),
      detail: `${formatCount(stats.transcripts)} with speech`,
    },
    {
      icon: Images,
      label: 'Keyframes',
      value: formatCount(stats.keyframes),
      detail:
        completed > 0 ? `${formatCount(Math.round(stats.keyframes / completed))} a video` : '',
    },
    {
      icon: Tags,
      label: 'Labels',
      value: formatCount(stats.labels),
      detail: `${formatCount(stats.detections)} boxes · ${formatCount(stats.activities)} activities`,
    },
    {
      icon: Copy,
      label: 'Near-duplicates',
      value: formatCount(stats.duplicates),
      detail: 'flagged, never deleted',
    },
    {
      icon: HardDrive,
      label: 'Stored',
      value: formatBytes(stats.bytes),
      detail: stats.library.form === 'embedded' ? 'in a folder' : 'in the object store',
    },
  ]
}

/** Totals over the library; undefined while they are on their way. */
export function StatCards({ stats }: { stats: Stats | undefined }) {
  const grid =
    'grid grid-cols-2 gap-px overflow-hidden rounded-lg border bg-line sm:grid-cols-3 xl:grid-cols-6'
  if (!stats) {
    return (
      <div className={grid} role="status" aria-label="Loading the totals">
        {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
          <div key={key} className="space-y-2 bg-panel px-4 py-3">
            <Skeleton className="h-4 w-20" />
            <Skeleton className="h-7 w-16" />
            <Skeleton className="h-4 w-28" />
          </div>
        ))}
      </div>
    )
  }
  return (
    <dl className={grid} aria-label="Totals">
      {totalsOf(stats).map(({ icon: Icon, label, value, detail }) => (
        <div key={label} className="min-w-0 bg-panel px-4 py-3">
          <dt className="flex items-center gap-1.5 text-xs text-dim">
            <Icon className="size-3.5 text-faint" aria-hidden /> {label}
          </dt>
          <dd className="mt-0.5 text-2xl font-semibold tracking-tight tabular-nums">{value}</dd>
          <dd className="min-h-[1.1rem] text-xs text-faint">{detail}</dd>
        </div>
      ))}
    </dl>
  )
}
