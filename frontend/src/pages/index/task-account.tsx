import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RotateCcw } from 'lucide-react'
import type { ReactNode } from 'react'
import { retryTask, type Task } from '../../api/tasks.ts'
import { Button } from '../../components/ui/button.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { formatCount } from '../../lib/format.ts'
import { failureText, isOver } from './task-words.ts'

/** What became of everything that a task found, each class of failures to be tried again alone. */
export function TaskAccountTable({ task }: { task: Task }) {
  const { asked, found, accepted, in_work: inWork, replaced, rejected, failed } = task.account
  const client = useQueryClient()
  const toast = useToast()
  const retry = useMutation({
    mutationFn: (code: string) => retryTask(task.id, [code]),
    onSuccess: (_, code) => {
      toast(`Started again: ${failureText(code)}`)
      return client.invalidateQueries({ queryKey: ['tasks'] })
    },
    onError: (error) => toast(error.message, 'bad'),
  })
  return (
    <div>
      <h4 className="mb-1 text-xs font-medium text-dim">Account</h4>
      <dl aria-label="Account" className="flex flex-wrap gap-x-5 gap-y-1 tabular-nums">
        {/* Who lists the videos one by one wants all of them. */}
        {task.query && <Sum name="asked" count={asked} />}
        <Sum name="found" count={found} />
        <Sum name="accepted" count={accepted} />
        {inWork > 0 && <Sum name="in work" count={inWork} />}
        <Sum name="rejected" count={sumOf(rejected)} />
        <Sum name="failed" count={sumOf(failed)} />
        {replaced > 0 && <Sum name="replaced" count={replaced} />}
      </dl>
      <div className="mt-2 grid gap-x-6 gap-y-3 sm:grid-cols-2">
        <Reasons title="Rejected" counts={rejected} />
        <Reasons
          title="Failed"
          counts={failed}
          action={
            isOver(task)
              ? (code) => (
                  <Button
                    size="sm"
                    variant="ghost"
                    disabled={retry.isPending}
                    aria-label={`Retry ${failureText(code)}`}
                    onClick={() => retry.mutate(code)}
                  >
                    <RotateCcw /> Retry
                  </Button>
                )
              : undefined
          }
        />
      </div>
    </div>
  )
}

/** How it was done: sources that failed, what stood in for them, caps that were reached. */
export function TaskNotes({ notes }: Pick<Task, 'notes'>) {
  if (notes.length === 0) return null
  return (
    <div>
      <h4 className="mb-1 text-xs font-medium text-dim">Notes</h4>
      <ul className="space-y-1">
        {notes.map(({ code, message, count }) => (
          <li key={`${code} ${message}`} className="break-words">
            {message}{' '}
            {count > 1 && <span className="text-faint">({formatCount(count)} times)</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Sum({ name, count }: { name: string; count: number }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-dim">{name}</dt>
      <dd className="font-medium">{formatCount(count)}</dd>
    </div>
  )
}

function Reasons({
  title,
  counts,
  action,
}: {
  title: string
  counts: Record<string, number>
  action?: ((code: string) => ReactNode) | undefined
}) {
  const reasons = Object.entries(counts).sort((a, b) => b[1] - a[1])
  if (reasons.length === 0) return null
  return (
    <div>
      <h5 className="text-xs text-dim">{title}</h5>
      <ul aria-label={title}>
        {reasons.map(([code, count]) => (
          <li key={code} className="flex items-center gap-2">
            <span className="w-8 shrink-0 text-right tabular-nums">{formatCount(count)}</span>
            <span title={code}>{failureText(code)}</span>
            {action && <span className="ml-auto">{action(code)}</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}

function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
