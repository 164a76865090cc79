import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** Something about how a task was done that its owner should know. */
export interface TaskNote {
  /** Kebab-case, stable. */
  code: string
  message: string
  /** How often it happened. */
  count: number
}

/** Longest message; the whole row is a key, which takes 2,700 bytes. */
const MAX_CHARACTERS = 500

/** Adds a note; the same words again only set its count. */
export async function noteTask(db: Db, taskId: string, note: TaskNote): Promise<void> {
  await db
    .insertInto('task_notes')
    .values({
      task_id: taskId,
      code: note.code,
      message: note.message.replaceAll('\0', '').slice(0, MAX_CHARACTERS),
      count: note.count,
    })
    .onConflict((oc) =>
      oc
        .columns(['task_id', 'code', 'message'])
        .doUpdateSet({ count: sql<number>`excluded.count` }),
    )
    .execute()
}

/** Notes of several tasks by task id, each task's oldest first. */
export async function notesOfTasks(db: Db, ids: string[]): Promise<Map<string, TaskNote[]>> {
  const notes = new Map<string, TaskNote[]>(ids.map((id) => [id, []]))
  if (ids.length === 0) return notes
  const rows = await db
    .selectFrom('task_notes')
    .select(['task_id', 'code', 'message', 'count'])
    .where('task_id', 'in', ids)
    .orderBy('created_at')
    .orderBy('code')
    .execute()
  for (const { task_id: id, ...note } of rows) notes.get(id)?.push(note)
  return notes
}
