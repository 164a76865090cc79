// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SmallVideo } from '../../../frontend/src/api/video.ts'
import { ToastProvider } from '../../../frontend/src/components/ui/toast.tsx'
import { TranscriptPanel } from '../../../frontend/src/pages/video/panels/transcript-panel.tsx'
import { Player } from '../../../frontend/src/pages/video/state/player.ts'
import { PlayerProvider } from '../../../frontend/src/pages/video/state/player-context.tsx'

const WORDS = ['one red', 'two', 'three red']
/** One segment a page; these pages fail, by index. */
let failing: Set<number>
/** What was asked: the page's index, for a search with its words. */
let asked: string[]

beforeEach(() => {
  failing = new Set()
  asked = []
  vi.stubGlobal('fetch', async (path: string) => {
    const query = new URL(path, 'http://localhost').searchParams
    const page = Number(query.get('cursor') ?? 0)
    const q = query.get('q') ?? ''
    asked.push(`${q}${page}`)
    const all = WORDS.map((text, at) => ({ start_time: at, end_time: at + 1, text })).filter(
      ({ text }) => text.includes(q),
    )
    if (failing.has(page)) return Response.json({ code: 'x', detail: 'Broken.' }, { status: 500 })
    return Response.json({
      language: 'en',
      model_name: 'whisper',
      total: all.length,
      items: all.slice(page, page + 1),
      next_cursor: page + 1 < all.length ? String(page + 1) : null,
    })
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function show() {
  const user = userEvent.setup()
  const video = { id: 'v', title: 'Clip.mp4', steps: [] } as unknown as SmallVideo
  render(
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <ToastProvider>
        <PlayerProvider player={new Player(10)}>
          <TranscriptPanel video={video} />
        </PlayerProvider>
      </ToastProvider>
    </QueryClientProvider>,
  )
  return user
}
const copyButton = () =>
  screen.findByRole<HTMLButtonElement>('button', { name: 'Copy the transcript' })
const rest = () => new Promise((resolve) => setTimeout(resolve, 100))

it('asks once for a page that fails, keeps what is there, and loads the rest when told to', async () => {
  failing.add(1)
  const user = show()
  const more = await screen.findByRole('button', { name: 'Load the rest' })
  await rest()
  expect(asked).toEqual(['0', '1'])
  expect(screen.getByText('English · 3 segments · whisper')).toBeTruthy()
  expect((await copyButton()).disabled).toBe(true)
  failing.clear()
  await user.click(more)
  await waitFor(() => expect(asked).toEqual(['0', '1', '1', '2']))
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Load the rest' })).toBeNull())
  expect((await copyButton()).disabled).toBe(false)
})

it('says what is wrong only when nothing is there, and asks again', async () => {
  failing.add(0)
  const user = show()
  const again = await screen.findByRole('button', { name: 'Try again' })
  await rest()
  expect(asked).toEqual(['0'])
  expect(screen.getByText('Broken.')).toBeTruthy()
  failing.clear()
  await user.click(again)
  await screen.findByText('English · 3 segments · whisper')
})

it('copies and downloads the whole transcript while a part is searched', async () => {
  const user = show()
  const copied = vi.spyOn(navigator.clipboard, 'writeText')
  const files: Blob[] = []
  vi.spyOn(URL, 'createObjectURL').mockImplementation((file) => {
    files.push(file as Blob)
    return 'blob:x'
  })
  await user.type(await screen.findByRole('searchbox'), 'red')
  await screen.findByText('2 segments with “red”')
  await waitFor(() => expect(asked).toContain('red1'))
  await user.click(await copyButton())
  expect(copied).toHaveBeenCalledWith('one red\ntwo\nthree red')
  await user.click(screen.getByRole('button', { name: 'Download the transcript' }))
  await user.click(await screen.findByRole('menuitem', { name: 'SubRip (.srt)' }))
  expect(await files[0]?.text()).toBe(
    [
      '1\n00:00:00,000 --> 00:00:01,000\none red\n',
      '2\n00:00:01,000 --> 00:00:02,000\ntwo\n',
      '3\n00:00:02,000 --> 00:00:03,000\nthree red\n',
    ].join('\n'),
  )
})
