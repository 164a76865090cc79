import { useQuery } from '@tanstack/react-query'
import { FileQuestion } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { ApiError } from '../../api/client.ts'
import { videoQuery } from '../../api/video.ts'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { usePollInterval } from '../../lib/live-events.tsx'
import { paths } from '../../lib/paths.ts'
import { useTitle } from '../../lib/use-title.ts'
import { isAtWork } from './state/progress.ts'
import { Workbench } from './workbench.tsx'

/** One video and everything that was found in it. */
export function VideoPage() {
  const { id = '' } = useParams()
  const poll = usePollInterval()
  const video = useQuery({
    ...videoQuery(id),
    refetchInterval: ({ state }) =>
      state.error || (state.data && isAtWork(state.data.status)) ? poll : false,
  })
  useTitle(video.data?.title ?? 'Video')
  if (video.data) return <Workbench key={id} video={video.data} />
  if (video.error instanceof ApiError && (video.error.status === 404 || video.error.status === 400))
    return (
      <>
        <h1 className="sr-only">Video not found</h1>
        <EmptyState title="There is no such video" icon={FileQuestion}>
          <p>It was deleted, or the address is not complete.</p>
          <Button asChild>
            <Link to={paths.search()}>To all videos</Link>
          </Button>
        </EmptyState>
      </>
    )
  if (video.error)
    return (
      <>
        <h1 className="sr-only">Video</h1>
        <ErrorState error={video.error} onRetry={() => void video.refetch()} />
      </>
    )
  return <Loading />
}

function Loading() {
  return (
    <div
      role="status"
      aria-label="Loading the video"
      className="mx-auto max-w-[110rem] space-y-3 p-3"
    >
      <h1 className="sr-only">Video</h1>
      <Skeleton className="h-7 w-80 max-w-full" />
      <div className="grid gap-3 lg:grid-cols-[minmax(0,1fr)_27rem]">
        <Skeleton className="aspect-video max-h-[60dvh] w-full" />
        <Skeleton className="h-72 lg:h-auto" />
      </div>
      <Skeleton className="h-56" />
    </div>
  )
}
