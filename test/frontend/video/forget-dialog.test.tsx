// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type CardVideo, resultsQuery } from '../../../frontend/src/api/search.ts'
import type { SmallVideo } from '../../../frontend/src/api/video.ts'
import { ToastProvider } from '../../../frontend/src/components/ui/toast.tsx'
import { selection } from '../../../frontend/src/lib/selection.ts'
import { ForgetDialog } from '../../../frontend/src/pages/video/header/forget-dialog.tsx'

let client: QueryClient
let asked: { path: string; body: unknown }[]
let answer: () => Response

beforeEach(() => {
  client = new QueryClient()
  asked = []
  answer = () => Response.json({ video_id: 'v1' })
  vi.stubGlobal('fetch', async (path: string, init: { body: string }) => {
    asked.push({ path, body: JSON.parse(init.body) })
    return answer()
  })
})
afterEach(() => {
  cleanup()
  selection.clear()
  vi.unstubAllGlobals()
})

function show() {
  const video = { id: 'v1' } as SmallVideo
  const dialog = <ForgetDialog video={video} open onOpenChange={() => {}} />
  const router = createMemoryRouter(
    [
      { path: '/videos/v1', element: dialog },
      { path: '/search', element: <p>the search</p> },
    ],
    { initialEntries: ['/videos/v1'] },
  )
  render(
    <QueryClientProvider client={client}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>,
  )
  return userEvent.setup()
}

it('asks for a reason, forgets, and leaves the page', async () => {
  const user = show()
  const button = screen.getByRole('button', { name: 'Forget the video' })
  await user.click(button)
  expect((await screen.findByRole('alert')).textContent).toBe('Say why: the reason is kept.')
  expect(asked).toEqual([])
  await user.type(screen.getByLabelText('Reason'), 'Asked for by Ann')
  await user.click(button)
  await screen.findByText('the search')
  expect(asked).toEqual([{ path: '/api/videos/v1/forget', body: { reason: 'Asked for by Ann' } }])
})

it('takes the video out of the results that were loaded and out of the selection', async () => {
  const { queryKey } = resultsQuery(false, {})
  const videos = ['v0', 'v1', 'v2'].map((id) => ({ id }) as CardVideo)
  client.setQueryData(queryKey, {
    pages: [{ videos, mode: null, next_cursor: null }],
    pageParams: [null],
  })
  selection.addAll(videos.map(({ id }) => ({ id, title: id })))
  const user = show()
  await user.type(screen.getByLabelText('Reason'), 'x')
  await user.click(screen.getByRole('button', { name: 'Forget the video' }))
  await screen.findByText('the search')
  await vi.waitFor(() => expect([...selection.get().keys()]).toEqual(['v0', 'v2']))
  const left = client.getQueryData(queryKey)?.pages.flatMap((page) => page.videos)
  expect(left?.map(({ id }) => id)).toEqual(['v0', 'v2'])
})

it('stays and says what the server said when it refuses', async () => {
  answer = () =>
    Response.json({ code: 'video-not-found', detail: 'There is none.' }, { status: 404 })
  const user = show()
  await user.type(screen.getByLabelText('Reason'), 'x')
  await user.click(screen.getByRole('button', { name: 'Forget the video' }))
  expect((await screen.findByText('There is none.')).textContent).toBe('There is none.')
  expect(screen.queryByText('the search')).toBeNull()
})
