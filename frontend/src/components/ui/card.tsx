import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

export function Card({ className, ...props }: ComponentProps<'section'>) {
  return (
    <section
      data-slot="card"
      className={cn('rounded-lg border border-line bg-panel', className)}
      {...props}
    />
  )
}

/** The heading of a card, with what may be done at its right. */
export function CardHeader({
  title,
  children,
  className,
  ...props
}: Omit<ComponentProps<'div'>, 'title'> & { title: string }) {
  return (
    <div
      className={cn(
        'flex min-h-12 items-center justify-between gap-3 border-b px-4 py-2',
        className,
      )}
      {...props}
    >
      <h2 className="text-sm font-semibold">{title}</h2>
      {children}
    </div>
  )
}
