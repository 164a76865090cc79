import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Check, CircleAlert, CircleDashed, LoaderCircle, Minus, RotateCw } from 'lucide-react'
import { reprocess, type SmallVideo } from '../../../api/video.ts'
import { Button } from '../../../components/ui/button.tsx'
import { Progress } from '../../../components/ui/progress.tsx'
import { useToast } from '../../../components/ui/toast.tsx'
import { cn } from '../../../lib/cn.ts'
import { doneShare, isAtWork } from '../state/progress.ts'

/** What is being done with the video, or what went wrong; nothing when it is done. */
export function StatusStrip({ video }: { video: SmallVideo }) {
  if (video.status === 'failed') return <Failed video={video} />
  if (isAtWork(video.status)) return <AtWork video={video} />
  return null
}

const ICONS = {
  pending: CircleDashed,
  running: LoaderCircle,
  done: Check,
  skipped: Minus,
  failed: CircleAlert,
}

function AtWork({ video }: { video: SmallVideo }) {
  const running = video.steps.find((step) => step.state === 'running')
  return (
    <section
      aria-label="Progress"
      className="space-y-2 rounded-lg border border-amber/40 bg-panel px-3 py-2"
    >
      <p role="status" className="text-xs text-dim">
        {video.status === 'pending' && 'Waiting for its turn.'}
        {video.status === 'downloading' && 'The file is on its way.'}
        {(video.status === 'processing' || video.status === 'labeling') &&
          `Working on it${running ? `: ${running.name}` : ''}. Results appear as they come.`}
      </p>
      <Progress
        share={video.status === 'pending' ? null : doneShare(video.steps)}
        label="Steps done"
      />
      <ol className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
        {video.steps.map(({ name, state }) => {
          const Icon = ICONS[state]
          return (
            <li
              key={name}
              className={cn(
                'flex items-center gap-1 text-dim',
                state === 'running' && 'text-amber',
                state === 'done' && 'text-ink',
                state === 'failed' && 'text-bad',
              )}
            >
              <Icon
                aria-hidden
                className={cn(
                  'size-3.5',
                  state === 'running' && 'animate-spin',
                  state === 'done' && 'text-ok',
                )}
              />
              {name}
              <span className="sr-only">: {state}</span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}

function Failed({ video }: { video: SmallVideo }) {
  const client = useQueryClient()
  const toast = useToast()
  const again = useMutation({
    mutationFn: () => reprocess(video.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['video', video.id] }),
    onError: (error) => toast(error.message, 'bad'),
  })
  const { failure } = video
  return (
    <section
      role="alert"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-bad/40 bg-bad-soft px-3 py-2 text-sm"
    >
      <CircleAlert aria-hidden className="size-5 shrink-0 text-bad" />
      <div className="min-w-0 flex-1 basis-64">
        <p className="font-medium">
          {failure ? `It failed at ${failure.step}` : 'It failed'}
          {failure && <code className="ml-2 font-mono text-xs text-bad">{failure.code}</code>}
        </p>
        <p className="break-words text-dim">{failure?.message ?? 'No reason was recorded.'}</p>
        {failure && !failure.retryable && (
          <p className="text-xs text-dim">Trying again will not help unless the file changes.</p>
        )}
      </div>
      <Button size="sm" onClick={() => again.mutate()} disabled={again.isPending}>
        <RotateCw /> Retry
      </Button>
    </section>
  )
}
