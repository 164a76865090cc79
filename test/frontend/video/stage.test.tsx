// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SmallVideo } from '../../../frontend/src/api/video.ts'
import { Stage } from '../../../frontend/src/pages/video/player/stage.tsx'
import { LabelsProvider } from '../../../frontend/src/pages/video/state/labels-context.tsx'
import { Player } from '../../../frontend/src/pages/video/state/player.ts'
import { PlayerProvider } from '../../../frontend/src/pages/video/state/player-context.tsx'

beforeEach(() => void vi.stubGlobal('fetch', async () => Response.json({})))
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function page(player: Player, change: Partial<SmallVideo>) {
  const video = {
    id: 'v',
    title: 'Clip',
    status: 'downloading',
    media_url: null,
    thumbnail_url: null,
    width: null,
    height: null,
    keyframe_count: 0,
    ...change,
  } as SmallVideo
  return (
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter>
        <PlayerProvider player={player}>
          <LabelsProvider>
            <Stage video={video} keyframe={null} boxes={new Map()} />
          </LabelsProvider>
        </PlayerProvider>
      </MemoryRouter>
    </QueryClientProvider>
  )
}

it('follows a file that arrives while the page is open, and one that goes', () => {
  const player = new Player(10, 4)
  const { rerender } = render(page(player, {}))
  expect(screen.getByText('The file is not here yet.')).toBeTruthy()
  const file = { media_url: '/media/v.mp4', width: 640, height: 360 }
  rerender(page(player, file))
  const element = screen.getByLabelText<HTMLVideoElement>('Clip')
  fireEvent(element, new Event('loadedmetadata'))
  expect(element.currentTime).toBe(4)
  player.seek(6)
  expect(element.currentTime).toBe(6)
  rerender(page(player, {}))
  player.seek(8)
  expect(element.currentTime).toBe(6)
})
