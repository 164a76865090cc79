import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type CardVideo, type ResultPage, resultsQuery } from '../../api/search.ts'
import { lastResults } from '../../lib/last-results.ts'
import { useConnection, useLiveEvents } from '../../lib/live-events.tsx'
import { isRanked, listWish, rankedWish, type SearchState } from './search-state.ts'

/** So many pages are asked for anew without a word; more would move what is being looked at. */
const QUIET_PAGES = 2
/** A result that was put away longer is asked for anew when the page comes back to it. */
const FRESH_MS = 10_000
const SETTLE_MS = 1_000

export interface Results {
  /** What is loaded; of the state before while the new answer is on its way (`isStale`). */
  videos: CardVideo[]
  ranked: boolean
  mode: ResultPage['mode']
  isLoading: boolean
  isStale: boolean
  error: Error | null
  hasMore: boolean
  isLoadingMore: boolean
  /** The next page failed; the ones before stay. */
  moreFailed: boolean
  loadMore: () => void
  retry: () => void
  /** The library changed since; `refresh` asks for everything anew. */
  hasChanged: boolean
  refresh: () => void
}

/** The cards for a state, page by page, and whether the library has changed since. */
export function useResults(state: SearchState): Results {
  const client = useQueryClient()
  const wantsRanked = isRanked(state)
  const options = resultsQuery(wantsRanked, wantsRanked ? rankedWish(state) : listWish(state))
  const query = useInfiniteQuery(options)
  const { data, fetchNextPage, refetch, isFetching, isPlaceholderData } = query
  const pages = data?.pages
  const videos = useMemo(() => distinct(pages ?? []), [pages])

  const [changedFor, setChangedFor] = useState<unknown>(null)
  const pageCount = pages?.length ?? 0
  const noteChange = useCallback(() => {
    if (pageCount === 0) return
    if (pageCount <= QUIET_PAGES) void refetch()
    else setChangedFor(pages)
  }, [pageCount, pages, refetch])
  const refresh = useCallback(() => {
    setChangedFor(null)
    window.scrollTo({ top: 0 })
    // The first page alone: the others come again as one scrolls.
    client.getQueryCache().find({ queryKey: options.queryKey })?.reset()
    void refetch()
  }, [client, options.queryKey, refetch])

  const settle = useRef<number | undefined>(undefined)
  useLiveEvents(({ type }) => {
    if (!type.startsWith('task.') || type === 'task.updated') return
    window.clearTimeout(settle.current)
    settle.current = window.setTimeout(noteChange, SETTLE_MS)
  })
  useEffect(() => () => window.clearTimeout(settle.current), [])

  const connection = useConnection()
  const wasOffline = useRef(false)
  useEffect(() => {
    if (connection === 'offline') wasOffline.current = true
    if (connection !== 'live' || !wasOffline.current) return
    wasOffline.current = false
    if (query.isError) void refetch()
    else noteChange()
  }, [connection, noteChange, query.isError, refetch])

  // Back from a video whose tags were changed, say.
  const key = JSON.stringify(options.queryKey)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each result that is shown
  useEffect(() => {
    const age = Date.now() - query.dataUpdatedAt
    if (query.isSuccess && !isPlaceholderData && age > FRESH_MS && pageCount <= QUIET_PAGES) {
      void refetch()
    }
  }, [key])

  // What a card leads to goes on along the list that the card was in.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key's text stands for the key
  useEffect(() => {
    if (query.isSuccess && !isPlaceholderData) lastResults.set(options.queryKey)
  }, [key, query.isSuccess, isPlaceholderData])

  return {
    videos,
    ranked: pages?.[0] ? pages[0].mode !== null : wantsRanked,
    mode: pages?.[0]?.mode ?? null,
    isLoading: query.isPending,
    isStale: isPlaceholderData && isFetching,
    error: query.isError && !query.isFetchNextPageError ? query.error : null,
    hasMore: query.hasNextPage && !isPlaceholderData,
    isLoadingMore: query.isFetchingNextPage,
    moreFailed: query.isFetchNextPageError,
    loadMore: useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]),
    retry: useCallback(() => void refetch(), [refetch]),
    hasChanged: changedFor !== null && changedFor === pages,
    refresh,
  }
}

/** A ranking is computed anew for each page: one that moved in between would come twice. */
function distinct(pages: ResultPage[]): CardVideo[] {
  const seen = new Set<string>()
  return pages.flatMap(({ videos }) =>
    videos.filter(({ id }) => {
      if (seen.has(id)) return false
      seen.add(id)
      return true
    }),
  )
}
