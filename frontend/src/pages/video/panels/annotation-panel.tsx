import { useQuery } from '@tanstack/react-query'
import { Braces, Download } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { ApiError } from '../../../api/client.ts'
import { annotationOutlineQuery, type SmallVideo } from '../../../api/video.ts'
import { EmptyState, ErrorState } from '../../../components/page-state.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Skeleton } from '../../../components/ui/skeleton.tsx'
import { AnnotationPart } from './annotation-part.tsx'
import { StepNote } from './step-note.tsx'

/** The annotation as it is stored, part by part; a part is read when it is opened. */
export function AnnotationPanel({ video }: { video: SmallVideo }) {
  const outline = useQuery(annotationOutlineQuery(video.id))
  const [typed, setTyped] = useState('')
  const q = useDeferredValue(typed.trim().toLowerCase())
  if (outline.error instanceof ApiError && outline.error.code === 'no-annotation') {
    const step = video.steps.find(({ name }) => name === 'annotation')
    return (
      <EmptyState title="No annotation" icon={Braces} className="overflow-y-auto">
        {step && step.state !== 'done' ? (
          <StepNote step={step} video={video} />
        ) : (
          <p>It is written when all steps are over.</p>
        )}
      </EmptyState>
    )
  }
  if (outline.error)
    return <ErrorState error={outline.error} onRetry={() => void outline.refetch()} />
  if (!outline.data) return <Skeleton className="m-3 h-40" />
  return (
    <>
      <div className="flex shrink-0 items-center gap-2 border-b px-3 py-1.5 text-xs">
        <input
          type="search"
          aria-label="Search keys and values"
          placeholder="Search keys and values"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="h-7 min-w-0 flex-1 rounded-md border border-edge bg-ground px-2 placeholder:text-faint"
        />
        <Button size="sm" asChild>
          <a href={`/api/videos/${video.id}/annotation`} download={`${video.id}.json`}>
            <Download /> Whole file
          </a>
        </Button>
      </div>
      <ul className="min-h-0 flex-1 overflow-auto p-2 font-mono text-xs">
        {outline.data.parts.map((part) => (
          <AnnotationPart key={part.name} id={video.id} part={part} q={q.length > 1 ? q : ''} />
        ))}
      </ul>
      {q.length > 1 && (
        <p className="shrink-0 border-t px-3 py-1 text-xs text-faint">
          Searched in what is loaded; open more of a part to search on.
        </p>
      )}
    </>
  )
}
