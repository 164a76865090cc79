// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  CreateDatasetDialog,
  type DatasetSource,
} from '../../../frontend/src/components/create-dataset-dialog.tsx'

let sent: { path: string; signal: AbortSignal | null }[]

beforeEach(() => {
  sent = []
  vi.stubGlobal('fetch', (path: string, { signal }: RequestInit) => {
    sent.push({ path, signal: signal ?? null })
    return new Promise(() => {})
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function Opened({ source }: { source: DatasetSource }) {
  const [open, setOpen] = useState(true)
  return (
    <QueryClientProvider client={new QueryClient()}>
      <CreateDatasetDialog source={open ? source : null} onClose={() => setOpen(false)} />
    </QueryClientProvider>
  )
}

/** Submits a dialog whose videos are gathered by hand. */
async function submit() {
  let gathered: (filters: Record<string, unknown>) => void = () => {}
  let stop: AbortSignal | null = null
  const source: DatasetSource = {
    words: [],
    count: 3,
    filters: (_best, _onProgress, signal) => {
      stop = signal
      return new Promise((resolve) => {
        gathered = resolve
      })
    },
  }
  const user = userEvent.setup()
  render(<Opened source={source} />)
  await user.type(screen.getByLabelText('Name'), 'cnc')
  await user.click(screen.getByRole('button', { name: 'Create dataset' }))
  await waitFor(() => expect(stop).not.toBeNull())
  return { user, gathered: () => gathered({ tags: ['cnc'] }), stop: stop as unknown as AbortSignal }
}

it('makes nothing when Escape closed it while the videos were gathered', async () => {
  const { user, gathered, stop } = await submit()
  expect(stop.aborted).toBe(false)
  await user.keyboard('{Escape}')
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(stop.aborted).toBe(true)
  gathered()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent).toEqual([])
})

it('breaks the request off when the X closes it while that is under way', async () => {
  const { user, gathered } = await submit()
  gathered()
  await waitFor(() => expect(sent).toHaveLength(1))
  expect(sent[0]).toMatchObject({ path: '/api/dataset', signal: { aborted: false } })
  await user.click(screen.getByRole('button', { name: 'Close' }))
  expect(sent[0]?.signal?.aborted).toBe(true)
})
