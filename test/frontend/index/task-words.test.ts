import { expect, it } from 'vitest'
import type { Task } from '../../../frontend/src/api/tasks.ts'
import {
  askedText,
  failureText,
  mayRetry,
  STAGES,
  stagesOf,
} from '../../../frontend/src/pages/index/task-words.ts'
import { endedSince } from '../../../frontend/src/pages/index/use-task-notices.ts'
import { STEPS } from '../../../src/steps.ts'

function task(values: Partial<Task> = {}): Task {
  return {
    id: 'a',
    query: null,
    platform: 'upload',
    status: 'running',
    max_videos: 10_000,
    videos_found: 0,
    videos_processed: 0,
    videos_failed: 0,
    videos_duplicate: 0,
    progress: 0,
    stages: {},
    failures: {},
    error_message: null,
    error_code: null,
    urls: [],
    path: null,
    taxonomy: 'manufacturing',
    created_at: '2026-11-23T04:00:00.000Z',
    started_at: null,
    finished_at: null,
    ...values,
  } as Task
}

it('shows the steps that the pipeline has, in its order', () => {
  expect(STAGES.map(({ step }) => step)).toEqual(STEPS.map(({ name }) => name))
})

it('shows where the videos are: before a step that fewer have behind them', () => {
  const stages = stagesOf(
    task({ videos_found: 10, videos_failed: 2, stages: { frames: 6, embeddings: 6, dedup: 2 } }),
  )
  expect(stages.slice(0, 5).map(({ done, share, isActive }) => [done, share, isActive])).toEqual([
    [10, 1, false],
    [6, 0.75, true],
    [6, 0.75, false],
    [2, 0.25, true],
    [0, 0, true],
  ])
  expect(stages.slice(5).some(({ isActive }) => isActive)).toBe(false)
})

it('takes no more for the whole than was asked for', () => {
  const [, frames] = stagesOf(task({ videos_found: 60, max_videos: 4, stages: { frames: 1 } }))
  expect(frames?.share).toBe(0.25)
})

it('shows an ended task as ended, however many candidates were refused', () => {
  const stages = stagesOf(
    task({ status: 'completed', videos_found: 60, stages: { frames: 3, embeddings: 3 } }),
  )
  expect(stages.some(({ isActive }) => isActive)).toBe(false)
  expect(stages[1]?.share).toBe(1)
})

it('is looking for videos while it runs and has found none', () => {
  expect(stagesOf(task())[0]).toMatchObject({ label: 'Found', done: 0, isActive: true })
  expect(stagesOf(task({ status: 'failed' }))[0]).toMatchObject({ isActive: false })
})

it('says what was asked for', () => {
  expect(askedText(task({ query: 'welding', platform: 'commons' }))).toBe('welding')
  expect(askedText(task({ urls: ['https://a.example/1'], platform: 'urls' }))).toBe(
    'https://a.example/1',
  )
  expect(askedText(task({ urls: ['a', 'b'], platform: 'urls' }))).toBe('2 addresses')
  expect(askedText(task({ path: 'incoming/1/' }))).toBe('Uploaded files')
  expect(askedText(task({ path: 'incoming/1/', videos_found: 1 }))).toBe('1 uploaded file')
  expect(askedText(task({ path: '/srv/line', platform: 'folder' }))).toBe('/srv/line')
})

it('offers a retry only where one may change something', () => {
  expect(mayRetry(task())).toBe(false)
  expect(mayRetry(task({ status: 'completed' }))).toBe(false)
  expect(mayRetry(task({ status: 'completed', videos_failed: 1 }))).toBe(true)
  expect(mayRetry(task({ status: 'cancelled' }))).toBe(true)
})

it('has words for a failure, and reads the code of one it does not know', () => {
  expect(failureText('age-restricted')).toBe('only for signed-in adults')
  expect(failureText('new-kind-of-fault')).toBe('new kind of fault')
})

it('tells of tasks that ended by themselves since it last looked', () => {
  const before = [
    task({ id: 'a' }),
    task({ id: 'b', status: 'pending' }),
    task({ id: 'c' }),
    task({ id: 'd', status: 'completed' }),
  ]
  const after = [
    task({ id: 'new', status: 'completed' }),
    task({ id: 'a', status: 'completed' }),
    task({ id: 'b', status: 'failed' }),
    task({ id: 'c', status: 'cancelled' }),
    task({ id: 'd', status: 'completed' }),
  ]
  expect(endedSince(before, after).map(({ id }) => id)).toEqual(['a', 'b'])
})
