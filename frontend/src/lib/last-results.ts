import type { QueryKey } from '@tanstack/react-query'

let shown: QueryKey | null = null

/**
 * The key of the results that were last on the screen of this tab. A list is also updated without
 * being looked at, so the time of its data does not tell.
 */
export const lastResults = {
  /** Null before any was shown. */
  get: (): QueryKey | null => shown,
  set: (key: QueryKey | null): void => {
    shown = key
  },
}
