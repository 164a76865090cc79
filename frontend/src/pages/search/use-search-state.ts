import { useCallback, useEffect, useMemo, useRef } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import { readState, type SearchState, writeState } from './search-state.ts'

/** Marks an entry of the history whose words are still being typed. */
const TYPING = 'typing'

interface UpdateOptions {
  /** Words on their way: the next ones take the place of this entry of the history. */
  typing?: boolean
  replace?: boolean
  /** Changes how the results look, not which they are: the page stays where it is. */
  keepScroll?: boolean
  /** Noted with the entry of the history. */
  entry?: string
}

export type UpdateState = (change: Partial<SearchState>, options?: UpdateOptions) => void

/** The page's state, read from the address, and the way to change it: a step in the history. */
export function useSearchState(): [SearchState, UpdateState] {
  const [params] = useSearchParams()
  const location = useLocation()
  const navigate = useNavigate()
  const state = useMemo(() => readState(params), [params])
  const latest = useRef({ state, location })
  useEffect(() => {
    latest.current = { state, location }
  }, [state, location])
  const update = useCallback<UpdateState>(
    (change, { typing = false, replace = false, keepScroll = false, entry } = {}) => {
      const { state: before, location: at } = latest.current
      const after = { ...before, ...change }
      const query = writeState(after).toString()
      const same = query === writeState(before).toString()
      if (same && (typing || at.state !== TYPING)) return
      // Words take the place of words that were still being typed; Back leads to before them.
      const goesOn = 'q' in change && at.state === TYPING
      const mark = typing ? TYPING : (entry ?? null)
      // The next change may come before this one is drawn.
      latest.current = { state: after, location: { ...at, state: mark } }
      void navigate(
        { search: query ? `?${query}` : '' },
        { replace: replace || same || goesOn, state: mark, preventScrollReset: keepScroll },
      )
    },
    [navigate],
  )
  return [state, update]
}
