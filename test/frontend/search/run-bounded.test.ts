import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { runBounded } from '../../../frontend/src/lib/run-bounded.ts'

it('does everything, at most so many at once, and names what failed in order', async () => {
  let running = 0
  let most = 0
  const progress: number[] = []
  const failures = await runBounded(
    [5, 1, 4, 2, 3, 6],
    2,
    async (number) => {
      most = Math.max(most, ++running)
      await wait(number)
      running--
      if (number % 2 === 1) throw new Error(`odd ${number}`)
    },
    { onDone: (done) => progress.push(done) },
  )
  expect(most).toBe(2)
  expect(progress).toEqual([1, 2, 3, 4, 5, 6])
  expect(failures.map(({ item, error }) => [item, (error as Error).message])).toEqual([
    [5, 'odd 5'],
    [1, 'odd 1'],
    [3, 'odd 3'],
  ])
})

it('starts nothing more once it is aborted', async () => {
  const stop = new AbortController()
  const started: number[] = []
  await runBounded(
    [1, 2, 3],
    1,
    async (number) => {
      started.push(number)
      stop.abort()
    },
    { signal: stop.signal },
  )
  expect(started).toEqual([1])
})
