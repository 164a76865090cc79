import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type AcceptedTask, type IngestBody, startIngestion, tasksQuery } from '../../api/tasks.ts'

/** Puts a task that was just started at the top of the list, before the list is asked for again. */
export function useShowStarted(): (task: AcceptedTask) => void {
  const client = useQueryClient()
  return (task) => {
    client.setQueryData(tasksQuery().queryKey, (list) => {
      const [first, ...others] = list?.pages ?? []
      if (!list || !first || first.items.some(({ id }) => id === task.id)) return list
      return { ...list, pages: [{ ...first, items: [task, ...first.items] }, ...others] }
    })
    void client.invalidateQueries({ queryKey: ['tasks'] })
    void client.invalidateQueries({ queryKey: ['stats'] })
  }
}

/** Starts an ingestion; `onStarted` after its task is shown. */
export function useStart(onStarted: (task: AcceptedTask) => void) {
  const show = useShowStarted()
  return useMutation({
    mutationFn: (body: IngestBody) => startIngestion(body),
    onSuccess: (task) => {
      show(task)
      onStarted(task)
    },
  })
}
