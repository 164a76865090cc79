import type { Logger } from '../../log.ts'
import { noteTask } from '../../store/task-notes.ts'
import type { DiscoveryOptions } from './source.ts'

/**
 * Says something that the task's owner should know: in the log, and as a note of the task when there
 * is one. The same words again only set the count.
 */
export async function tell(
  logger: Logger,
  options: Pick<DiscoveryOptions, 'task'>,
  note: { code: string; message: string; count?: number },
): Promise<void> {
  logger.warn({ ...note, taskId: options.task?.id }, 'source')
  if (options.task) await noteTask(options.task.db, options.task.id, { count: 1, ...note })
}
