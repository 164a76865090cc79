import { useQuery } from '@tanstack/react-query'
import { Hammer, Repeat } from 'lucide-react'
import { activitiesQuery, type SmallVideo } from '../../../api/video.ts'
import { EmptyState, ErrorState } from '../../../components/page-state.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Skeleton } from '../../../components/ui/skeleton.tsx'
import { cn } from '../../../lib/cn.ts'
import { colorOf } from '../../../lib/colors.ts'
import { formatShare, formatTime, humanLabel, plural } from '../../../lib/format.ts'
import { usePlayer, usePlayState } from '../state/player-context.tsx'
import { ActivityEvidence } from './activity-evidence.tsx'
import { StepNote } from './step-note.tsx'

/** What is done when, and by which rule that was found. */
export function ActivitiesPanel({ video }: { video: SmallVideo }) {
  const player = usePlayer()
  const activities = useQuery(activitiesQuery(video.id, video.keyframe_count))
  const all = activities.data ?? []
  const current = usePlayState(({ time }) =>
    all.findLastIndex((each) => time >= each.start_time && time < each.end_time),
  )
  if (activities.error)
    return <ErrorState error={activities.error} onRetry={() => void activities.refetch()} />
  if (activities.isPending) return <Skeleton className="m-3 h-40" />
  const step = video.steps.find(({ name }) => name === 'activity')
  if (all.length === 0)
    return (
      <EmptyState title="No activities" icon={Hammer} className="overflow-y-auto">
        {step && step.state !== 'done' ? (
          <StepNote step={step} video={video} />
        ) : (
          <p>No rule of the taxonomy matched what was seen.</p>
        )}
      </EmptyState>
    )
  return (
    <ol className="min-h-0 flex-1 divide-y divide-line/60 overflow-y-auto text-xs">
      {all.map((activity, index) => (
        <li
          key={`${activity.label} ${activity.start_time}`}
          aria-current={index === current ? 'time' : undefined}
          className={cn(index === current && 'bg-raised')}
        >
          <div className="flex items-center gap-1 pr-1">
            <button
              type="button"
              onClick={() => player.seek(activity.start_time)}
              className="flex min-w-0 flex-1 items-start gap-2 px-3 py-2 text-left hover:bg-raised focus-visible:outline-offset-[-2px]"
            >
              <span
                aria-hidden
                className="mt-1 size-2.5 shrink-0 rounded-xs"
                style={{ background: colorOf(activity.label) }}
              />
              <span className="min-w-0 flex-1">
                <span className="flex justify-between gap-2">
                  <span className="font-medium">{humanLabel(activity.label)}</span>
                  <span className="font-mono whitespace-nowrap text-dim tabular-nums">
                    {formatTime(activity.start_time, 1)} – {formatTime(activity.end_time, 1)}
                  </span>
                </span>
                <span className="flex justify-between gap-2 text-faint">
                  <span className="min-w-0 break-words">{evidenceText(activity.metadata)}</span>
                  <span className="font-mono whitespace-nowrap tabular-nums">
                    {formatShare(activity.confidence)}
                  </span>
                </span>
              </span>
            </button>
            <Button
              size="icon-sm"
              variant="ghost"
              aria-label={`Repeat ${humanLabel(activity.label)} from ${formatTime(activity.start_time)}`}
              onClick={() => {
                player.setLoop({
                  start: activity.start_time,
                  end: activity.end_time,
                  label: humanLabel(activity.label),
                })
                void player.play()
              }}
            >
              <Repeat />
            </Button>
          </div>
          <ActivityEvidence video={video} activity={activity} />
        </li>
      ))}
    </ol>
  )
}

/** What the rule went by, as `automated process: machine 96 % in 3 keyframes (clip)`. */
export function evidenceText(metadata: Record<string, unknown>): string {
  const { rule, evidence } = metadata
  const seen = Array.isArray(evidence) ? evidence.map(sightText).filter(Boolean) : []
  const name = typeof rule === 'string' ? `Rule ${humanLabel(rule)}` : ''
  return [name, seen.join(', ')].filter(Boolean).join(': ')
}

function sightText(sight: unknown): string {
  if (typeof sight !== 'object' || sight === null) return ''
  const { label, source, keyframes, maxConfidence } = sight as Record<string, unknown>
  if (typeof label !== 'string') return ''
  return [
    humanLabel(label),
    typeof maxConfidence === 'number' ? ` ${formatShare(maxConfidence)}` : '',
    typeof keyframes === 'number' ? ` in ${plural(keyframes, 'keyframe')}` : '',
    typeof source === 'string' ? ` (${source})` : '',
  ].join('')
}
