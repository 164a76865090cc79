import { DatabaseZap, ListChecks, Tags, X } from 'lucide-react'
import { useState } from 'react'
import type { CardVideo } from '../../api/search.ts'
import { CreateDatasetDialog, type DatasetSource } from '../../components/create-dataset-dialog.tsx'
import { Button } from '../../components/ui/button.tsx'
import { formatCount } from '../../lib/format.ts'
import { selection, useChosen } from '../../lib/selection.ts'

/** What can be done with the chosen videos; there only while some are. */
export function SelectionBar({ loaded, onTag }: { loaded: CardVideo[]; onTag: () => void }) {
  const chosen = useChosen()
  const [source, setSource] = useState<DatasetSource | null>(null)
  const shown = loaded.filter(({ id }) => chosen.has(id)).length
  const elsewhere = chosen.size - shown
  const openDialog = () => {
    const ids = [...chosen.keys()]
    setSource({ words: [], count: ids.length, filters: async () => ({ video_ids: ids }) })
  }
  return (
    <>
      <p role="status" className="sr-only">
        {chosen.size > 0 && `${formatCount(chosen.size)} chosen`}
      </p>
      {chosen.size > 0 && (
        <section
          aria-label="Chosen videos"
          className="fixed bottom-3 left-1/2 z-30 flex w-max max-w-[calc(100vw-1rem)] -translate-x-1/2 items-center gap-2 rounded-lg border border-amber/50 bg-raised p-2 shadow-2xl"
        >
          <span className="px-1 text-sm whitespace-nowrap">
            <span className="font-semibold text-amber">{formatCount(chosen.size)}</span> chosen
            {elsewhere > 0 && (
              <span className="text-xs text-dim max-sm:hidden">
                , {formatCount(elsewhere)} not in this result
              </span>
            )}
          </span>
          <Button variant="primary" size="sm" className="h-8" onClick={openDialog}>
            <DatabaseZap /> Create dataset
          </Button>
          <Button size="sm" className="h-8" onClick={onTag}>
            <Tags /> Tag
          </Button>
          {shown < loaded.length && (
            <Button
              size="sm"
              className="h-8 max-sm:px-2"
              onClick={() => selection.addAll(loaded)}
              title="All videos that are loaded"
            >
              <ListChecks />{' '}
              <span className="max-sm:sr-only">All {formatCount(loaded.length)} loaded</span>
            </Button>
          )}
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label="Choose none"
            aria-keyshortcuts="Escape"
            onClick={selection.clear}
          >
            <X />
          </Button>
        </section>
      )}
      <CreateDatasetDialog
        source={source}
        onClose={() => setSource(null)}
        onCreated={selection.clear}
      />
    </>
  )
}
