import { Ban, Film, Hourglass } from 'lucide-react'
import { useState } from 'react'
import type { CardVideo } from '../api/search.ts'
import { cn } from '../lib/cn.ts'

/**
 * A picture of a video in a box of a fixed size, whole, with bars where its shape differs. Without a
 * picture it says why.
 */
export function VideoPicture({
  src,
  status,
  className,
}: {
  src: string | null
  status: CardVideo['status']
  className?: string
}) {
  const [broken, setBroken] = useState<string | null>(null)
  if (src && src !== broken) {
    return (
      <img
        src={src}
        alt=""
        loading="lazy"
        decoding="async"
        draggable={false}
        onError={() => setBroken(src)}
        className={cn('size-full object-contain', className)}
      />
    )
  }
  const Icon = status === 'failed' ? Ban : status === 'completed' ? Film : Hourglass
  return (
    <span className={cn('grid size-full place-items-center text-faint', className)}>
      <Icon className="size-6" aria-hidden />
    </span>
  )
}
