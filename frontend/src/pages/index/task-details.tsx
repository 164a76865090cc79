import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { type Candidate, candidatesQuery, type Task } from '../../api/tasks.ts'
import { ErrorState } from '../../components/page-state.tsx'
import { Segmented } from '../../components/segmented.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Skeleton } from '../../components/ui/skeleton.tsx'
import { cn } from '../../lib/cn.ts'
import { plural } from '../../lib/format.ts'
import { usePollInterval } from '../../lib/live-events.tsx'
import { paths } from '../../lib/paths.ts'
import { TaskAccountTable, TaskNotes } from './task-account.tsx'
import { failureText, isOver } from './task-words.ts'

const STATES = [
  { value: 'rejected', label: 'Not taken' },
  { value: 'accepted', label: 'Taken' },
] as const
type State = (typeof STATES)[number]['value']
/** An address takes so many ids and stays within what servers and proxies accept. */
const MAX_IDS_IN_ADDRESS = 100

/** The account of a task, and each candidate with the reason it was or was not taken. */
export function TaskDetails({ task }: { task: Task }) {
  return (
    <div className="space-y-4 rounded-md border bg-ground p-3 text-sm">
      <TaskAccountTable task={task} />
      <TaskNotes notes={task.notes} />
      {task.videos_found > 0 && <Candidates task={task} />}
      <p className="text-xs break-all text-faint">
        Taxonomy {task.taxonomy}
        {task.variants.length > 0 && ` · also searched: ${task.variants.join(', ')}`}
        {task.min_relevance !== null && ` · relevance at least ${task.min_relevance}`} · task{' '}
        <code className="font-mono">{task.id}</code>
        {task.error_code && (
          <>
            {' '}
            · <code className="font-mono">{task.error_code}</code>
          </>
        )}
      </p>
    </div>
  )
}

function Candidates({ task }: { task: Task }) {
  const [state, setState] = useState<State>(
    // Where all were taken, only the other list has something to say.
    task.videos_processed + task.videos_failed >= task.videos_found ? 'accepted' : 'rejected',
  )
  const poll = usePollInterval()
  const list = useInfiniteQuery({
    ...candidatesQuery(task.id, state),
    refetchInterval: isOver(task) ? false : poll,
  })
  const items = list.data?.pages.flatMap((page) => page.items)
  const ids = state === 'accepted' ? videoIdsOf(items ?? []) : []
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h4 className="text-xs font-medium text-dim">What was found</h4>
        <Segmented
          name={`candidates-${task.id}`}
          legend="Which candidates"
          value={state}
          choices={STATES}
          onChange={setState}
        />
      </div>
      {list.isPending && <Skeleton className="h-16" />}
      {list.isError && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {items?.length === 0 && (
        <p className="text-dim">
          {state === 'rejected' ? 'Everything that was found was taken.' : 'Nothing was taken.'}
        </p>
      )}
      {items && items.length > 0 && (
        <ul
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must scroll by keyboard
          tabIndex={0}
          aria-label="Candidates"
          className="max-h-72 divide-y divide-line overflow-y-auto"
        >
          {items.map((item) => (
            <CandidateItem key={item.url} candidate={item} />
          ))}
        </ul>
      )}
      <div className="flex flex-wrap items-center gap-3">
        {ids.length > 0 && ids.length <= MAX_IDS_IN_ADDRESS && !list.hasNextPage && (
          <Button asChild size="sm">
            <Link to={paths.search({ video_ids: ids.join(',') })}>
              Show {plural(ids.length, 'video')} in search
            </Link>
          </Button>
        )}
        {list.hasNextPage && (
          <Button size="sm" variant="ghost" onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        )}
      </div>
    </div>
  )
}

function CandidateItem({ candidate }: { candidate: Candidate }) {
  const { title, url, state, video_id: videoId, reason, reason_code: code, relevance } = candidate
  return (
    <li className="flex flex-wrap items-baseline gap-x-3 py-1">
      <span className="min-w-0 flex-1 basis-48 truncate" title={url}>
        {videoId ? (
          <Link to={paths.video(videoId)} className="underline-offset-4 hover:underline">
            {title || url}
          </Link>
        ) : (
          title || url
        )}
      </span>
      {(reason || code) && (
        <span
          className={cn(
            'min-w-0 flex-1 basis-48 text-xs break-words',
            state === 'accepted' && code !== 'known-video' ? 'text-bad' : 'text-dim',
          )}
        >
          {reason ?? failureText(code ?? '')}
        </span>
      )}
      {relevance !== null && (
        <span className="text-xs text-faint tabular-nums" title="Relevance to the query">
          {relevance.toFixed(2)}
        </span>
      )}
    </li>
  )
}

function videoIdsOf(candidates: Candidate[]): string[] {
  return [...new Set(candidates.flatMap(({ video_id: id }) => (id ? [id] : [])))]
}
