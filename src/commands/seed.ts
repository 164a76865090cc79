import type { Candidate } from '../api/schemas/tasks.ts'
import { follow, startIngest, type TaskJson } from './ingest.ts'
import { type Library, openLibrary } from './library.ts'
import { allOf } from './lists.ts'
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
/** Openly licensed and without a key; the second is asked for what the first does not have. */
const OPEN_ARCHIVES = ['commons', 'archive']

type SeedTask = TaskJson & { category: string }

/** A category on its way: how many it is to have, and which videos it has. */
interface Share {
  category: string
  query: string
  wanted: number
  videoIds: Set<string>
  tasks: SeedTask[]
}

/**
 * `forgeindex seed`: 20 different videos over the five categories, through the ordinary ingest path,
 * from openly licensed archives unless a platform is named. Running it again takes nothing twice.
 */
export async function seed(options: {
  platform?: string
  maxVideos?: number
  json?: boolean
}): Promise<number> {
  const wanted = options.maxVideos ?? DEFAULT_VIDEOS
  await using library = await openLibrary()
  const shares = sharesOf(wanted)
  const seen = new Set<string>()
  let isWorking = false
  for (const platform of options.platform ? [options.platform] : OPEN_ARCHIVES) {
    const started: { share: Share; id: string }[] = []
    for (const share of shares) {
      const missing = share.wanted - share.videoIds.size
      if (missing <= 0) continue
      const task = await startIngest(library, share.query, { platform, maxVideos: missing })
      started.push({ share, id: task.id })
    }
    if (started.length > 0 && !isWorking) await library.work()
    isWorking = true
    for (const { share, id } of started) {
      const task = await follow(library, id)
      if (task === 'interrupted') return 130
      share.tasks.push({ ...task, category: share.category })
      for (const videoId of await videosOf(library, task)) {
        // What two categories find counts for the first.
        if (!seen.has(videoId)) share.videoIds.add(videoId)
        seen.add(videoId)
      }
    }
  }
  if (options.json) {
    const items = shares.flatMap(({ tasks }) => tasks)
    printJson({ items, videos_processed: seen.size })
  } else {
    for (const share of shares) printLine(summaryOf(share))
    printLine(`${seen.size} of ${wanted} videos are in the library.`)
  }
  return seen.size > 0 ? 0 : 1
}

function sharesOf(wanted: number): Share[] {
  const each = Math.floor(wanted / CATEGORIES.length)
  const more = wanted % CATEGORIES.length
  return CATEGORIES.map((category, i) => ({
    ...category,
    wanted: each + (i < more ? 1 : 0),
    videoIds: new Set(),
    tasks: [],
  }))
}

/** The videos that a task took and that are completed. */
async function videosOf(library: Library, task: TaskJson): Promise<string[]> {
  const path = `/api/tasks/${task.id}/candidates?state=accepted`
  const taken = await allOf<Candidate>(library, path, Number.POSITIVE_INFINITY)
  // One that was taken and then failed has the failure as its reason.
  return taken.flatMap(({ video_id: id, reason_code: code }) =>
    id !== null && (code === null || code === 'known-video') ? [id] : [],
  )
}

function summaryOf({ category, wanted, videoIds, tasks }: Share): string {
  const from = tasks.map(({ platform, videos_processed: n }) => `${platform} ${n}`).join(', ')
  const faults = tasks.flatMap(({ error_message: message }) => message ?? [])
  const why = videoIds.size < wanted && faults.length > 0 ? ` ${faults.join(' ')}` : ''
  return `${category}: ${videoIds.size} of ${wanted} videos (${from}).${why}`
}
