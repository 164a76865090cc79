import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react'
import type { EventType } from '../../../src/events.ts'
import { dropFromResults } from '../api/search.ts'
import { selection } from './selection.ts'

/** `live`: events arrive. `connecting`: not yet, or again. `offline`: the last tries failed. */
export type Connection = 'connecting' | 'live' | 'offline'

export interface LiveEvent {
  id: number
  type: string
  time: string
  data: Record<string, unknown>
}

/** What the stream may carry; the compiler asks for each type that the back end knows. */
const EVENT_TYPES = Object.keys({
  'task.updated': true,
  'task.completed': true,
  'task.failed': true,
  'task.cancelled': true,
  'video.updated': true,
  'video.completed': true,
  'video.failed': true,
  'video.forgotten': true,
  'export.updated': true,
  'export.completed': true,
  'export.failed': true,
} satisfies Record<EventType, true>)

/** Tries again after 1, 2, 4 … at most 10 seconds. */
const MAX_WAIT_MS = 10_000
/** Events come in bursts while videos are worked on: queries are refreshed this often at most. */
const REFRESH_MS = 700
/** A page that is hidden this long gives its connection back. */
const HIDDEN_MS = 5_000
/** How often queries ask again while no events come. */
export const POLL_MS = 3_000

type Listener = (event: LiveEvent) => void

interface Live {
  connection: Connection
  /** Calls `listener` for each event until the returned function is called. */
  subscribe(listener: Listener): () => void
}

const LiveContext = createContext<Live>({ connection: 'connecting', subscribe: () => () => {} })

/** The state of the event stream. */
export function useConnection(): Connection {
  return useContext(LiveContext).connection
}

/** `refetchInterval` of a query about things that events tell of: polls only while none come. */
export function usePollInterval(): number | false {
  return useConnection() === 'live' ? false : POLL_MS
}

/** Calls the latest `listener` for each event. */
export function useLiveEvents(listener: Listener): void {
  const { subscribe } = useContext(LiveContext)
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => subscribe((event) => latest.current(event)), [subscribe])
}

/**
 * One event stream for the whole page. It keeps the query cache fresh: an event about a task, a
 * video or an export makes the queries under that key ask again. EventSource comes back by itself
 * after a cut, but gives up for good at an error status (a proxy's 502): then we start a new one
 * that asks for everything after the last event seen.
 *
 * A browser has six HTTP/1.1 connections to a server for all its pages together, and a stream keeps
 * one: seven open pages would hang. So a page has none while it is hidden, and gets what it missed
 * when it is looked at again.
 */
export function LiveEventsProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [connection, setConnection] = useState<Connection>('connecting')
  const listeners = useRef(new Set<Listener>())
  const subscribe = useRef((listener: Listener) => {
    listeners.current.add(listener)
    return () => void listeners.current.delete(listener)
  })

  useEffect(() => {
    let source: EventSource | null = null
    let retry: number | undefined
    let refresh: number | undefined
    let hide: number | undefined
    let failures = 0
    let lastId: number | null = null
    let wasCut = false
    const stale = new Map<string, QueryKey>()

    const refreshSoon = (...key: string[]) => {
      stale.set(JSON.stringify(key), key)
      refresh ??= window.setTimeout(() => {
        refresh = undefined
        for (const queryKey of stale.values()) void client.invalidateQueries({ queryKey })
        stale.clear()
      }, REFRESH_MS)
    }
    const heard = (message: MessageEvent<string>) => {
      const event = JSON.parse(message.data) as LiveEvent
      lastId = event.id
      for (const listener of listeners.current) listener(event)
      if (event.type.startsWith('task.')) {
        refreshSoon('tasks')
        if (event.type !== 'task.updated')
          for (const key of ['stats', 'videos', 'facets']) refreshSoon(key)
      } else if (event.type.startsWith('video.')) {
        refreshSoon('stats')
        refreshSoon('tasks')
        const id = event.data.video_id
        if (event.type === 'video.forgotten') {
          for (const key of ['videos', 'facets', 'datasets']) refreshSoon(key)
          if (typeof id === 'string') {
            dropFromResults(client, id)
            selection.remove(id)
          }
        }
        if (typeof id === 'string') refreshSoon('video', id)
      } else refreshSoon('datasets')
    }
    const open = () => {
      source = new EventSource(
        lastId === null ? '/api/events' : `/api/events?last_event_id=${lastId}`,
      )
      source.onopen = () => {
        failures = 0
        setConnection('live')
        // What changed while nobody told us.
        if (wasCut) void client.invalidateQueries()
        wasCut = false
      }
      source.onerror = () => {
        wasCut = true
        failures += 1
        setConnection(failures > 1 ? 'offline' : 'connecting')
        if (source?.readyState !== EventSource.CLOSED) return
        window.clearTimeout(retry)
        retry = window.setTimeout(open, Math.min(MAX_WAIT_MS, 1000 * 2 ** (failures - 1)))
      }
      for (const type of EVENT_TYPES) source.addEventListener(type, heard)
      // Some of what was missed is no longer kept.
      source.addEventListener('reset', () => void client.invalidateQueries())
    }
    const close = () => {
      window.clearTimeout(retry)
      source?.close()
      source = null
    }
    const sleep = () => {
      hide = undefined
      close()
      // Without an event to go on from, the next stream begins at what is new then.
      if (lastId === null) wasCut = true
      failures = 0
      setConnection('connecting')
    }
    const onVisibility = () => {
      window.clearTimeout(hide)
      hide = undefined
      if (!document.hidden) {
        if (!source) open()
      } else if (source) hide = window.setTimeout(sleep, HIDDEN_MS)
    }
    // A page that is opened or restored in the background waits until it is looked at.
    if (!document.hidden) open()
    document.addEventListener('visibilitychange', onVisibility)
    return () => {
      document.removeEventListener('visibilitychange', onVisibility)
      window.clearTimeout(hide)
      close()
      window.clearTimeout(refresh)
    }
  }, [client])

  return <LiveContext value={{ connection, subscribe: subscribe.current }}>{children}</LiveContext>
}
