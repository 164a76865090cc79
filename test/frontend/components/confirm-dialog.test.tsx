// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { afterEach, expect, it } from 'vitest'
import { ConfirmDialog } from '../../../frontend/src/components/confirm-dialog.tsx'

afterEach(cleanup)

const client = new QueryClient()

function Asked() {
  const [open, setOpen] = useState(false)
  return (
    <QueryClientProvider client={client}>
      <button type="button" onClick={() => setOpen(true)}>
        Ask
      </button>
      <ConfirmDialog
        open={open}
        onOpenChange={setOpen}
        title="Delete?"
        description="All of it."
        action="Delete"
        onConfirm={() => Promise.reject(new Error('It is in use.'))}
      />
    </QueryClientProvider>
  )
}

it('shows why it failed, and no more of it when it is opened again', async () => {
  const user = userEvent.setup()
  render(<Asked />)
  await user.click(screen.getByRole('button', { name: 'Ask' }))
  await user.click(screen.getByRole('button', { name: 'Delete' }))
  await screen.findByText('It is in use.')
  await user.click(screen.getByRole('button', { name: 'Keep it' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  await user.click(screen.getByRole('button', { name: 'Ask' }))
  await screen.findByRole('button', { name: 'Delete' })
  expect(screen.queryByText('It is in use.')).toBeNull()
})
