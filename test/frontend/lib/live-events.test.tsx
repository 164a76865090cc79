// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type CardVideo, resultsQuery } from '../../../frontend/src/api/search.ts'
import { LiveEventsProvider, useConnection } from '../../../frontend/src/lib/live-events.tsx'
import { selection } from '../../../frontend/src/lib/selection.ts'

/** The part of the browser's EventSource that is used; happy-dom has none. */
class Source extends EventTarget {
  static readonly CLOSED = 2
  static all: Source[] = []
  static open = () => Source.all.filter(({ readyState }) => readyState !== Source.CLOSED)
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
    Source.all.push(this)
  }
  close() {
    this.readyState = Source.CLOSED
  }
  tell(id: number, type: string, data: Record<string, unknown>) {
    const text = JSON.stringify({ id, type, time: '2026-01-01T00:00:00Z', data })
    act(() => void this.dispatchEvent(new MessageEvent(type, { data: text })))
  }
}

let hidden: boolean
let client: QueryClient
let invalidated: unknown[]

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Source)
  Source.all = []
  hidden = false
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
  client = new QueryClient()
  invalidated = []
  const invalidate = client.invalidateQueries.bind(client)
  client.invalidateQueries = (filters, options) => {
    invalidated.push(filters?.queryKey ?? 'all')
    return invalidate(filters, options)
  }
})
afterEach(() => {
  cleanup()
  selection.clear()
  Reflect.deleteProperty(document, 'hidden')
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function look(isHidden: boolean) {
  hidden = isHidden
  act(() => void document.dispatchEvent(new Event('visibilitychange')))
}
const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))
const Shown = () => <p data-testid="state">{useConnection()}</p>
const state = () => screen.getByTestId('state').textContent

function show() {
  render(
    <QueryClientProvider client={client}>
      <LiveEventsProvider>
        <Shown />
      </LiveEventsProvider>
    </QueryClientProvider>,
  )
}
const opened = () => act(() => Source.all.at(-1)?.onopen?.())

it('gives its connection back after five hidden seconds and goes on from the last event', async () => {
  show()
  opened()
  Source.all[0]?.tell(41, 'export.updated', {})
  look(true)
  await wait(4_900)
  expect(Source.open()).toHaveLength(1)
  await wait(200)
  expect(Source.open()).toHaveLength(0)
  await wait(60_000)
  expect(Source.all).toHaveLength(1)
  expect(state()).toBe('connecting')
  look(false)
  expect(Source.open().map(({ url }) => url)).toEqual(['/api/events?last_event_id=41'])
  opened()
  expect(state()).toBe('live')
  // What was missed comes as events.
  expect(invalidated).toEqual([['datasets']])
})

it('keeps its connection through a short look at another tab', async () => {
  show()
  opened()
  look(true)
  await wait(3_000)
  look(false)
  await wait(20_000)
  expect(Source.all).toHaveLength(1)
  expect(Source.open()).toHaveLength(1)
  expect(state()).toBe('live')
})

it('asks for everything when it slept before any event came', async () => {
  show()
  opened()
  look(true)
  await wait(6_000)
  look(false)
  expect(Source.open().map(({ url }) => url)).toEqual(['/api/events'])
  expect(invalidated).toEqual([])
  opened()
  expect(invalidated).toEqual(['all'])
})

it('opens nothing in the background until it is looked at, and never says that the server is away', async () => {
  hidden = true
  show()
  await wait(60_000)
  expect(Source.all).toHaveLength(0)
  expect(state()).toBe('connecting')
  look(false)
  expect(Source.open()).toHaveLength(1)
})

it('stops trying while it is hidden', async () => {
  show()
  const first = Source.all[0]
  act(() => {
    first?.close()
    first?.onerror?.()
    first?.onerror?.()
  })
  expect(state()).toBe('offline')
  look(true)
  await wait(60_000)
  expect(Source.open()).toHaveLength(0)
  expect(state()).toBe('connecting')
})

it('asks for a video once in 700 ms, however many events tell of it', async () => {
  show()
  opened()
  for (let id = 1; id <= 50; id++) Source.all[0]?.tell(id, 'video.updated', { video_id: 'v1' })
  Source.all[0]?.tell(51, 'video.updated', { video_id: 'v2' })
  expect(invalidated).toEqual([])
  await wait(700)
  expect(invalidated).toEqual([['stats'], ['tasks'], ['video', 'v1'], ['video', 'v2']])
})

it('takes a forgotten video out of the results and the selection', () => {
  const card = (id: string) => ({ id }) as CardVideo
  const { queryKey } = resultsQuery(true, { q: 'weld' })
  client.setQueryData(queryKey, {
    pages: [
      { videos: [card('a'), card('b')], mode: 'hybrid', next_cursor: 'x' },
      { videos: [card('c')], mode: 'hybrid', next_cursor: null },
    ],
    pageParams: [null, 'x'],
  })
  selection.addAll([
    { id: 'a', title: 'A' },
    { id: 'b', title: 'B' },
  ])
  show()
  Source.all[0]?.tell(7, 'video.forgotten', { video_id: 'b' })
  const ids = client.getQueryData(queryKey)?.pages.map(({ videos }) => videos.map(({ id }) => id))
  expect(ids).toEqual([['a'], ['c']])
  expect([...selection.get().keys()]).toEqual(['a'])
})
