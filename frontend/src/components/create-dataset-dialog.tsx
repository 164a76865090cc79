import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import { Link } from 'react-router'
import { createDataset, type Dataset } from '../api/datasets.ts'
import { formatCount, plural } from '../lib/format.ts'
import { paths } from '../lib/paths.ts'
import { ExportProgress } from './export-progress.tsx'
import { Button } from './ui/button.tsx'
import { Dialog, DialogContent } from './ui/dialog.tsx'
import { Input, Label, Textarea } from './ui/input.tsx'
import { Progress } from './ui/progress.tsx'

/** Most videos that a dataset may name one by one. */
const MAX_CHOSEN = 10_000

/** What a dataset is made of. */
export interface DatasetSource {
  /** In words, for the one who makes it. */
  words: string[]
  /** Videos that it would have, as far as known. */
  count: number | undefined
  /**
   * For a ranking, which has no natural end: how many of its best to offer. Then `filters` is asked
   * for that many.
   */
  best?: number
  /**
   * The filters to store.
   *
   * @param best how many of a ranking's first to take
   * @param onProgress videos gathered so far
   */
  filters: (
    best: number,
    onProgress: (gathered: number) => void,
    signal: AbortSignal,
  ) => Promise<Record<string, unknown>>
}

/** Asks for a name, freezes the videos as a dataset, and offers its export right there. */
export function CreateDatasetDialog({
  source,
  onClose,
  onCreated,
}: {
  /** Null while the dialog is closed. */
  source: DatasetSource | null
  onClose: () => void
  onCreated?: (dataset: Dataset) => void
}) {
  return (
    <Dialog open={source !== null} onOpenChange={(open) => !open && onClose()}>
      {source && <Content source={source} onClose={onClose} onCreated={onCreated} />}
    </Dialog>
  )
}

function Content({
  source,
  onClose,
  onCreated,
}: {
  source: DatasetSource
  onClose: () => void
  onCreated: ((dataset: Dataset) => void) | undefined
}) {
  const client = useQueryClient()
  const id = useId()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [best, setBest] = useState(String(source.best ?? 0))
  const [gathered, setGathered] = useState(0)
  const stop = useRef<AbortController | null>(null)
  // Escape and the X take the dialog away without a word to this content.
  useEffect(() => () => stop.current?.abort(), [])
  const create = useMutation({
    mutationFn: async () => {
      setGathered(0)
      stop.current = new AbortController()
      const { signal } = stop.current
      const filters = await source.filters(Number(best), setGathered, signal)
      signal.throwIfAborted()
      return createDataset(
        { name: name.trim(), description: description.trim() || null, filters },
        signal,
      )
    },
    onSuccess: (dataset) => {
      void client.invalidateQueries({ queryKey: ['datasets'] })
      onCreated?.(dataset)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  if (create.data) return <Created dataset={create.data} onClose={onClose} />

  const ranked = source.best !== undefined
  const wanted = Math.round(Number(best))
  const most = Math.min(MAX_CHOSEN, source.count ?? MAX_CHOSEN)
  const isWrong = ranked && !(wanted >= 1 && wanted <= most)
  return (
    <DialogContent
      title="Create a dataset"
      description="It freezes these videos with their labels as version 1."
      onInteractOutside={(event) => create.isPending && event.preventDefault()}
    >
      <form className="space-y-4" onSubmit={submit}>
        <div className="rounded-md border border-line bg-ground px-3 py-2 text-sm">
          <p className="font-medium">
            {source.count === undefined
              ? 'These videos'
              : ranked
                ? `The best of ${plural(source.count, 'ranked video')}`
                : plural(source.count, 'video')}
          </p>
          {source.words.length > 0 && <p className="mt-0.5 text-dim">{source.words.join(' · ')}</p>}
          <p className="mt-0.5 text-xs text-faint">Only completed videos go into a dataset.</p>
        </div>
        {ranked && (
          <div className="space-y-1.5">
            <Label htmlFor={`${id}-best`}>How many of the best</Label>
            <Input
              id={`${id}-best`}
              type="number"
              inputMode="numeric"
              min={1}
              max={most}
              step={1}
              required
              value={best}
              onChange={(event) => setBest(event.target.value)}
              aria-invalid={isWrong}
              aria-describedby={`${id}-best-why`}
            />
            <p id={`${id}-best-why`} className="text-xs text-dim">
              A ranking has no natural end: every video answers a little. Take as many as still look
              right, 1 to {formatCount(most)}.
            </p>
          </div>
        )}
        <div className="space-y-1.5">
          <Label htmlFor={`${id}-name`}>Name</Label>
          <Input
            id={`${id}-name`}
            required
            maxLength={200}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="space-y-1.5">
          <Label htmlFor={`${id}-description`}>Description (optional)</Label>
          <Textarea
            id={`${id}-description`}
            rows={2}
            maxLength={10_000}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </div>
        {create.isPending && ranked && (
          <div className="space-y-1" role="status">
            <Progress share={wanted > 0 ? gathered / wanted : null} label="Videos gathered" />
            <p className="text-xs text-dim">
              {formatCount(gathered)} of {formatCount(wanted)} gathered
            </p>
          </div>
        )}
        {create.isError && (
          <p role="alert" className="text-sm text-bad">
            {create.error.message}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant="primary"
            disabled={create.isPending || name.trim() === '' || isWrong || source.count === 0}
          >
            {create.isPending ? 'Creating…' : 'Create dataset'}
          </Button>
        </div>
      </form>
    </DialogContent>
  )
}

function Created({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  return (
    <DialogContent
      title={`“${dataset.name}” is made`}
      description={
        Object.keys(dataset.filters).join() === 'video_ids'
          ? plural(dataset.video_count, 'video')
          : `${plural(dataset.video_count, 'video')} · ${dataset.filters_text}`
      }
    >
      <ExportProgress datasetId={dataset.id} />
      <div className="flex justify-end gap-2 border-t pt-4">
        <Button asChild>
          <Link to={paths.dataset(dataset.id)}>Open the dataset</Link>
        </Button>
        <Button onClick={onClose}>Done</Button>
      </div>
    </DialogContent>
  )
}
