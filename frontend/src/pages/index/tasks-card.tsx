import { Bell, BellOff, BellRing, ListTodo } from 'lucide-react'
import type { Task } from '../../api/tasks.ts'
import { EmptyState, ErrorState } from '../../components/page-state.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { TaskItem } from './task-item.tsx'
import { useTaskNotices } from './use-task-notices.ts'

interface TasksCardProps {
  /** Undefined while they are on their way. */
  tasks: Task[] | undefined
  error: unknown
  onRetry: () => void
  /** Undefined when these are all. */
  onMore: (() => void) | undefined
}

/** Ingestions, latest first. */
export function TasksCard({ tasks, error, onRetry, onMore }: TasksCardProps) {
  const notices = useTaskNotices(tasks)
  return (
    <Card aria-label="Recent tasks">
      <CardHeader title="Recent tasks">
        {tasks && tasks.length > 0 && <NoticeButton {...notices} />}
      </CardHeader>
      {tasks ? (
        tasks.length === 0 ? (
          <EmptyState icon={ListTodo} title="No task yet" className="py-8">
            <p>What you ingest appears here, with its progress step by step.</p>
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {tasks.map((task) => (
              <TaskItem key={task.id} task={task} />
            ))}
          </ul>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={onRetry} />
      ) : (
        <div className="space-y-3 p-4" role="status" aria-label="Loading the tasks">
          <Skeleton className="h-16" />
          <Skeleton className="h-16" />
        </div>
      )}
      {onMore && (
        <div className="border-t p-2 text-center">
          <Button variant="ghost" size="sm" onClick={onMore}>
            Show older tasks
          </Button>
        </div>
      )}
    </Card>
  )
}

function NoticeButton({ state, toggle }: ReturnType<typeof useTaskNotices>) {
  if (state === 'impossible') return null
  if (state === 'refused') {
    return (
      <p role="status" className="flex items-center gap-1.5 text-xs text-dim">
        <BellOff className="size-3.5" aria-hidden /> This browser blocks notifications of this page
      </p>
    )
  }
  const Icon = state === 'on' ? BellRing : Bell
  return (
    <Button
      size="sm"
      variant="ghost"
      aria-pressed={state === 'on'}
      onClick={toggle}
      className={state === 'on' ? 'text-amber' : ''}
    >
      <Icon />
      {state === 'on' ? 'Will notify you' : 'Notify me when done'}
    </Button>
  )
}
