import { useInfiniteQuery } from '@tanstack/react-query'
import { Database, Search } from 'lucide-react'
import { Link } from 'react-router'
import { type Dataset, datasetsQuery } from '../../api/datasets.ts'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card } from '../../components/ui/card.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { formatCount, formatDate, formatHours, plural } from '../../lib/format.ts'
import { usePollInterval } from '../../lib/live-events.tsx'
import { paths } from '../../lib/paths.ts'
import { useTitle } from '../../lib/use-title.ts'
import { ExportButton } from './export-button.tsx'

export function DatasetList() {
  useTitle('Datasets')
  const list = useInfiniteQuery({ ...datasetsQuery(), refetchInterval: usePollInterval() })
  const items = list.data?.pages.flatMap((page) => page.items)
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-lg font-semibold">Datasets</h1>
        {items && items.length > 0 && (
          <Button asChild size="sm">
            <Link to={paths.search()}>
              <Search /> Make one from a search
            </Link>
          </Button>
        )}
      </div>
      <Card aria-label="All datasets">
        {items ? (
          items.length === 0 ? (
            <NoDatasets />
          ) : (
            <DatasetTable items={items} />
          )
        ) : list.isError ? (
          <ErrorState error={list.error} onRetry={() => void list.refetch()} />
        ) : (
          <div className="space-y-3 p-4" role="status" aria-label="Loading the datasets">
            {['a', 'b', 'c'].map((key) => (
              <Skeleton key={key} className="h-12" />
            ))}
          </div>
        )}
        {list.hasNextPage && (
          <div className="border-t p-2 text-center">
            <Button variant="ghost" size="sm" onClick={() => void list.fetchNextPage()}>
              Show older datasets
            </Button>
          </div>
        )}
      </Card>
    </>
  )
}

function NoDatasets() {
  return (
    <EmptyState icon={Database} title="No dataset yet">
      <p>
        A dataset is the result of a search, frozen: the same videos and labels whenever it is
        exported, whatever comes into the library later.
      </p>
      <ol className="list-inside list-decimal space-y-1 text-left">
        <li>Search, and narrow it down by filters.</li>
        <li>Choose videos, or take the whole result.</li>
        <li>“Create dataset”, then export it from here.</li>
      </ol>
      <Button asChild variant="primary" size="sm">
        <Link to={paths.search()}>
          <Search /> Go to search
        </Link>
      </Button>
    </EmptyState>
  )
}

const number = 'px-3 text-right tabular-nums max-sm:hidden'

function DatasetTable({ items }: { items: Dataset[] }) {
  return (
    <table className="w-full table-fixed text-sm">
      <thead>
        <tr className="border-b text-left text-xs text-dim [&_th]:py-2 [&_th]:font-medium">
          <th scope="col" className="px-4">
            Dataset
          </th>
          <th scope="col" className={`${number} w-24`}>
            Videos
          </th>
          <th scope="col" className={`${number} w-24`}>
            Length
          </th>
          <th scope="col" className={`${number} w-20`}>
            Version
          </th>
          <th scope="col" className="w-40 px-3 max-md:hidden">
            Created
          </th>
          <th scope="col" className="w-28 px-4 text-right max-sm:w-30">
            <span className="sr-only">Export</span>
          </th>
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {items.map((item) => (
          <DatasetRow key={item.id} item={item} />
        ))}
      </tbody>
    </table>
  )
}

function DatasetRow({ item }: { item: Dataset }) {
  const hours = formatHours(item.total_seconds / 3600)
  return (
    <tr className="hover:bg-raised/50">
      <td className="px-4 py-2.5">
        <Link
          to={paths.dataset(item.id)}
          className="block truncate font-medium underline-offset-4 hover:underline"
        >
          {item.name}
        </Link>
        <p className="truncate text-xs text-dim" title={item.filters_text}>
          {item.filters_text}
        </p>
        <p className="text-xs text-faint tabular-nums sm:hidden">
          {plural(item.video_count, 'video')} · {hours} · v{item.version}
        </p>
      </td>
      <td className={number}>{formatCount(item.video_count)}</td>
      <td className={number}>{hours}</td>
      <td className={number}>{item.version}</td>
      <td className="px-3 text-dim tabular-nums max-md:hidden">{formatDate(item.created_at)}</td>
      <td className="px-4 text-right">
        <ExportButton dataset={item} size="sm" opensDataset />
      </td>
    </tr>
  )
}
