import { cva, type VariantProps } from 'class-variance-authority'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

const badge = cva(
  'inline-flex max-w-full items-center gap-1 rounded-sm border px-1.5 py-px text-xs font-medium whitespace-nowrap [&_svg]:size-3',
  {
    variants: {
      tone: {
        neutral: 'border-line bg-raised text-dim',
        amber: 'border-amber/40 bg-amber-soft text-amber',
        ok: 'border-ok/40 bg-ok-soft text-ok',
        bad: 'border-bad/40 bg-bad-soft text-bad',
        info: 'border-info/40 bg-info-soft text-info',
      },
    },
    defaultVariants: { tone: 'neutral' },
  },
)

export type BadgeTone = NonNullable<VariantProps<typeof badge>['tone']>

export function Badge({
  className,
  tone,
  ...props
}: ComponentProps<'span'> & VariantProps<typeof badge>) {
  return <span data-slot="badge" className={cn(badge({ tone }), className)} {...props} />
}

const TONES: Record<string, BadgeTone> = {
  pending: 'neutral',
  running: 'amber',
  downloading: 'amber',
  processing: 'amber',
  labeling: 'amber',
  completed: 'ok',
  done: 'ok',
  failed: 'bad',
  cancelled: 'neutral',
  skipped: 'info',
}

/** A task's, video's, step's or export's state. */
export function StatusBadge({ status, className }: { status: string; className?: string }) {
  const tone = TONES[status] ?? 'neutral'
  return (
    <Badge tone={tone} className={className}>
      <span
        aria-hidden
        className={cn('size-1.5 rounded-full bg-current', tone === 'amber' && 'animate-pulse')}
      />
      {status}
    </Badge>
  )
}
