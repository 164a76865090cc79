// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, renderHook, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Player } from '../../../frontend/src/pages/video/state/player.ts'
import { PlayerProvider } from '../../../frontend/src/pages/video/state/player-context.tsx'
import {
  useKeyframesAround,
  useStandingKeyframe,
} from '../../../frontend/src/pages/video/state/use-frames.ts'

/** Times of the keyframes; minute 3 begins with a stretch without one. */
const TIMES = [10, 50, 70, 110, 130, 170, 200]
/** Lets the answer for the minute go. */
let release: Map<number, () => void>

beforeEach(() => {
  release = new Map()
  vi.stubGlobal('fetch', async (path: string) => {
    const query = new URL(path, 'http://localhost').searchParams
    const [from, to] = [Number(query.get('from')), Number(query.get('to'))]
    await new Promise<void>((resolve) => release.set(from / 60, resolve))
    const items = TIMES.filter((time) => time >= from && time < to)
    return Response.json({ items: items.map((timestamp) => ({ id: `k${timestamp}`, timestamp })) })
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show(player: Player) {
  const client = new QueryClient()
  const { result } = renderHook(
    () => {
      const around = useKeyframesAround('v')
      return { around, standing: useStandingKeyframe(around)?.timestamp ?? null }
    },
    {
      wrapper: ({ children }: { children: ReactNode }) => (
        <QueryClientProvider client={client}>
          <PlayerProvider player={player}>{children}</PlayerProvider>
        </QueryClientProvider>
      ),
    },
  )
  const come = async (minute: number) => {
    await waitFor(() => expect(release.has(minute)).toBe(true))
    await act(async () => {
      release.get(minute)?.()
      await new Promise((resolve) => setTimeout(resolve, 20))
    })
  }
  const seen = () => [result.current.around.map((each) => each.timestamp), result.current.standing]
  return { come, seen }
}

it('has no keyframe before those of its own minute are here', async () => {
  const player = new Player(240, 30)
  const { come, seen } = show(player)
  await come(0)
  await come(1)
  expect(seen()).toEqual([[10, 50, 70, 110], 10])
  // Minute 1 is there, and its last keyframe lies before the playhead; minute 2 is not.
  act(() => player.seek(140))
  expect(seen()).toEqual([[], null])
  await come(2)
  expect(seen()).toEqual([[70, 110, 130, 170], 130])
})

it('has the last keyframe of the minute before when its own begins later, if both are here', async () => {
  const { come, seen } = show(new Player(240, 190))
  await come(3)
  expect(seen()).toEqual([[200], null])
  await come(2)
  expect(seen()).toEqual([[130, 170, 200], 170])
})
