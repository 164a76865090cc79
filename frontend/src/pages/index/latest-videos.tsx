import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { latestVideosQuery } from '../../api/stats.ts'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { VideoTile } from '../../components/video-tile.tsx'
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
            <VideoTile
              id={video.id}
              title={video.title}
              duration={video.duration}
              thumbnailUrl={video.thumbnail_url}
            />
          </li>
        ))}
      </ul>
    </Card>
  )
}
