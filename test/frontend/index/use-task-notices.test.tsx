// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { act, cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Task } from '../../../frontend/src/api/tasks.ts'
import { useTaskNotices } from '../../../frontend/src/pages/index/use-task-notices.ts'

let hidden: boolean
let asked: number
let answer: () => Promise<Task[]>
let notices: string[]

const task = (status: Task['status']) =>
  ({ id: 't1', kind: 'query', query: 'welding', status, videos_processed: 2 }) as unknown as Task

class Notice {
  static requestPermission = async () => 'granted'
  constructor(title: string) {
    notices.push(title)
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('Notification', Notice)
  hidden = false
  asked = 0
  notices = []
  answer = async () => [task('running')]
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
})
afterEach(() => {
  cleanup()
  Reflect.deleteProperty(document, 'hidden')
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function Page() {
  const { data } = useQuery({
    queryKey: ['tasks', 'list'],
    queryFn: () => {
      asked++
      return answer()
    },
    retry: false,
  })
  const { state, toggle } = useTaskNotices(data)
  return (
    <button type="button" onClick={toggle}>
      {state}
    </button>
  )
}
const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))

async function show(isWanted: boolean) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Page />
    </QueryClientProvider>,
  )
  await wait(1)
  if (isWanted) act(() => screen.getByRole('button').click())
  await wait(1)
  expect(screen.getByRole('button').textContent).toBe(isWanted ? 'on' : 'off')
}

it('asks for the tasks while the page is hidden, through faults, and tells of the end', async () => {
  await show(true)
  await wait(9_000)
  expect(asked).toBe(1)
  hidden = true
  answer = () => Promise.reject(new Error('away'))
  await wait(6_000)
  expect(asked).toBe(3)
  answer = async () => [task('completed')]
  await wait(3_100)
  expect(notices).toHaveLength(1)
  expect(notices[0]).toMatch(/^Finished: /)
})

it('waits for a slow answer', async () => {
  await show(true)
  hidden = true
  answer = () => new Promise((done) => setTimeout(done, 8_000, [task('completed')]))
  await wait(8_500)
  expect(asked).toBe(2)
  await wait(2_600)
  expect(notices).toHaveLength(1)
})

it('asks for nothing while nobody waits for a notice', async () => {
  await show(false)
  hidden = true
  await wait(60_000)
  expect(asked).toBe(1)
})
