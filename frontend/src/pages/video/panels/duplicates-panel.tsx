import { useQuery } from '@tanstack/react-query'
import { Columns2, CopyCheck } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { keyframeSampleQuery, type SmallVideo } from '../../../api/video.ts'
import { EmptyState } from '../../../components/page-state.tsx'
import { Badge } from '../../../components/ui/badge.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Dialog, DialogContent } from '../../../components/ui/dialog.tsx'
import { formatTime } from '../../../lib/format.ts'
import { paths } from '../../../lib/paths.ts'
import { StepNote } from './step-note.tsx'

type Duplicate = SmallVideo['duplicates'][number]

/** Videos that look nearly the same, surest first. */
export function DuplicatesPanel({ video }: { video: SmallVideo }) {
  const [compared, setCompared] = useState<Duplicate | null>(null)
  if (video.duplicates.length === 0) {
    const step = video.steps.find(({ name }) => name === 'dedup')
    return (
      <EmptyState title="No near-duplicates" icon={CopyCheck} className="overflow-y-auto">
        {step && step.state !== 'done' ? (
          <StepNote step={step} video={video} />
        ) : (
          <p>No other video of the library looks nearly the same.</p>
        )}
      </EmptyState>
    )
  }
  const all = video.duplicates.toSorted((a, b) => b.similarity - a.similarity)
  return (
    <>
      <ul className="min-h-0 flex-1 divide-y divide-line/60 overflow-y-auto">
        {all.map((duplicate) => (
          <li key={duplicate.video_id} className="flex items-center gap-3 px-3 py-2">
            <div className="aspect-video w-24 shrink-0 overflow-hidden rounded-sm bg-black">
              {duplicate.thumbnail_url && (
                <img src={duplicate.thumbnail_url} alt="" className="size-full object-contain" />
              )}
            </div>
            <div className="min-w-0 flex-1 text-xs">
              <Link
                to={paths.video(duplicate.video_id)}
                className="block truncate text-[13px] font-medium hover:text-amber hover:underline"
              >
                {duplicate.title}
              </Link>
              <p className="mt-1 flex flex-wrap items-center gap-2 text-dim">
                <span className="font-mono tabular-nums">
                  {percent(duplicate.similarity)} alike
                </span>
                {duplicate.relation === 'earlier' ? (
                  <Badge tone="amber">came earlier: this one is flagged</Badge>
                ) : (
                  <Badge>came later: it is flagged</Badge>
                )}
              </p>
            </div>
            <Button
              size="icon-sm"
              variant="ghost"
              aria-label={`Compare with ${duplicate.title}`}
              title="Compare side by side"
              onClick={() => setCompared(duplicate)}
            >
              <Columns2 />
            </Button>
          </li>
        ))}
      </ul>
      <Dialog open={compared !== null} onOpenChange={() => setCompared(null)}>
        {compared && (
          <DialogContent
            title={`${percent(compared.similarity)} alike`}
            description="Both over their whole length, in eight pictures each."
            className="max-w-3xl"
          >
            <div className="grid grid-cols-2 gap-3 text-xs">
              <Strip id={video.id} title={video.title} />
              <Strip id={compared.video_id} title={compared.title} />
            </div>
          </DialogContent>
        )}
      </Dialog>
    </>
  )
}

/** A tenth of a percent: between 95 and 100 that is what tells them apart. */
const percent = (share: number) => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`

function Strip({ id, title }: { id: string; title: string }) {
  const sample = useQuery(keyframeSampleQuery(id, 8))
  return (
    <section aria-label={title} className="min-w-0 space-y-2">
      <h3 className="truncate font-medium">{title}</h3>
      {sample.data?.items.map((keyframe) => (
        <figure key={keyframe.id}>
          <img
            src={keyframe.url}
            alt={`${title} at ${formatTime(keyframe.timestamp, 1)}`}
            className="aspect-video w-full rounded-sm bg-black object-contain"
          />
          <figcaption className="font-mono text-faint">
            {formatTime(keyframe.timestamp, 1)}
          </figcaption>
        </figure>
      ))}
    </section>
  )
}
