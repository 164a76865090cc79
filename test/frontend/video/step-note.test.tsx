// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import type { SmallVideo } from '../../../frontend/src/api/video.ts'
import { StepNote } from '../../../frontend/src/pages/video/panels/step-note.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show(step: Partial<SmallVideo['steps'][number]>, detector: object) {
  vi.stubGlobal('fetch', async () => Response.json({ checks: { models: { detector } } }))
  const video = { status: 'completed' } as SmallVideo
  render(
    <QueryClientProvider client={new QueryClient()}>
      <StepNote
        step={{ name: 'detection', state: 'skipped', seconds: null, counts: {}, ...step }}
        video={video}
      />
    </QueryClientProvider>,
  )
}
const command = 'docker compose run --rm worker models pull yolov8n.pt'

it('names the command that installs what was missing, and what to do then', async () => {
  show({ reason: 'model-missing' }, { ok: false, command })
  expect(screen.getByText('This step was skipped: model not installed.')).toBeTruthy()
  expect((await screen.findByText(command)).tagName).toBe('CODE')
  expect(screen.getByText('Then choose Reprocess under Actions.')).toBeTruthy()
})

it('says that it is there now, when it is', async () => {
  show({ reason: 'model-missing' }, { ok: true })
  await screen.findByText('It is installed now: choose Reprocess under Actions.')
})

it('says why else a step gave nothing', () => {
  show({ reason: 'no-keyframes' }, { ok: true })
  expect(screen.getByText('Skipped: there are no keyframes.')).toBeTruthy()
  cleanup()
  show({ state: 'failed', message: 'The disk is full.' }, { ok: true })
  expect(screen.getByText('The disk is full.')).toBeTruthy()
  cleanup()
  show({ state: 'pending' }, { ok: true })
  expect(screen.getByText('This step did not run.')).toBeTruthy()
})
