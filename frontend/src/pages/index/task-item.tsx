import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ChevronDown, RotateCcw, Square } from 'lucide-react'
import { useId, useState } from 'react'
import { cancelTask, retryTask, type Task } from '../../api/tasks.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { StatusBadge } from '../../components/ui/badge.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Progress } from '../../components/ui/progress.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { cn } from '../../lib/cn.ts'
import {
  formatAgo,
  formatCount,
  formatDate,
  formatShare,
  formatTime,
  plural,
} from '../../lib/format.ts'
import { useNow } from '../../lib/use-now.ts'
import { TaskDetails } from './task-details.tsx'
import { TaskStages } from './task-stages.tsx'
import { askedText, failureText, isOver, mayRetry, platformName } from './task-words.ts'

/** Codes in `failures` that are no fault of anyone. */
const HARMLESS = new Set(['same-content', 'same-video', 'known-video', 'cancelled'])

/** One ingestion: what was asked, how far it is, what failed and why. */
export function TaskItem({ task }: { task: Task }) {
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  const over = isOver(task)
  const asked = askedText(task)
  return (
    <li className="px-4 py-3">
      <article aria-labelledby={`${id}-asked`} className="flex flex-col gap-2">
        <div className="flex flex-wrap items-start gap-x-3 gap-y-2">
          <StatusBadge status={task.status} className="mt-0.5" />
          <div className="min-w-0 flex-1 max-sm:order-last max-sm:basis-full">
            <h3 id={`${id}-asked`} className="truncate font-medium" title={asked}>
              {asked}
            </h3>
            <p className="text-xs text-faint">
              <TaskTimes task={task} />
            </p>
          </div>
          <div className="flex gap-1 max-sm:ml-auto">
            <TaskActions task={task} asked={asked} />
            <Button
              size="sm"
              variant="ghost"
              className="-mr-2"
              aria-expanded={isOpen}
              aria-controls={`${id}-details`}
              aria-label={`Details of ${asked}`}
              onClick={() => setIsOpen(!isOpen)}
            >
              <span className="max-sm:sr-only">Details</span>
              <ChevronDown className={cn('transition-transform', isOpen && 'rotate-180')} />
            </Button>
          </div>
        </div>
        {!over && (
          <div className="flex items-center gap-3">
            <Progress
              share={task.status === 'pending' ? null : task.progress}
              label={`Progress of ${asked}`}
            />
            <span className="w-11 text-right text-xs text-dim tabular-nums">
              {formatShare(task.progress)}
            </span>
          </div>
        )}
        {(!over || (isOpen && task.videos_found > 0)) && <TaskStages task={task} />}
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 text-xs">
          <TaskCounts task={task} />
        </div>
        {task.error_message && (
          <p className="rounded-sm border-l-2 border-bad bg-bad-soft px-3 py-1.5 text-sm break-words text-bad">
            {task.error_message}
          </p>
        )}
        <div id={`${id}-details`} hidden={!isOpen}>
          {isOpen && <TaskDetails task={task} />}
        </div>
      </article>
    </li>
  )
}

function TaskTimes({ task }: { task: Task }) {
  const over = isOver(task)
  const now = useNow(over ? 30_000 : 1000)
  const seconds = task.started_at
    ? ((task.finished_at ? Date.parse(task.finished_at) : now) - Date.parse(task.started_at)) / 1000
    : null
  const parts = [
    platformName(task.platform),
    // Who lists the videos one by one wants all of them: then there is no count worth saying.
    task.query && `up to ${formatCount(task.max_videos)}`,
    over && task.finished_at ? formatAgo(task.finished_at, now) : formatAgo(task.created_at, now),
    seconds !== null && (over ? `took ${formatTime(seconds)}` : `for ${formatTime(seconds)}`),
  ].filter(Boolean)
  return (
    <time dateTime={task.created_at} title={`Started ${formatDate(task.created_at)}`}>
      {parts.join(' · ')}
    </time>
  )
}

function TaskCounts({ task }: { task: Task }) {
  const failures = Object.entries(task.failures)
  return (
    <>
      <span className="text-dim tabular-nums">
        {formatCount(task.videos_found)} found · {formatCount(task.videos_processed)} processed
        {task.videos_duplicate > 0 && ` · ${plural(task.videos_duplicate, 'duplicate')}`}
      </span>
      {failures.length > 0 && (
        <ul aria-label="Not processed, by reason" className="flex min-w-0 flex-wrap gap-1.5">
          {failures.map(([code, count]) => (
            <li
              key={code}
              title={failureText(code)}
              className={cn(
                'rounded-sm border px-1.5 py-px',
                HARMLESS.has(code) ? 'border-line text-dim' : 'border-bad/30 text-bad',
              )}
            >
              {code}: {formatCount(count)}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function TaskActions({ task, asked }: { task: Task; asked: string }) {
  const client = useQueryClient()
  const toast = useToast()
  const [isAsking, setIsAsking] = useState(false)
  const refresh = () => client.invalidateQueries({ queryKey: ['tasks'] })
  const retry = useMutation({
    mutationFn: () => retryTask(task.id),
    onSuccess: () => {
      toast(`Started again: ${asked}`)
      return refresh()
    },
    onError: (error) => toast(error.message, 'bad'),
  })
  const cancel = async () => {
    await cancelTask(task.id)
    await refresh()
  }
  return (
    <>
      {!isOver(task) && (
        <Button size="sm" onClick={() => setIsAsking(true)} aria-label={`Cancel ${asked}`}>
          <Square /> Cancel
        </Button>
      )}
      {mayRetry(task) && (
        <Button
          size="sm"
          disabled={retry.isPending}
          onClick={() => retry.mutate()}
          aria-label={`Retry ${asked}`}
        >
          <RotateCcw /> Retry
        </Button>
      )}
      <ConfirmDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title="Cancel this task?"
        description={`${asked}: what is done stays in the library; what is under way stops. A retry goes on from there.`}
        action="Cancel the task"
        onConfirm={cancel}
      />
    </>
  )
}
