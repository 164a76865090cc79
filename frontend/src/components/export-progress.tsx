import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, PackageCheck, RefreshCw } from 'lucide-react'
import { datasetExportsQuery, startExport } from '../api/datasets.ts'
import { formatBytes, formatCount } from '../lib/format.ts'
import { Button } from './ui/button.tsx'
import { Progress } from './ui/progress.tsx'

/** How often a running export is asked for, in case its events do not come. */
const POLL_MS = 1_000

/** Starts the export of a dataset, shows how far it is, and then hands over the archive. */
export function ExportProgress({ datasetId }: { datasetId: string }) {
  const client = useQueryClient()
  const options = datasetExportsQuery(datasetId)
  const exports = useQuery({
    ...options,
    refetchInterval: ({ state }) => {
      const newest = state.data?.items[0]?.state
      return newest === 'pending' || newest === 'running' ? POLL_MS : false
    },
  })
  const start = useMutation({
    mutationFn: () => startExport(datasetId),
    onSuccess: () => client.invalidateQueries({ queryKey: ['datasets', datasetId] }),
  })
  const newest = exports.data?.items[0] ?? start.data
  const again = (
    <Button variant="primary" onClick={() => start.mutate()} disabled={start.isPending}>
      {newest ? <RefreshCw /> : <PackageCheck />}
      {newest ? 'Export again' : 'Export as ZIP'}
    </Button>
  )
  if (start.isError && newest?.state !== 'done') {
    return (
      <div className="space-y-3">
        <p role="alert" className="text-sm text-bad">
          The export did not start: {start.error.message}
        </p>
        {again}
      </div>
    )
  }
  if (!newest) return again
  if (newest.state === 'failed') {
    return (
      <div className="space-y-3">
        <p role="alert" className="text-sm text-bad">
          The export failed: {newest.error_message ?? 'no reason was given.'}
        </p>
        {again}
      </div>
    )
  }
  if (newest.state === 'done' && newest.download_url) {
    return (
      <Button asChild variant="primary">
        <a href={newest.download_url} download>
          <Download /> Download the ZIP
          {newest.bytes !== null && ` (${formatBytes(newest.bytes)})`}
        </a>
      </Button>
    )
  }
  const { items_done: done, items_total: total } = newest
  return (
    <div className="space-y-2" role="status">
      <Progress share={total > 0 ? done / total : null} label="Export" />
      <p className="text-sm text-dim">
        {newest.state === 'pending'
          ? 'The export waits for its turn.'
          : `${formatCount(done)} of ${formatCount(total)} videos written.`}{' '}
        It goes on when this is closed; the datasets page has the download.
      </p>
    </div>
  )
}
