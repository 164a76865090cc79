import path from 'node:path'
import { expect, it } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { startMediaServer } from '../support/media-server.ts'
import { programLibrary } from '../support/program.ts'

it('tasks retry takes up the class that is named, and cancel refuses what is over', async () => {
  await using media = await startMediaServer()
  await using library = await programLibrary({ FORGEINDEX_COMMONS_URL: media.url })
  const clip = await makeClip(path.join(library.folder, 'clip.mp4'))
  const url = media.serve('/film.mp4', { body: 'no film', type: 'video/mp4' })
  const first = await library.run('ingest', url, '--json')
  const { id, failures } = JSON.parse(first.stdout)
  const [code] = Object.keys(failures)
  expect(failures).toEqual({ [code ?? '']: 1 })
  media.serve('/film.mp4', { body: clip })
  const other = await library.run('tasks', 'retry', id, '--code', 'network')
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('failed with network') })
  const retried = await library.run('tasks', 'retry', id, '--code', code ?? '', '--json')
  expect(retried.code, retried.stderr).toBe(0)
  expect(JSON.parse(retried.stdout)).toMatchObject({ id, videos_processed: 1, videos_failed: 0 })
  const late = await library.run('tasks', 'cancel', id)
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing to cancel') })
}, 300_000)
