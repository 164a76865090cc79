import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { transcriptQuery } from '../../../api/video.ts'

/**
 * All segments that have `q` in them (every one for ''), page after page: a page is some tens of
 * kilobytes. After a page that failed nothing more is asked for until `loadRest` is called or the
 * pages that are there were refreshed.
 */
export function useTranscript(id: string, q: string, enabled = true) {
  const query = useInfiniteQuery({ ...transcriptQuery(id, q), enabled })
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query
  useEffect(() => {
    if (enabled && hasNextPage && !isFetching && !isError) void fetchNextPage()
  }, [enabled, hasNextPage, isFetching, isError, fetchNextPage])
  const segments = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
  return {
    segments,
    /** The first page; undefined before it has come. */
    first: data?.pages[0],
    /** The last page has come as well. */
    isWhole: data !== undefined && !hasNextPage,
    isFetching,
    error: query.error,
    /** Some pages are here, the next one failed. */
    isCutOff: enabled && isError && hasNextPage,
    loadRest: () => void fetchNextPage(),
    refetch: () => void query.refetch(),
  }
}
