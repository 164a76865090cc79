import type { Task } from '../../api/tasks.ts'
import { cn } from '../../lib/cn.ts'
import { formatCount } from '../../lib/format.ts'
import { stagesOf } from './task-words.ts'

/** The steps in order, each filled by the share of videos that have it behind them. */
export function TaskStages({ task }: { task: Task }) {
  return (
    <ol
      aria-label="Progress by step"
      className="grid grid-cols-3 gap-px overflow-hidden rounded-sm border bg-line sm:grid-cols-9"
    >
      {stagesOf(task).map(({ label, gives, done, share, isActive }) => (
        <li
          key={label}
          title={gives}
          className="relative min-w-0 bg-ground px-2 pt-1 pb-1.5 text-xs leading-tight"
        >
          <span className={cn('block truncate', isActive ? 'text-amber' : 'text-dim')}>
            {label}
          </span>
          <span className="tabular-nums">
            {formatCount(done)}
            <span className="sr-only"> videos{isActive ? ', in work' : ''}</span>
          </span>
          <span
            aria-hidden
            className={cn(
              'absolute bottom-0 left-0 h-0.5 transition-[width] duration-500',
              isActive ? 'bg-amber' : 'bg-ok',
            )}
            style={{ width: `${share * 100}%` }}
          />
        </li>
      ))}
    </ol>
  )
}
