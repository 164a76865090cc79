import { follow, startIngest, type TaskJson } from './ingest.ts'
import { openLibrary } from './library.ts'
import { printJson, printLine } from './report.ts'

/** The brief's five categories, each with the words that find it. */
const CATEGORIES = [
  { category: 'cnc', query: 'CNC machining' },
  { category: 'welding', query: 'welding metal' },
  { category: 'assembly', query: 'assembly line manufacturing' },
  { category: '3d_printing', query: '3D printing process' },
  { category: 'lathe', query: 'lathe turning' },
]
const DEFAULT_VIDEOS = 20

/**
 * `forgeindex seed`: 20 videos over the five categories, through the ordinary ingest path. Running
 * it again takes nothing twice.
 */
export async function seed(options: {
  platform: string
  maxVideos?: number
  json?: boolean
}): Promise<number> {
  const wanted = options.maxVideos ?? DEFAULT_VIDEOS
  await using library = await openLibrary()
  const started: (TaskJson & { category: string })[] = []
  for (const [i, { category, query }] of CATEGORIES.entries()) {
    const share = Math.floor(wanted / CATEGORIES.length) + (i < wanted % CATEGORIES.length ? 1 : 0)
    if (share === 0) continue
    const task = await startIngest(library, query, { platform: options.platform, maxVideos: share })
    started.push({ ...task, category })
  }
  await library.work()
  const ended: (TaskJson & { category: string })[] = []
  for (const { id, category } of started) {
    const task = await follow(library, id)
    if (task === 'interrupted') return 130
    ended.push({ ...task, category })
    if (!options.json) {
      printLine(
        `${category}: ${task.status}, ${task.videos_processed} videos${task.error_message ? ` (${task.error_message})` : ''}`,
      )
    }
  }
  const processed = ended.reduce((sum, task) => sum + task.videos_processed, 0)
  if (options.json) printJson({ items: ended, videos_processed: processed })
  else printLine(`${processed} of ${wanted} videos are in the library.`)
  return processed > 0 ? 0 : 1
}
