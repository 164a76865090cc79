import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Task } from '../../api/tasks.ts'
import { plural } from '../../lib/format.ts'
import { POLL_MS } from '../../lib/live-events.tsx'
import { askedText, isOver } from './task-words.ts'

/** Tasks that were open in `before` and have ended by themselves in `after`. */
export function endedSince(before: readonly Task[], after: readonly Task[]): Task[] {
  const open = new Set(before.filter((task) => !isOver(task)).map(({ id }) => id))
  return after.filter(
    (task) => open.has(task.id) && (task.status === 'completed' || task.status === 'failed'),
  )
}

/** `off`: not wanted. `refused`: wanted, but the browser does not let us. */
export type NoticeState = 'off' | 'on' | 'refused' | 'impossible'

/**
 * Browser notifications about tasks that end while this page is open. Off until someone asks for
 * them; leaving the page ends them. A hidden page has no event stream: the tasks are asked for then,
 * for who waits for a notice alone.
 */
export function useTaskNotices(tasks: readonly Task[] | undefined): {
  state: NoticeState
  toggle: () => void
} {
  const [isWanted, setIsWanted] = useState(false)
  const [isRefused, setIsRefused] = useState(false)
  const before = useRef<readonly Task[]>([])
  useEffect(() => {
    if (!tasks) return
    const ended = endedSince(before.current, tasks)
    before.current = tasks
    if (isWanted) for (const task of ended) notify(task)
  }, [tasks, isWanted])
  const client = useQueryClient()
  useEffect(() => {
    if (!isWanted) return
    const queryKey = ['tasks', 'list']
    // One that failed is paused until the page is looked at: that one is begun anew.
    const ask = () => {
      if (document.hidden && client.isFetching({ queryKey }) === 0) {
        void client.refetchQueries({ queryKey })
      }
    }
    const timer = window.setInterval(ask, POLL_MS)
    return () => window.clearInterval(timer)
  }, [client, isWanted])
  const toggle = async () => {
    if (isWanted) return setIsWanted(false)
    const answer = await Notification.requestPermission()
    setIsRefused(answer !== 'granted')
    setIsWanted(answer === 'granted')
  }
  const isPossible = typeof Notification !== 'undefined'
  const state = !isPossible ? 'impossible' : isRefused ? 'refused' : isWanted ? 'on' : 'off'
  return { state, toggle: () => void toggle() }
}

function notify(task: Task): void {
  const title = task.status === 'failed' ? 'Failed' : 'Finished'
  try {
    new Notification(`${title}: ${askedText(task)}`, {
      tag: task.id,
      body: task.error_message ?? `${plural(task.videos_processed, 'video')} processed`,
      icon: '/favicon.svg',
    })
  } catch {
    // Some phones have the class but allow it in service workers only: then there is no notice.
  }
}
