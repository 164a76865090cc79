// @vitest-environment happy-dom
import { cleanup, render } from '@testing-library/react'
import { afterEach, expect, it } from 'vitest'
import type { Health } from '../../../frontend/src/api/stats.ts'
import { ModelsNotice } from '../../../frontend/src/pages/index/models-notice.tsx'

afterEach(cleanup)

const PREFIX = 'docker compose run --rm worker'
const fine = { ok: true, detail: '' }

/** The commands that are shown, in order. */
function commands(checks: Partial<Health['checks']>): string[] {
  const health: Health = {
    status: 'degraded',
    command_prefix: PREFIX,
    checks: { database: fine, storage: fine, ffmpeg: fine, yt_dlp: fine, models: {}, ...checks },
  }
  const { container } = render(<ModelsNotice health={health} />)
  return [...container.querySelectorAll('code')].map(({ textContent }) => textContent ?? '')
}
const missing = (name: string) => ({
  ok: false,
  detail: 'not installed',
  name,
  command: `${PREFIX} models pull ${name}`,
})

it('names the command of one missing model as the server says it', () => {
  expect(commands({ models: { detector: missing('yolox-nano') } })).toEqual([
    'docker compose run --rm worker models pull yolox-nano',
    'docker compose run --rm worker recompute',
  ])
})

it('pulls several models at once, and asks the doctor about programs', () => {
  const models = { detector: missing('yolox-nano'), speech: missing('base') }
  expect(commands({ models, yt_dlp: { ok: false, detail: 'away' } })).toEqual([
    'docker compose run --rm worker doctor',
    'docker compose run --rm worker models pull',
    'docker compose run --rm worker recompute',
  ])
})
