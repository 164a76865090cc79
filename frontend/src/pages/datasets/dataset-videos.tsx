import { useInfiniteQuery } from '@tanstack/react-query'
import { Film } from 'lucide-react'
import { Link } from 'react-router'
import { type Dataset, type DatasetVideo, datasetVideosQuery } from '../../api/datasets.ts'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { formatTime, plural } from '../../lib/format.ts'
import { paths } from '../../lib/paths.ts'

const grid = 'grid grid-cols-2 gap-3 p-4 sm:grid-cols-4 lg:grid-cols-6'
const PAGE = 24

/** The videos of the latest version. */
export function DatasetVideos({ dataset }: { dataset: Dataset }) {
  const list = useInfiniteQuery(datasetVideosQuery(dataset.id, PAGE))
  const items = list.data?.pages.flatMap((page) => page.items)
  return (
    <Card aria-label="Videos">
      <CardHeader title="Videos">
        <span className="text-xs text-dim">{plural(dataset.video_count, 'video')}</span>
      </CardHeader>
      {items ? (
        items.length === 0 ? (
          <EmptyState title="No video matched when it was frozen" className="py-8" />
        ) : (
          <ul className={grid}>
            {items.map((item) => (
              <VideoItem key={item.video_id} item={item} />
            ))}
          </ul>
        )
      ) : list.isError ? (
        <ErrorState error={list.error} onRetry={() => void list.refetch()} className="py-8" />
      ) : (
        <div className={grid} role="status" aria-label="Loading the videos">
          {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
            <Skeleton key={key} className="aspect-video" />
          ))}
        </div>
      )}
      {list.hasNextPage && (
        <div className="border-t p-2 text-center">
          <Button
            variant="ghost"
            size="sm"
            disabled={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
    </Card>
  )
}

function VideoItem({ item }: { item: DatasetVideo }) {
  return (
    <li className="min-w-0">
      <Link to={paths.video(item.video_id)} className="group block rounded-md">
        <span className="relative grid aspect-video place-items-center overflow-hidden rounded-md border bg-black">
          {item.thumbnail_url ? (
            <img
              src={item.thumbnail_url}
              alt=""
              loading="lazy"
              decoding="async"
              className="size-full object-contain"
            />
          ) : (
            <Film className="size-6 text-faint" aria-hidden />
          )}
          <span className="absolute right-1 bottom-1 rounded-sm bg-black/80 px-1 text-xs tabular-nums">
            {formatTime(item.duration)}
          </span>
        </span>
        <span className="mt-1 block truncate text-xs text-dim group-hover:text-ink">
          {item.title}
        </span>
      </Link>
    </li>
  )
}
