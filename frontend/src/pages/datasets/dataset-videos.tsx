import { useInfiniteQuery } from '@tanstack/react-query'
import { type Dataset, datasetVideosQuery } from '../../api/datasets.ts'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { VideoTile } from '../../components/video-tile.tsx'
import { plural } from '../../lib/format.ts'

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
              <li key={item.video_id} className="min-w-0">
                <VideoTile
                  id={item.video_id}
                  title={item.title}
                  duration={item.duration}
                  thumbnailUrl={item.thumbnail_url}
                />
              </li>
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
