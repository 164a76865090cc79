import { Film } from 'lucide-react'
import { Link } from 'react-router'
import { formatTime } from '../lib/format.ts'
import { paths } from '../lib/paths.ts'

/** A video as a small picture with its length and title; leads to its page. */
export function VideoTile({
  id,
  title,
  duration,
  thumbnailUrl,
}: {
  id: string
  title: string
  /** Seconds; null when not known yet. */
  duration: number | null
  /** Null shows a symbol. */
  thumbnailUrl: string | null
}) {
  return (
    <Link to={paths.video(id)} className="group block rounded-md">
      <span className="relative grid aspect-video place-items-center overflow-hidden rounded-md border bg-black">
        {thumbnailUrl ? (
          <img
            src={thumbnailUrl}
            alt=""
            loading="lazy"
            decoding="async"
            className="size-full object-contain"
          />
        ) : (
          <Film className="size-6 text-faint" aria-hidden />
        )}
        <span className="absolute right-1 bottom-1 rounded-sm bg-black/80 px-1 text-xs tabular-nums">
          {formatTime(duration)}
        </span>
      </span>
      <span className="mt-1 block truncate text-xs text-dim group-hover:text-ink">{title}</span>
    </Link>
  )
}
