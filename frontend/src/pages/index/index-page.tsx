import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Upload } from 'lucide-react'
import { useState } from 'react'
import { healthQuery, statsQuery } from '../../api/stats.ts'
import { tasksQuery } from '../../api/tasks.ts'
import { ErrorState } from '../../components/page-state.tsx'
import { QuickSearch } from '../../components/quick-search.tsx'
import { cn } from '../../lib/cn.ts'
import { POLL_MS, usePollInterval } from '../../lib/live-events.tsx'
import { useTitle } from '../../lib/use-title.ts'
import { BreakdownCard } from './breakdown-card.tsx'
import { FirstRun } from './first-run.tsx'
import { IngestCard, type Way } from './ingest-card.tsx'
import { LatestVideos } from './latest-videos.tsx'
import { ModelsNotice } from './models-notice.tsx'
import { StatCards } from './stat-cards.tsx'
import { isOver } from './task-words.ts'
import { TasksCard } from './tasks-card.tsx'
import { uploads } from './upload-store.ts'
import { useFileDrop } from './use-file-drop.ts'

/** What the library holds, what is going on, and the way to bring more in. */
export function IndexPage() {
  const poll = usePollInterval()
  const stats = useQuery({ ...statsQuery(), refetchInterval: poll })
  const tasks = useInfiniteQuery({ ...tasksQuery(), refetchInterval: poll })
  const health = useQuery({ ...healthQuery(), refetchInterval: poll === false ? 60_000 : POLL_MS })
  const [way, setWay] = useState<Way>('words')
  const isDropping = useFileDrop((files, refused) => {
    uploads.add(files, refused)
    setWay('upload')
  })
  const list = tasks.data?.pages.flatMap((page) => page.items)
  const running = list?.filter((task) => !isOver(task)).length ?? 0
  useTitle(running > 0 ? `(${running}) Overview` : 'Overview')
  const isEmpty = stats.data?.videos === 0 && list?.length === 0
  const begin = (chosen: Way) => {
    setWay(chosen)
    // The tab's panel is shown by the next frame.
    requestAnimationFrame(() => {
      document.querySelector<HTMLElement>(`[data-way="${chosen}"]`)?.focus()
    })
  }
  return (
    <div className="mx-auto max-w-7xl space-y-4 p-3 sm:p-4">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h1 className="text-lg font-semibold">Overview</h1>
        {!isEmpty && <QuickSearch large />}
      </div>
      {stats.isError && !stats.data ? (
        <ErrorState error={stats.error} onRetry={() => void stats.refetch()} />
      ) : isEmpty ? (
        <FirstRun onBegin={begin} isServer={stats.data?.library.form === 'server'} />
      ) : (
        <StatCards stats={stats.data} />
      )}
      <ModelsNotice health={health.data} />
      <div
        className={cn('grid items-start gap-4', !isEmpty && 'lg:grid-cols-[minmax(0,1fr)_20rem]')}
      >
        <div className="min-w-0 space-y-4">
          <IngestCard way={way} onWay={setWay} />
          {!isEmpty && (
            <TasksCard
              tasks={list}
              error={tasks.error}
              onRetry={() => void tasks.refetch()}
              onMore={tasks.hasNextPage ? () => void tasks.fetchNextPage() : undefined}
            />
          )}
        </div>
        {!isEmpty && (
          <div className="min-w-0 space-y-4">
            <BreakdownCard stats={stats.data} />
            <LatestVideos isGrowing={running > 0} />
          </div>
        )}
      </div>
      {isDropping && (
        <div className="pointer-events-none fixed inset-0 z-50 grid place-items-center bg-black/70 p-6">
          <p className="flex items-center gap-3 rounded-lg border-2 border-dashed border-amber bg-panel px-8 py-6 text-lg font-medium">
            <Upload className="size-6 text-amber" aria-hidden /> Drop videos to upload them
          </p>
        </div>
      )}
    </div>
  )
}
