// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import type { Task } from '../../../frontend/src/api/tasks.ts'
import { ToastProvider } from '../../../frontend/src/components/ui/toast.tsx'
import { TaskAccountTable } from '../../../frontend/src/pages/index/task-account.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const account = {
  ...{ asked: 500, found: 812, accepted: 500, in_work: 0, replaced: 112, duplicates: 12, spare: 0 },
  rejected: { 'too-long': 200, 'same-content': 12 },
  failed: { 'video-private': 60, 'rate-limited': 40 },
}

it('shows what became of each video, and tries one class of failures again', async () => {
  const sent: unknown[] = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    sent.push([path, JSON.parse(String(init.body))])
    return Response.json({}, { status: 202 })
  })
  const task = { id: 't', query: 'welding', status: 'completed', account } as unknown as Task
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ToastProvider>
        <TaskAccountTable task={task} />
      </ToastProvider>
    </QueryClientProvider>,
  )
  const sums = screen
    .getAllByRole('term')
    .map((term) => `${term.textContent} ${term.nextSibling?.textContent}`)
  expect(sums).toEqual([
    ...['asked 500', 'found 812', 'accepted 500', 'rejected 212', 'failed 100', 'replaced 112'],
  ])
  const failed = within(screen.getByRole('list', { name: 'Failed' }))
  expect(failed.getAllByRole('listitem').map((item) => item.textContent)).toEqual([
    '60private Retry',
    '40site asks for fewer requests Retry',
  ])
  fireEvent.click(failed.getByRole('button', { name: 'Retry site asks for fewer requests' }))
  await waitFor(() => expect(sent).toEqual([['/api/tasks/t/retry', { codes: ['rate-limited'] }]]))
})
