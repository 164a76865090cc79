import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

export const Dialog = Radix.Root
export const DialogTrigger = Radix.Trigger
export const DialogClose = Radix.Close

export interface DialogContentProps extends Omit<ComponentProps<typeof Radix.Content>, 'title'> {
  title: string
  description?: string
  /** `sheet` comes in from the left over the whole height: filters on a phone. */
  form?: 'center' | 'sheet'
}

export function DialogContent({
  title,
  description,
  form = 'center',
  className,
  children,
  ...props
}: DialogContentProps) {
  return (
    <Radix.Portal>
      <Radix.Overlay className="fixed inset-0 z-40 bg-black/70" />
      <Radix.Content
        data-slot="dialog"
        className={cn(
          'fixed z-50 flex flex-col gap-4 overflow-y-auto border border-line bg-panel p-5 shadow-2xl',
          form === 'center' &&
            'top-1/2 left-1/2 max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 rounded-lg',
          form === 'sheet' && 'inset-y-0 left-0 w-[min(20rem,90vw)] border-y-0 border-l-0',
          className,
        )}
        {...(description ? {} : { 'aria-describedby': undefined })}
        {...props}
      >
        <div className="flex items-start justify-between gap-4">
          <div>
            <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
            {description && (
              <Radix.Description className="mt-1 text-sm text-dim">{description}</Radix.Description>
            )}
          </div>
          <Radix.Close
            aria-label="Close"
            className="-m-1 rounded-md p-1 text-dim hover:bg-raised hover:text-ink"
          >
            <X className="size-4" />
          </Radix.Close>
        </div>
        {children}
      </Radix.Content>
    </Radix.Portal>
  )
}
