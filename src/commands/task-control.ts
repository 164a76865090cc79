import { type IngestOptions, seeThrough, type TaskJson } from './ingest.ts'
import { openLibrary } from './library.ts'
import { printJson, printLine } from './report.ts'

const at = (id: string, action: string) => `/api/tasks/${encodeURIComponent(id)}/${action}`

/** `forgeindex tasks cancel ID` */
export async function taskCancel(id: string, options: { json?: boolean }): Promise<number> {
  await using library = await openLibrary()
  const task = await library.request<TaskJson>('POST', at(id, 'cancel'))
  if (options.json) printJson(task)
  else printLine(`Task ${id} is cancelled; what is done is kept.`)
  return 0
}

/** `forgeindex tasks retry ID`: what failed for a reason that may pass, or the classes named by `code`. */
export async function taskRetry(
  id: string,
  options: Pick<IngestOptions, 'wait' | 'json'> & { code?: string[] },
): Promise<number> {
  await using library = await openLibrary()
  const body = options.code ? { codes: options.code } : undefined
  const task = await library.request<TaskJson>('POST', at(id, 'retry'), body)
  return await seeThrough(library, task, options)
}
