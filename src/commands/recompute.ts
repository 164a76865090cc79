import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { videoSummary } from '../api/schemas/videos.ts'
import { openLibrary } from './library.ts'
import { allOf } from './lists.ts'
import { progressLine } from './progress.ts'
import { printJson, printLine } from './report.ts'

type Summary = z.infer<typeof videoSummary>

const POLL_MS = 1_000
const OPEN = 'pending,downloading,processing,labeling'

/**
 * `forgeindex recompute`: runs what is stale on every completed video: steps whose model was
 * missing or has changed, whose threshold or taxonomy changed. What is fresh is left alone.
 */
export async function recompute(options: { wait?: boolean; json?: boolean }): Promise<number> {
  await using library = await openLibrary()
  const completed = '/api/videos?status=completed'
  const videos = await allOf<Summary>(library, completed, Number.POSITIVE_INFINITY)
  const ids = new Set(videos.map((video) => video.id))
  const theirs = async (status: string) =>
    (
      await allOf<Summary>(library, `/api/videos?status=${status}`, Number.POSITIVE_INFINITY)
    ).filter((video) => ids.has(video.id))
  for (const video of videos) {
    await library.request('POST', `/api/videos/${video.id}/reprocess`)
  }
  const isOurs = library.server === null
  if (isOurs) await library.work()
  if (isOurs || options.wait) {
    const stop = new AbortController()
    process.once('SIGINT', () => stop.abort())
    process.once('SIGTERM', () => stop.abort())
    const line = progressLine()
    for (;;) {
      const open = await theirs(OPEN)
      const share = videos.length > 0 ? 1 - Math.min(1, open.length / videos.length) : 1
      line.show(share, `${open.length} of ${videos.length} videos to go`)
      if (open.length === 0) break
      if (stop.signal.aborted) {
        line.end()
        await library.drain()
        return 130
      }
      await sleep(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
    line.end()
  }
  const failed = (await theirs('failed')).length
  if (options.json) printJson({ videos: videos.length, failed })
  else printLine(`${videos.length} videos were looked over, ${failed} failed.`)
  return failed > 0 ? 1 : 0
}
