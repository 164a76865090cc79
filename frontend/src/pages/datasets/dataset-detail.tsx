import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ChevronRight, Search, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { ApiError } from '../../api/client.ts'
import { type Dataset, datasetQuery, deleteDataset } from '../../api/datasets.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card } from '../../components/ui/card.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { formatCount, formatDate, formatHours } from '../../lib/format.ts'
import { paths } from '../../lib/paths.ts'
import { useTitle } from '../../lib/use-title.ts'
import { DatasetVideos } from './dataset-videos.tsx'
import { ExportButton } from './export-button.tsx'
import { ExportsCard } from './exports-card.tsx'
import { searchLink } from './filters-link.ts'

export function DatasetDetail({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(datasetQuery(id))
  useTitle(data ? data.name : 'Dataset')
  if (!data && error) return <NoDataset error={error} onRetry={() => void refetch()} />
  return (
    <>
      <nav aria-label="Where you are" className="flex items-center gap-1 text-sm text-dim">
        <Link to={paths.datasets} className="underline-offset-4 hover:underline">
          Datasets
        </Link>
        <ChevronRight className="size-4" aria-hidden />
        <span className="truncate">{data?.name ?? '…'}</span>
      </nav>
      {data ? (
        <>
          <DatasetHeading dataset={data} />
          <ExportsCard dataset={data} />
          <DatasetVideos dataset={data} />
        </>
      ) : (
        <div className="space-y-4" role="status" aria-label="Loading the dataset">
          <Skeleton className="h-8 w-64" />
          <Skeleton className="h-32" />
          <Skeleton className="h-64" />
        </div>
      )}
    </>
  )
}

function NoDataset({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const isGone = error instanceof ApiError && error.status === 404
  return (
    <>
      <h1 className="text-lg font-semibold">Dataset</h1>
      <Card>
        {isGone ? (
          <EmptyState title="There is no such dataset">
            <p>It may have been deleted.</p>
            <Button asChild size="sm">
              <Link to={paths.datasets}>To all datasets</Link>
            </Button>
          </EmptyState>
        ) : (
          <ErrorState error={error} onRetry={onRetry} />
        )}
      </Card>
    </>
  )
}

function DatasetHeading({ dataset }: { dataset: Dataset }) {
  const link = searchLink(dataset.filters)
  const facts = [
    ['Videos', formatCount(dataset.video_count)],
    ...(dataset.removed_count > 0 ? [['Withdrawn', formatCount(dataset.removed_count)]] : []),
    ['Length', formatHours(dataset.total_seconds / 3600)],
    ['Version', String(dataset.version)],
    ['Frozen', formatDate(dataset.created_at)],
  ]
  return (
    <Card className="space-y-3 p-4" aria-label="About this dataset">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0 flex-1 basis-64">
          <h1 className="text-lg font-semibold break-words">{dataset.name}</h1>
          {dataset.description && (
            <p className="mt-0.5 max-w-prose text-sm break-words whitespace-pre-line text-dim">
              {dataset.description}
            </p>
          )}
        </div>
        <div className="flex gap-2">
          <DeleteDataset dataset={dataset} />
          <ExportButton dataset={dataset} variant="primary" />
        </div>
      </div>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-2 sm:flex sm:flex-wrap sm:gap-x-10">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt className="text-xs text-dim">{name}</dt>
            <dd className="font-medium tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-t pt-3 text-sm">
        <span className="text-xs text-dim">Chosen</span>
        <span className="min-w-0 break-words">{dataset.filters_text}</span>
        {link && (
          <Button asChild size="sm" variant="ghost" className="ml-auto max-sm:-ml-2.5">
            <Link to={link}>
              <Search /> Open in search
            </Link>
          </Button>
        )}
      </div>
    </Card>
  )
}

function DeleteDataset({ dataset }: { dataset: Dataset }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const [isAsking, setIsAsking] = useState(false)
  const remove = async () => {
    await deleteDataset(dataset.id)
    toast(`Deleted ${dataset.name}`)
    await navigate(paths.datasets)
    client.removeQueries({ queryKey: ['datasets', dataset.id] })
    void client.invalidateQueries({ queryKey: ['datasets', 'list'] })
  }
  return (
    <>
      <Button onClick={() => setIsAsking(true)} aria-label={`Delete ${dataset.name}`}>
        <Trash2 /> Delete
      </Button>
      <ConfirmDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title={`Delete ${dataset.name}?`}
        description="Its frozen list and its exports are deleted for good. The videos and their labels stay in the library."
        action="Delete the dataset"
        onConfirm={remove}
      />
    </>
  )
}
