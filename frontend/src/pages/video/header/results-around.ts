import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { SearchAnswer, VideoSummary } from '../../../api/search.ts'

/** A neighbour in the list that the reader came from. `at` is its best moment in seconds. */
export interface Neighbour {
  id: string
  at: number | null
}

type Page = SearchAnswer | { items: VideoSummary[] }

/**
 * The videos before and after this one in the newest list that has it; null at its ends and when
 * there is none. The lists are those that the search page has asked for and that are still kept.
 */
export function resultsAround(
  client: QueryClient,
  id: string,
): { before: Neighbour | null; after: Neighbour | null } {
  const lists = client
    .getQueryCache()
    .findAll({ queryKey: ['videos'] })
    .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt)
  for (const { state } of lists) {
    const all = neighboursOf(state.data)
    const at = all.findIndex((each) => each.id === id)
    if (at >= 0) return { before: all[at - 1] ?? null, after: all[at + 1] ?? null }
  }
  return { before: null, after: null }
}

function neighboursOf(data: unknown): Neighbour[] {
  const pages = (data as InfiniteData<Page> | undefined)?.pages
  if (!Array.isArray(pages)) return []
  return pages.flatMap((page) =>
    'results' in page
      ? page.results.map((result) => ({
          id: result.video_id,
          at: result.moments[0]?.start_time ?? null,
        }))
      : page.items.map((item) => ({ id: item.id, at: null })),
  )
}
