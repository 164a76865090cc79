import { useSyncExternalStore } from 'react'

/** Chosen videos: titles by id, in the order of choosing. */
export type Chosen = ReadonlyMap<string, string>

export interface Choice {
  id: string
  title: string
}

/** Takes one in, or out when it is in. */
export function toggled(chosen: Chosen, { id, title }: Choice): Chosen {
  const next = new Map(chosen)
  if (!next.delete(id)) next.set(id, title)
  return next
}

/**
 * All from the anchor to `to`, both included, whichever comes first in `all`. An anchor that is not
 * there any more counts as `to`.
 */
export function withRange(
  chosen: Chosen,
  all: Choice[],
  anchor: string | null,
  to: string,
): Chosen {
  const end = all.findIndex(({ id }) => id === to)
  if (end < 0) return chosen
  const start = all.findIndex(({ id }) => id === anchor)
  const from = start < 0 ? end : start
  return withAll(chosen, all.slice(Math.min(from, end), Math.max(from, end) + 1))
}

/** The same map when it was not in. */
export function without(chosen: Chosen, id: string): Chosen {
  const next = new Map(chosen)
  return next.delete(id) ? next : chosen
}

export function withAll(chosen: Chosen, more: Choice[]): Chosen {
  const next = new Map(chosen)
  for (const { id, title } of more) next.set(id, title)
  return next
}

const NOTHING: Chosen = new Map()

/**
 * The videos chosen on the search page. It outlives the page, so that opening a video and coming
 * back loses nothing; a card asks only for its own state, so that choosing one draws one.
 */
export function createSelection() {
  let chosen = NOTHING
  let anchor: string | null = null
  const listeners = new Set<() => void>()
  const set = (next: Chosen) => {
    if (next === chosen) return
    chosen = next
    for (const listener of listeners) listener()
  }
  return {
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    get: () => chosen,
    has: (id: string) => chosen.has(id),
    toggle: (choice: Choice) => {
      anchor = choice.id
      set(toggled(chosen, choice))
    },
    /** From the last one toggled to this one. */
    extendTo: (all: Choice[], id: string) => set(withRange(chosen, all, anchor, id)),
    addAll: (all: Choice[]) => set(withAll(chosen, all)),
    remove: (id: string) => set(without(chosen, id)),
    clear: () => {
      anchor = null
      set(NOTHING)
    },
  }
}

export const selection = createSelection()

export const useChosen = (): Chosen => useSyncExternalStore(selection.subscribe, selection.get)

export const useIsChosen = (id: string): boolean =>
  useSyncExternalStore(selection.subscribe, () => selection.has(id))

/** True while anything is chosen: then every card shows its box. */
export const useIsChoosing = (): boolean =>
  useSyncExternalStore(selection.subscribe, () => selection.get().size > 0)
