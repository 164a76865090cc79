import { Slider as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn.ts'

/** One thumb for each value; `thumbLabels` names them for those who do not see them. */
export function Slider({
  className,
  thumbLabels,
  ...props
}: ComponentProps<typeof Radix.Root> & { thumbLabels: string[] }) {
  return (
    <Radix.Root
      data-slot="slider"
      className={cn('relative flex h-5 w-full touch-none items-center select-none', className)}
      {...props}
    >
      <Radix.Track className="relative h-1 grow rounded-full bg-hover">
        <Radix.Range className="absolute h-full rounded-full bg-amber" />
      </Radix.Track>
      {thumbLabels.map((label) => (
        <Radix.Thumb
          key={label}
          aria-label={label}
          className="block size-4 rounded-full border-2 border-amber bg-ground"
        />
      ))}
    </Radix.Root>
  )
}
