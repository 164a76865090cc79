import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

/** Holds the place of what is still on its way. */
export function Skeleton({ className, ...props }: ComponentProps<'div'>) {
  return (
    <div
      data-slot="skeleton"
      aria-hidden
      className={cn('animate-pulse rounded-md bg-raised', className)}
      {...props}
    />
  )
}
