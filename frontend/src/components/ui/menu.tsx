import { DropdownMenu as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

export const Menu = Radix.Root
export const MenuTrigger = Radix.Trigger

export function MenuContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content
        data-slot="menu"
        sideOffset={4}
        align="end"
        className={cn(
          'z-50 min-w-44 rounded-md border border-line bg-raised p-1 shadow-xl',
          className,
        )}
        {...props}
      />
    </Radix.Portal>
  )
}

export function MenuItem({ className, ...props }: ComponentProps<typeof Radix.Item>) {
  return (
    <Radix.Item
      data-slot="menu-item"
      className={cn(
        'flex items-center gap-2 rounded-sm px-2 py-1.5 text-sm outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover [&_svg]:size-4',
        className,
      )}
      {...props}
    />
  )
}
