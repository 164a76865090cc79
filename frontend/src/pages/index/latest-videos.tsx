import { useQuery } from '@tanstack/react-query'
import { Film } from 'lucide-react'
import { Link } from 'react-router'
import { latestVideosQuery } from '../../api/stats.ts'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { formatTime } from '../../lib/format.ts'
import { paths } from '../../lib/paths.ts'

const SHOWN = 6
const GROWING_MS = 5_000

/** What came in last, so that a running task can be judged by its videos. Nothing while there are none. */
export function LatestVideos({ isGrowing }: { isGrowing: boolean }) {
  const { data } = useQuery({
    ...latestVideosQuery(SHOWN),
    // A video's end is told of too often to ask each time.
    refetchInterval: isGrowing ? GROWING_MS : false,
  })
  if (!data || data.items.length === 0) return null
  return (
    <Card aria-label="Latest videos">
      <CardHeader title="Latest videos">
        <Link to={paths.search()} className="text-xs text-dim underline-offset-4 hover:underline">
          All videos
        </Link>
      </CardHeader>
      <ul className="grid grid-cols-2 gap-3 p-3 sm:grid-cols-3 lg:grid-cols-2">
        {data.items.map((video) => (
          <li key={video.id} className="min-w-0">
            <Link to={paths.video(video.id)} className="group block rounded-md">
              <span className="relative grid aspect-video place-items-center overflow-hidden rounded-md border bg-black">
                {video.thumbnail_url ? (
                  <img
                    src={video.thumbnail_url}
                    alt=""
                    loading="lazy"
                    decoding="async"
                    className="size-full object-contain"
                  />
                ) : (
                  <Film className="size-6 text-faint" aria-hidden />
                )}
                <span className="absolute right-1 bottom-1 rounded-sm bg-black/80 px-1 text-xs tabular-nums">
                  {formatTime(video.duration)}
                </span>
              </span>
              <span className="mt-1 block truncate text-xs text-dim group-hover:text-ink">
                {video.title}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}
