import type { z } from 'zod'
import type { VideoDetail, videoSummary } from '../api/schemas/videos.ts'
import { printAccount } from './account.ts'
import type { TaskJson } from './ingest.ts'
import { type Library, openLibrary } from './library.ts'
import { printJson, printLine, printTable } from './report.ts'

interface ListOptions {
  limit?: number
  status?: string
  json?: boolean
}

interface Page<T> {
  items: T[]
  next_cursor: string | null
}

const MAX_PAGE = 200

/** `forgeindex tasks [ID]` */
export async function tasks(id: string | undefined, options: ListOptions): Promise<number> {
  await using library = await openLibrary()
  if (id) {
    const task = await library.request<TaskJson>('GET', `/api/tasks/${encodeURIComponent(id)}`)
    if (options.json) printJson(task)
    else printTask(task)
    return 0
  }
  const items = await allOf<TaskJson>(library, '/api/tasks', options.limit ?? 50)
  if (options.json) printJson({ items })
  else {
    printTable(
      ['id', 'status', 'platform', 'found', 'processed', 'failed', 'query'],
      items.map((task) => [
        task.id,
        task.status,
        task.platform,
        String(task.videos_found),
        String(task.videos_processed),
        String(task.videos_failed),
        task.query ?? task.path ?? task.urls.join(' ').slice(0, 60),
      ]),
    )
  }
  return 0
}

/** `forgeindex videos [ID]` */
export async function videos(id: string | undefined, options: ListOptions): Promise<number> {
  await using library = await openLibrary()
  if (id) {
    const video = await library.request<VideoDetail>('GET', `/api/videos/${encodeURIComponent(id)}`)
    printJson(video)
    return 0
  }
  const filter = options.status ? `?status=${encodeURIComponent(options.status)}` : ''
  const items = await allOf<z.infer<typeof videoSummary>>(
    library,
    `/api/videos${filter}`,
    options.limit ?? Number.POSITIVE_INFINITY,
  )
  if (options.json) printJson({ items })
  else {
    printTable(
      ['id', 'status', 'platform', 'seconds', 'title'],
      items.map((video) => [
        video.id,
        video.status,
        video.platform,
        video.duration === null ? '' : video.duration.toFixed(1),
        video.title,
      ]),
    )
    printLine(`${items.length} videos`)
  }
  return 0
}

function printTask(task: TaskJson): void {
  const what = task.query ?? task.path ?? task.urls.join(' ').slice(0, 200)
  printLine(`Task ${task.id} ${task.status}: ${task.platform}, ${what}`)
  if (task.error_message) printLine(task.error_message)
  printAccount(task)
}

/** Pages through a list, at most `limit` items. */
export async function allOf<T>(library: Library, path: string, limit: number): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const size = Math.min(MAX_PAGE, limit - items.length)
    const query: string = `${path.includes('?') ? '&' : '?'}limit=${size}`
    const page: Page<T> = await library.request<Page<T>>(
      'GET',
      `${path}${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    )
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor && items.length < limit)
  return items
}
