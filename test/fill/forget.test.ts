import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Candidate, Task } from '../../src/api/schemas/tasks.ts'
import { downloads, filmSettings, startFilmArchive } from '../support/archive-films.ts'
import type { ArchiveServer } from '../support/archive-server.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const FORMS = ['embedded' as const, ...(testDatabaseUrl() ? (['server'] as const) : [])]

describe.each(FORMS)('searches and forgotten videos (%s)', (form) => {
  let server: ArchiveServer
  let library: OwnLibrary
  beforeAll(async () => {
    server = await startFilmArchive({
      lathe: ['good', 'good', 'good', 'good'],
      press: ['good', 'good', 'good', 'good', 'good'],
    })
    library = await openOwnLibrary(filmSettings(server), { form })
  })
  afterAll(async () => {
    await library?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  async function start(query: string, max_videos: number): Promise<string> {
    const wish = { query, max_videos, platform: 'archive' }
    return (await library.ask<Task>('POST', '/api/ingest', wish)).body.id
  }
  const finished = async (id: string) => (await library.finished(id)) as unknown as Task
  const candidates = async (id: string) =>
    (await library.ask<{ items: Candidate[] }>('GET', `/api/tasks/${id}/candidates`)).body.items
  const forget = (id: string) =>
    library.ask('POST', `/api/videos/${id}/forget`, { reason: 'not wanted' })

  it('takes another one instead of a forgotten one, which is not fetched again', async () => {
    const first = await start('lathe', 2)
    expect(await finished(first)).toMatchObject({ videos_processed: 2 })
    const [gone] = await candidates(first)
    expect((await forget(gone!.video_id!)).status).toBe(200)
    const again = await finished(await start('lathe', 3))
    expect(again).toMatchObject({ status: 'completed', videos_processed: 3 })
    expect(again.account.rejected).toEqual({ forgotten: 1 })
    expect([...downloads(server).values()].every((times) => times === 1)).toBe(true)
  })

  it('looks for another one in the place of one that is forgotten while the search runs', async () => {
    const id = await start('press', 3)
    let taken: string | undefined
    await expect
      .poll(
        async () => {
          const found = await candidates(id)
          taken = found.find(({ video_id }) => video_id !== null)?.video_id ?? undefined
          return taken
        },
        { interval: 5, timeout: 20_000 },
      )
      .toBeDefined()
    expect((await forget(taken!)).status).toBe(200)
    const task = await finished(id)
    expect(task).toMatchObject({ status: 'completed', videos_processed: 3 })
    expect(task.account.rejected).toEqual({ forgotten: 1 })
  })
})
