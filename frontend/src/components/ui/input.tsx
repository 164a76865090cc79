import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

const field =
  'w-full rounded-md border border-edge bg-ground px-3 text-ink placeholder:text-faint disabled:opacity-50 aria-invalid:border-bad'

export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <input data-slot="input" className={cn(field, 'h-9', className)} {...props} />
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return <textarea data-slot="textarea" className={cn(field, 'py-2', className)} {...props} />
}

/** The browser's own select: the best one on a phone and by keyboard. */
export function Select({ className, ...props }: ComponentProps<'select'>) {
  return <select data-slot="select" className={cn(field, 'h-9 pr-2', className)} {...props} />
}

export function Label({
  className,
  htmlFor,
  ...props
}: ComponentProps<'label'> & { htmlFor: string }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the caller gives htmlFor and the text
    <label
      data-slot="label"
      htmlFor={htmlFor}
      className={cn('block text-xs font-medium text-dim', className)}
      {...props}
    />
  )
}
