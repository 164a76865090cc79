// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { selection } from '../../../frontend/src/lib/selection.ts'
import { TagDialog } from '../../../frontend/src/pages/search/tag-dialog.tsx'

/** Answers of the API by video id; 201 unless named. */
let refused: Record<string, string>
let asked: { id: string; tag: string }[]

beforeEach(() => {
  refused = {}
  asked = []
  vi.stubGlobal('fetch', async (path: string, init: { body: string }) => {
    const id = path.split('/')[3] ?? ''
    asked.push({ id, tag: JSON.parse(init.body).tag })
    const detail = refused[id]
    return detail
      ? Response.json({ code: 'video-not-found', detail }, { status: 404 })
      : Response.json({ tag: 'x', source: 'manual' }, { status: 201 })
  })
})
afterEach(() => {
  cleanup()
  selection.clear()
  vi.unstubAllGlobals()
})

function show() {
  let closed = 0
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TagDialog videos={[]} suggestions={[]} onClose={() => closed++} />
    </QueryClientProvider>,
  )
  return { user: userEvent.setup(), closed: () => closed }
}

it('tags every chosen video and closes', async () => {
  for (const id of ['a', 'b', 'c']) selection.toggle({ id, title: id })
  const { user, closed } = show()
  await user.type(screen.getByLabelText('Tag'), ' Night Shift ')
  await user.click(screen.getByRole('button', { name: 'Add the tag' }))
  await waitFor(() => expect(closed()).toBe(1))
  expect(asked).toEqual(['a', 'b', 'c'].map((id) => ({ id, tag: 'night shift' })))
})

it('names those that did not get it, and tries these alone again', async () => {
  selection.addAll([
    { id: 'a', title: 'Lathe' },
    { id: 'b', title: 'Press' },
  ])
  refused = { b: 'There is no video b.' }
  const { user, closed } = show()
  await user.type(screen.getByLabelText('Tag'), 'x{Enter}')
  const fault = await screen.findByRole('alert')
  expect(fault.textContent).toContain('1 video did not get it')
  expect(fault.textContent).toContain('Press: There is no video b.')
  expect(closed()).toBe(0)
  refused = {}
  asked = []
  await user.click(screen.getByRole('button', { name: 'Try these again' }))
  await waitFor(() => expect(closed()).toBe(1))
  expect(asked).toEqual([{ id: 'b', tag: 'x' }])
})
