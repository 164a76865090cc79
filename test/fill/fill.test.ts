import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CandidatePage, Estimate, Task } from '../../src/api/schemas/tasks.ts'
import {
  downloads,
  type FilmKind,
  filmSettings,
  startFilmArchive,
} from '../support/archive-films.ts'
import type { ArchiveServer } from '../support/archive-server.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const FORMS = ['embedded' as const, ...(testDatabaseUrl() ? (['server'] as const) : [])]
const good = (count: number): FilmKind[] => Array.from({ length: count }, () => 'good')

describe.each(FORMS)('a task with words (%s)', (form) => {
  let server: ArchiveServer
  let library: OwnLibrary

  beforeAll(async () => {
    server = await startFilmArchive({
      faulty: Array.from({ length: 40 }, (_, i) => {
        if (i % 5 === 1) return 'text'
        if (i % 5 === 3) return i % 2 === 0 ? 'gone' : 'too-long'
        return i === 4 || i === 9 ? 'same' : 'good'
      }),
      short: ['good', 'text', 'good', 'gone', 'good'],
      lathe: good(2),
      'wood turning': ['good', 'text', 'good', 'good'],
      heavy: good(8),
      late: good(3),
      dry: ['good', 'good', 'good'],
    })
    library = await openOwnLibrary(filmSettings(server), { form })
  })
  afterAll(async () => {
    await library?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  async function ingest(wish: object): Promise<Task> {
    const { status, body } = await library.ask<Task>('POST', '/api/ingest', {
      platform: 'archive',
      ...wish,
    })
    expect(status, JSON.stringify(body)).toBe(202)
    return (await library.finished(body.id)) as unknown as Task
  }

  it('goes on until as many good videos are there as were asked for, and accounts for the others', async () => {
    const task = await ingest({ query: 'faulty', max_videos: 10 })
    expect(task).toMatchObject({ status: 'completed', videos_processed: 10 })
    const { account } = task
    expect(account).toMatchObject({ asked: 10, accepted: 10, in_work: 0 })
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)
    expect(account.found).toBe(10 + sum(account.rejected) + sum(account.failed))
    expect(account.found).toBe(task.videos_found)
    expect(account.rejected).toEqual({ 'same-content': 1 })
    expect(Object.keys(account.failed).sort()).toEqual(['not-a-video', 'too-long', 'video-gone'])
    expect(account.replaced).toBe(account.found - 10)
    expect([...downloads(server).values()].every((times) => times === 1)).toBe(true)
  })

  it('ends with what there is when the sources have no more; a class is tried again alone', async () => {
    const task = await ingest({ query: 'short', max_videos: 4 })
    expect(task).toMatchObject({ status: 'completed', videos_processed: 3, videos_found: 5 })
    expect(task.account.failed).toEqual({ 'not-a-video': 1, 'video-gone': 1 })
    const retry = (codes: string[]) =>
      library.ask<{ code?: string }>('POST', `/api/tasks/${task.id}/retry`, { codes })
    expect(await retry(['rate-limited'])).toMatchObject({
      status: 409,
      body: { code: 'nothing-to-retry' },
    })
    const [text, gone] = ['/7/items/short-002/film.mp4', '/7/items/short-004/film.mp4']
    const before = downloads(server)
    expect((await retry(['not-a-video'])).status).toBe(202)
    const after = (await library.finished(task.id)) as unknown as Task
    expect(after.account.failed).toEqual({ 'not-a-video': 1, 'video-gone': 1 })
    expect(downloads(server).get(text)).toBe((before.get(text) ?? 0) + 1)
    expect(downloads(server).get(gone)).toBe(before.get(gone))
  })

  it("searches with the taxonomy's words once the plain query brings no more", async () => {
    const plain = await ingest({ query: 'lathe', max_videos: 4 })
    expect(plain.account).toMatchObject({ asked: 4, accepted: 2 })
    expect(plain.variants).toEqual([])
    server.searches.length = 0
    const task = await ingest({ query: 'lathe', max_videos: 4, expand: true })
    const at = task.variants.indexOf('wood turning')
    expect(at).toBeGreaterThan(0)
    expect(task.account).toMatchObject({ asked: 4, found: 5, accepted: 4, replaced: 1 })
    const asked = server.searches.map((search) => /\(([^()]*)\)$/.exec(search.get('q') ?? '')?.[1])
    expect(asked.slice(0, at + 2)).toEqual(['lathe', ...task.variants.slice(0, at + 1)])
    const path = `/api/tasks/${task.id}/candidates`
    const { body } = await library.ask<CandidatePage>('GET', path)
    // One more is in reserve.
    const decided = body.items.filter(({ state }) => state !== 'found')
    expect(decided.map(({ variant }) => variant)).toEqual([
      ...[null, null, 'wood turning', 'wood turning', 'wood turning'],
    ])
  })

  it('ends at its cap on bytes and says so', async () => {
    const wish = { platform: 'archive', query: 'heavy', max_videos: 8 }
    const found = await library.ask<Estimate>('POST', '/api/ingest', { ...wish, dry_run: true })
    const one = (found.body.bytes ?? 0) / found.body.candidates
    const task = await ingest({ ...wish, max_bytes: Math.floor(one * 3.5) })
    expect(task.status).toBe('completed')
    expect(task.account).toMatchObject({ asked: 8, accepted: 3, in_work: 0 })
    expect(task.notes.map(({ code }) => code)).toEqual(['max-bytes-reached'])
  })

  it('ends at its cap on time and says so', async () => {
    const task = await ingest({ query: 'late', max_videos: 3, max_seconds: 0.001 })
    expect(task).toMatchObject({ status: 'failed', videos_found: 0 })
    expect(task.notes.map(({ code }) => code)).toEqual(['max-seconds-reached'])
  })

  it('is estimated without a trace', async () => {
    const { db } = library.services.database
    const rows = async () =>
      await Promise.all(
        (['ingestion_tasks', 'candidates', 'videos', 'task_notes', 'source_runs'] as const).map(
          async (table) =>
            (await db.selectFrom(table).select(db.fn.countAll().as('n')).execute())[0]?.n,
        ),
      )
    const before = await rows()
    const { status, body } = await library.ask<Estimate>('POST', '/api/ingest', {
      ...{ platform: 'archive', query: 'dry', max_videos: 5, dry_run: true },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      dry_run: true,
      candidates: 3,
      sampled: 3,
      apify_cost_usd: null,
      by_platform: { archive: 3 },
      licences: { 'CC-BY-3.0': 3 },
      rejected: {},
      notes: [],
    })
    expect(body.bytes).toBeGreaterThan(3000)
    expect(body.samples.map(({ title }) => title)).toEqual(['dry 1', 'dry 2', 'dry 3'])
    expect(await rows()).toEqual(before)
  })
})
