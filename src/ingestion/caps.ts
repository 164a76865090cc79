import type { Db } from '../config/database.ts'
import { bytesOfTask } from '../store/task-counts.ts'
import type { Task } from '../store/tasks.ts'
import type { Candidate } from './discovery/source.ts'

/** A hard cap of the task that ends its discovery, as a note for its owner. */
export interface CapReached {
  code: 'max-bytes-reached' | 'max-seconds-reached'
  message: string
}

/** What a video weighs of which nothing is known, while none of the task's is here: 10 minutes at 720p. */
const GUESSED_BYTES = 100_000_000

/** The cap on time, when it is reached. */
export function capOf({ maxSeconds, startedAt }: Task): CapReached | null {
  if (maxSeconds === null || startedAt === null) return null
  // A timer may be a little early.
  if (Date.now() - startedAt.getTime() < maxSeconds * 1000 - 20) return null
  const message = `The search for videos ended after the ${maxSeconds} s that max_seconds allows.`
  return { code: 'max-seconds-reached', message }
}

/**
 * Whether the task's cap on bytes leaves room for one more video beside those that it has and those
 * under way. `waiting` until some of the latter are here. Where no size is known, the mean of the
 * task's own stands for it, so that the cap is passed by one file at most.
 */
export async function roomFor(
  db: Db,
  task: Task,
  candidate: Pick<Candidate, 'bytes'>,
): Promise<'room' | 'waiting' | CapReached> {
  if (task.maxBytes === null) return 'room'
  const { stored, expected, storedCount, unknown } = await bytesOfTask(db, task.id)
  const mean = storedCount > 0 ? stored / storedCount : GUESSED_BYTES
  const isUnderWay = expected > 0 || unknown > 0
  const known = candidate.bytes ?? null
  if (
    stored < task.maxBytes &&
    stored + expected + unknown * mean + (known ?? mean) <= task.maxBytes
  )
    return 'room'
  if (isUnderWay) return 'waiting'
  if (stored < task.maxBytes && known === null) return 'room'
  const message =
    `The search for videos ended at ${stored} bytes: another one would not fit into the ` +
    `${task.maxBytes} bytes that max_bytes allows.`
  return { code: 'max-bytes-reached', message }
}
