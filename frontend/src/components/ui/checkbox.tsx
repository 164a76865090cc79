import { Check } from 'lucide-react'
import { Checkbox as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

export function Checkbox({ className, ...props }: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      data-slot="checkbox"
      className={cn(
        'grid size-4 shrink-0 place-items-center rounded-sm border border-edge bg-ground data-[state=checked]:border-amber data-[state=checked]:bg-amber data-[state=checked]:text-amber-ink',
        className,
      )}
      {...props}
    >
      <Radix.Indicator>
        <Check className="size-3.5" strokeWidth={3} />
      </Radix.Indicator>
    </Radix.Root>
  )
}
