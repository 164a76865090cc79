// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useRef } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type SmallVideo, videoQuery } from '../../../frontend/src/api/video.ts'
import { ToastProvider } from '../../../frontend/src/components/ui/toast.tsx'
import { TagBar } from '../../../frontend/src/pages/video/header/tag-bar.tsx'

/** The server's tags, what it was asked, and the answers that it holds back. */
let tags: SmallVideo['tags']
let asked: string[]
let refusal: string | null
let release: (() => void) | null

beforeEach(() => {
  tags = [{ tag: 'person', source: 'auto' }]
  asked = []
  refusal = null
  release = null
  vi.stubGlobal('fetch', async (path: string, init: { method?: string; body?: string }) => {
    if (path.startsWith('/api/facets')) return Response.json({ facets: { tags: [] } })
    if (!init.method || init.method === 'GET') return Response.json({ id: 'v', tags })
    const tag = init.body ? JSON.parse(init.body).tag : path.split('/').at(-1)
    asked.push(`${init.method} ${tag}`)
    await new Promise<void>((resolve) => {
      release = resolve
    })
    if (refusal) return Response.json({ code: 'refused', detail: refusal }, { status: 409 })
    tags = tags.filter((each) => each.tag !== tag)
    if (init.method === 'POST') tags = [...tags, { tag, source: 'manual' }]
    return init.method === 'POST'
      ? Response.json({ tag, source: 'manual' }, { status: 201 })
      : new Response(null, { status: 204 })
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function Page() {
  const video = useQuery(videoQuery('v'))
  const input = useRef<HTMLInputElement>(null)
  return video.data ? <TagBar video={video.data} inputRef={input} /> : null
}

async function show() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ToastProvider>
        <Page />
      </ToastProvider>
    </QueryClientProvider>,
  )
  const input = await screen.findByRole('combobox', { name: 'Add a tag' })
  return { user: userEvent.setup(), input }
}
const shown = () => screen.getAllByRole('listitem').map((item) => item.textContent)

it('shows a new tag before the server has answered', async () => {
  const { user, input } = await show()
  await user.type(input, '  Night Shift {Enter}')
  await waitFor(() => expect(shown()).toEqual(['person, automatic', 'night shift, by hand']))
  expect(asked).toEqual(['POST night shift'])
  expect(tags).toHaveLength(1)
  release?.()
  await waitFor(() => expect(tags).toHaveLength(2))
})

it('takes it back and says why when the server refuses', async () => {
  refusal = 'The video is gone.'
  const { user, input } = await show()
  await user.type(input, 'weld{Enter}')
  await waitFor(() => expect(shown()).toHaveLength(2))
  release?.()
  await waitFor(() => expect(shown()).toEqual(['person, automatic']))
  expect(screen.getByText('The tag weld was not added: The video is gone.')).toBeTruthy()
})

it('brings a removed tag back when the server refuses, with its source', async () => {
  refusal = 'Not now.'
  const { user } = await show()
  await user.click(screen.getByRole('button', { name: 'Remove the tag person' }))
  await waitFor(() => expect(screen.queryAllByRole('listitem')).toEqual([]))
  release?.()
  await waitFor(() => expect(shown()).toEqual(['person, automatic']))
})

it('does not ask for a tag that is there', async () => {
  const { user, input } = await show()
  await user.type(input, 'Person{Enter}')
  expect(asked).toEqual([])
})
