import { CircleAlert, type LucideIcon, PackageOpen, PlugZap, RefreshCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client.ts'
import { cn } from '../lib/cn.ts'
import { Button } from './ui/button.tsx'

interface PageStateProps {
  icon: LucideIcon
  title: string
  children?: ReactNode
  className?: string
  role?: 'alert' | 'status'
}

function PageState({ icon: Icon, title, children, className, role }: PageStateProps) {
  return (
    <div
      role={role}
      className={cn('flex flex-col items-center gap-3 px-6 py-12 text-center', className)}
    >
      <Icon className="size-8 text-faint" aria-hidden />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-md space-y-3 text-sm text-dim">{children}</div>}
    </div>
  )
}

/** Nothing is there yet; the children say how to change that. */
export function EmptyState({
  title,
  icon = PackageOpen,
  children,
  className,
}: Partial<Pick<PageStateProps, 'icon' | 'className'>> & { title: string; children?: ReactNode }) {
  return (
    <PageState icon={icon} title={title} className={className ?? ''} role="status">
      {children}
    </PageState>
  )
}

/** What went wrong, in the API's own words, and a button to ask again. */
export function ErrorState({
  error,
  onRetry,
  className,
}: {
  error: unknown
  onRetry?: () => void
  className?: string
}) {
  const passing = error instanceof ApiError && error.isPassing
  return (
    <PageState
      icon={passing ? PlugZap : CircleAlert}
      title={passing ? 'The server does not answer' : 'This did not work'}
      className={className ?? ''}
      role="alert"
    >
      <p>
        {passing
          ? 'It may be starting or stopped. This page goes on by itself as soon as it answers.'
          : error instanceof Error
            ? error.message
            : 'An unknown error.'}
      </p>
      {onRetry && (
        <Button onClick={onRetry} size="sm">
          <RefreshCw /> Try again
        </Button>
      )}
    </PageState>
  )
}
