// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SmallVideo } from '../../../frontend/src/api/video.ts'
import { ToastProvider } from '../../../frontend/src/components/ui/toast.tsx'
import { ForgetDialog } from '../../../frontend/src/pages/video/header/forget-dialog.tsx'

let asked: { path: string; body: unknown }[]
let answer: () => Response

beforeEach(() => {
  asked = []
  answer = () => Response.json({ video_id: 'v1' })
  vi.stubGlobal('fetch', async (path: string, init: { body: string }) => {
    asked.push({ path, body: JSON.parse(init.body) })
    return answer()
  })
})
afterEach(() => {
  cleanup()
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
    <QueryClientProvider client={new QueryClient()}>
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

it('stays and says what the server said when it refuses', async () => {
  answer = () =>
    Response.json({ code: 'video-not-found', detail: 'There is none.' }, { status: 404 })
  const user = show()
  await user.type(screen.getByLabelText('Reason'), 'x')
  await user.click(screen.getByRole('button', { name: 'Forget the video' }))
  expect((await screen.findByText('There is none.')).textContent).toBe('There is none.')
  expect(screen.queryByText('the search')).toBeNull()
})
