import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { ResultPage } from '../../../api/search.ts'
import { lastResults } from '../../../lib/last-results.ts'

/** A neighbour in the list that the reader came from. `at` is its best moment in seconds. */
export interface Neighbour {
  id: string
  at: number | null
}

/**
 * The videos before and after this one in the list that was last shown or, when that does not have
 * it, in the newest one that does; null at its ends and when there is none. The lists are those of `resultsQuery` that are still kept.
 */
export function resultsAround(
  client: QueryClient,
  id: string,
): { before: Neighbour | null; after: Neighbour | null } {
  const cache = client.getQueryCache()
  const key = lastResults.get()
  const shown = key ? cache.find({ queryKey: key }) : undefined
  const lists = cache
    .findAll({ queryKey: ['results'] })
    .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt)
  for (const { state } of shown ? [shown, ...lists] : lists) {
    const data = state.data as InfiniteData<ResultPage> | undefined
    const all = data?.pages.flatMap((page) => page.videos) ?? []
    const at = all.findIndex((each) => each.id === id)
    if (at >= 0) return { before: neighbour(all[at - 1]), after: neighbour(all[at + 1]) }
  }
  return { before: null, after: null }
}

function neighbour(video: ResultPage['videos'][number] | undefined): Neighbour | null {
  return video ? { id: video.id, at: video.moments[0]?.start_time ?? null } : null
}
