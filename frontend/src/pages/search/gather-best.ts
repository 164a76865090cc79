import type { QueryValues } from '../../api/client.ts'
import { resultPage } from '../../api/search.ts'

/** The most that one page may hold. */
const PAGE = 200

/**
 * Ids of a ranking's first `count` completed videos, fewer when it ends before.
 *
 * @param onProgress ids gathered so far, after each page
 * @throws ApiError when a page fails; AbortError when `signal` is aborted
 */
export async function gatherBest(
  wish: QueryValues,
  count: number,
  onProgress: (gathered: number) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const ids = new Set<string>()
  let cursor: string | null = null
  do {
    const limit = Math.min(PAGE, count - ids.size)
    const page: Awaited<ReturnType<typeof resultPage>> = await resultPage(
      true,
      wish,
      cursor,
      limit,
      signal,
    )
    for (const { id } of page.videos) ids.add(id)
    cursor = page.next_cursor
    onProgress(ids.size)
  } while (cursor && ids.size < count)
  return [...ids].slice(0, count)
}
