import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, FileArchive, Trash2 } from 'lucide-react'
import { useState } from 'react'
import {
  type Dataset,
  type DatasetExport,
  datasetExportsQuery,
  deleteExport,
} from '../../api/datasets.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { StatusBadge } from '../../components/ui/badge.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { Progress } from '../../components/ui/progress.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { formatBytes, formatCount, formatDate } from '../../lib/format.ts'
import { usePollInterval } from '../../lib/live-events.tsx'
import { LoadingHint } from './loading-hint.tsx'

/** The archives of a dataset: progress while they are made, a link when they are there. */
export function ExportsCard({ dataset }: { dataset: Dataset }) {
  const { data, error, refetch } = useQuery({
    ...datasetExportsQuery(dataset.id),
    refetchInterval: usePollInterval(),
  })
  return (
    <Card aria-label="Exports">
      <CardHeader title="Exports" />
      {data ? (
        data.items.length === 0 ? (
          <EmptyState icon={FileArchive} title="Not exported yet" className="py-8">
            <p>“Export” makes a ZIP archive in the background; its progress appears here.</p>
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {data.items.map((item) => (
              <ExportItem key={item.id} item={item} name={dataset.name} />
            ))}
          </ul>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} className="py-8" />
      ) : (
        <div className="p-4" role="status" aria-label="Loading the exports">
          <Skeleton className="h-10" />
        </div>
      )}
      <LoadingHint />
    </Card>
  )
}

function ExportItem({ item, name }: { item: DatasetExport; name: string }) {
  const called = `${item.format.toUpperCase()} of version ${item.version}`
  const isOpen = item.state === 'pending' || item.state === 'running'
  const counts = `${formatCount(item.items_done)} of ${formatCount(item.items_total)} videos`
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 text-sm">
      <StatusBadge status={item.state} className="w-20 justify-center" />
      <div className="min-w-0 flex-1 basis-56 space-y-1">
        <p>
          <span className="font-medium">{called}</span>{' '}
          <span className="text-xs text-faint tabular-nums">
            {isOpen
              ? counts
              : [item.bytes !== null && formatBytes(item.bytes), formatDate(item.created_at)]
                  .filter(Boolean)
                  .join(' · ')}
          </span>
        </p>
        {isOpen && (
          <Progress
            share={item.items_total > 0 ? item.items_done / item.items_total : null}
            label={`Progress of the ${called}`}
          />
        )}
        {item.error_message && <p className="text-xs break-words text-bad">{item.error_message}</p>}
      </div>
      <div className="flex gap-1">
        {item.download_url && (
          <Button asChild size="sm">
            <a href={item.download_url} download aria-label={`Download the ${called} of ${name}`}>
              <Download /> Download
            </a>
          </Button>
        )}
        <DeleteExport item={item} called={called} isOpen={isOpen} />
      </div>
    </li>
  )
}

function DeleteExport({
  item,
  called,
  isOpen,
}: {
  item: DatasetExport
  called: string
  isOpen: boolean
}) {
  const client = useQueryClient()
  const [isAsking, setIsAsking] = useState(false)
  const remove = async () => {
    await deleteExport(item.id)
    await client.invalidateQueries({ queryKey: ['datasets', item.dataset_id, 'exports'] })
  }
  return (
    <>
      <Button
        size="icon-sm"
        variant="ghost"
        aria-label={`Delete the ${called}`}
        onClick={() => setIsAsking(true)}
      >
        <Trash2 />
      </Button>
      <ConfirmDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title={`Delete the ${called}?`}
        description={
          isOpen
            ? 'It is being made; that stops. The dataset stays.'
            : 'Only the archive is deleted. The dataset stays and can be exported again.'
        }
        action="Delete the export"
        onConfirm={remove}
      />
    </>
  )
}
