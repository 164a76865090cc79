import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { keepHouse } from '../../src/housekeeping.ts'
import { eventsAfter, lastEventId } from '../../src/store/events.ts'
import { forgetVideoRows } from '../../src/store/forgotten.ts'
import { findForgotten, unsweptForgotten } from '../../src/store/tombstones.ts'
import { beginRun, ownsRun } from '../../src/store/videos.ts'
import { makeClip } from '../support/clip.ts'
import { emptyDatabase } from '../support/library.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { insertKeyframe, insertVideo } from '../support/rows.ts'
import { testDatabaseUrl } from '../support/servers.ts'

interface Item {
  id: string
  title: string
}
interface Candidate {
  title: string
  url: string
  state: string
  reason_code: string | null
  reason: string | null
  video_id: string | null
}
interface Tombstone {
  video_id: string
  reason: string
}

const FORMS = ['embedded', ...(testDatabaseUrl() ? ['server'] : [])] as ('embedded' | 'server')[]
const REASON = 'The person in it asked for it.'

describe.each(FORMS)('forgetting videos (%s)', (form) => {
  let library: OwnLibrary
  beforeAll(async () => {
    library = await openOwnLibrary({}, { form })
  })
  afterAll(() => library?.[Symbol.asyncDispose]())
  beforeEach(() => emptyDatabase(library.services.database))

  async function folderOf(name: string, clips: Record<string, number>): Promise<string> {
    const folder = path.join(library.folder, name)
    await mkdir(folder, { recursive: true })
    for (const [file, seconds] of Object.entries(clips)) {
      await makeClip(path.join(folder, file), { seconds })
    }
    return folder
  }
  async function start(folder: string): Promise<string> {
    const { body } = await library.ask<{ id: string }>('POST', '/api/ingest', {
      query: folder,
      platform: 'folder',
    })
    return body.id
  }
  const ingest = async (folder: string) => await library.finished(await start(folder))
  const videos = async () =>
    (await library.ask<{ items: Item[] }>('GET', '/api/videos')).body.items.map((item) => item)
  const candidates = async (taskId: string) =>
    (await library.ask<{ items: Candidate[] }>('GET', `/api/tasks/${taskId}/candidates`)).body.items
  const forget = (id: string, reason = REASON) =>
    library.ask<Tombstone & { code?: string }>('POST', `/api/videos/${id}/forget`, { reason })
  async function objects(prefix: string): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of library.services.storage.list(prefix)) keys.push(key)
    return keys
  }
  const ofTypes = async (after: number, ...types: string[]) =>
    (await eventsAfter(library.services.database.db, after, { limit: 1000 })).filter(({ type }) =>
      types.includes(type),
    )

  it('removes everything of it, and keeps it out', async () => {
    const { db } = library.services.database
    const folder = await folderOf('both', { 'Ann at the lathe.mp4': 2, 'mill.mp4': 3 })
    const task = await ingest(folder)
    expect(task).toMatchObject({ status: 'completed', videos_processed: 2 })
    const ann = (await videos()).find(({ title }) => title.startsWith('Ann'))!
    const mill = (await videos()).find(({ title }) => title === 'mill.mp4')!
    const { body: dataset } = await library.ask<{ id: string; total_seconds: number }>(
      'POST',
      '/api/dataset',
      { name: 'two' },
    )
    expect(dataset).toMatchObject({ video_count: 2, removed_count: 0 })
    const { body: archive } = await library.ask<{ id: string }>(
      'POST',
      `/api/dataset/${dataset.id}/exports`,
    )
    await expect
      .poll(
        async () =>
          (await library.ask<{ state: string }>('GET', `/api/exports/${archive.id}`)).body.state,
        { timeout: 20_000 },
      )
      .toBe('done')
    expect(await objects(`videos/${ann.id}/`)).not.toEqual([])
    expect(await objects(`exports/${dataset.id}/`)).toHaveLength(1)

    const before = await lastEventId(db)
    expect((await forget(ann.id, ' ')).status).toBe(400)
    const { status, body: tombstone } = await forget(ann.id)
    expect(status).toBe(200)
    expect(tombstone).toMatchObject({
      video_id: ann.id,
      platform: 'folder',
      source_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      url_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      content_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      reason: REASON,
    })

    expect(await objects(`videos/${ann.id}/`)).toEqual([])
    expect(await objects(`videos/${mill.id}/`)).not.toEqual([])
    for (const part of ['', '/media', '/thumbnail', '/transcript', '/annotation', '/provenance']) {
      expect((await library.ask('GET', `/api/videos/${ann.id}${part}`)).status).toBe(404)
    }
    expect((await videos()).map(({ id }) => id)).toEqual([mill.id])
    const found = await library.ask<{ results: unknown[] }>('GET', '/api/search?q=lathe')
    expect(found.body.results).toEqual([])

    expect((await library.ask('GET', `/api/exports/${archive.id}`)).status).toBe(404)
    expect(await objects(`exports/${dataset.id}/`)).toEqual([])
    const marked = await library.ask('GET', `/api/dataset/${dataset.id}`)
    expect(marked.body).toMatchObject({ video_count: 1, removed_count: 1, total_seconds: 3 })
    const zip = await library.app.inject({
      url: `/api/dataset/${dataset.id}/export`,
      headers: { host: 'localhost' },
    })
    expect(zip.rawPayload.includes(mill.id)).toBe(true)
    expect(zip.rawPayload.includes(ann.id)).toBe(false)
    const again = await library.ask<{ items_total: number }>(
      'POST',
      `/api/dataset/${dataset.id}/exports`,
    )
    expect(again).toMatchObject({ status: 202, body: { items_total: 1 } })

    const [gone] = (await candidates(task.id)).filter(({ state }) => state === 'rejected')
    expect(gone).toMatchObject({
      title: 'Forgotten video',
      url: expect.stringMatching(/^forgotten:/),
      reason_code: 'forgotten',
      reason: expect.stringContaining(REASON),
      video_id: null,
    })
    const counted = await library.ask('GET', `/api/tasks/${task.id}`)
    expect(counted.body).toMatchObject({ status: 'completed', videos_processed: 1 })
    expect(await ofTypes(before, 'video.forgotten')).toEqual([
      expect.objectContaining({
        videoId: ann.id,
        data: expect.objectContaining({ video_id: ann.id, reason: REASON }),
      }),
    ])
    // Nothing about it is left but its tombstone.
    const { rows } = await library.services.database.pool.query(
      `select coalesce(string_agg(t::text, ' '), '') as text from (
         select v::text from videos v union all select c::text from candidates c
         union all select d::text from dataset_videos d union all select e::text from events e) t`,
    )
    expect(JSON.stringify(rows)).not.toContain('Ann at the lathe')

    // The same answer again, and the same tombstone.
    expect((await forget(ann.id, 'another reason')).body).toEqual(tombstone)
    expect(await ofTypes(before, 'video.forgotten')).toHaveLength(1)
    const list = await library.ask<{ items: Tombstone[] }>('GET', '/api/forgotten')
    expect(list.body.items).toEqual([tombstone])

    // Under its own address it is not even fetched; the same file elsewhere is known by its content.
    const second = await start(folder)
    expect(await library.finished(second)).toMatchObject({ failures: { forgotten: 1 } })
    expect((await candidates(second)).map(({ reason_code }) => reason_code).sort()).toEqual([
      'forgotten',
      'known-video',
    ])
    const elsewhere = await folderOf('elsewhere', {})
    await copyFile(path.join(folder, 'Ann at the lathe.mp4'), path.join(elsewhere, 'x.mp4'))
    const third = await start(elsewhere)
    expect(await library.finished(third)).toMatchObject({ failures: { forgotten: 1 } })
    expect((await candidates(third))[0]).toMatchObject({ state: 'rejected', video_id: null })
    expect((await videos()).map(({ id }) => id)).toEqual([mill.id])
    const folders = async () => [
      ...new Set((await objects('videos/')).map((key) => key.split('/')[1])),
    ]
    await expect.poll(folders, { timeout: 10_000 }).toEqual([mill.id])
    // And now its new address is known too.
    const fourth = await start(elsewhere)
    await library.finished(fourth)
    expect((await candidates(fourth))[0]).toMatchObject({ reason_code: 'forgotten' })

    // Allowed again it comes back, as a new video.
    expect((await library.ask('DELETE', `/api/forgotten/${ann.id}`)).status).toBe(204)
    expect((await library.ask('DELETE', `/api/forgotten/${ann.id}`)).status).toBe(404)
    expect((await forget(ann.id)).body.code).toBe('video-not-found')
    expect(await ingest(folder)).toMatchObject({ videos_processed: 2 })
    expect((await videos()).some(({ title }) => title.startsWith('Ann'))).toBe(true)
  })

  it('refuses what never was a video', async () => {
    for (const id of [crypto.randomUUID(), 'x']) {
      expect(await forget(id)).toMatchObject({ status: 404, body: { code: 'video-not-found' } })
    }
    const body = await library.ask('POST', `/api/videos/${crypto.randomUUID()}/forget`, {})
    expect(body.status).toBe(400)
  })

  it('stops a run that is at it: what it still writes is refused or deleted', async () => {
    const folder = await folderOf('long', { 'long.mp4': 120 })
    const taskId = await start(folder)
    let id = ''
    await expect
      .poll(
        async () => {
          const { body } = await library.ask<{ items: (Item & { status: string })[] }>(
            'GET',
            '/api/videos',
          )
          id = body.items[0]?.id ?? ''
          return body.items[0]?.status
        },
        { timeout: 30_000, interval: 20 },
      )
      .toMatch(/downloading|processing|labeling/)
    expect((await forget(id)).status).toBe(200)
    expect(await library.finished(taskId)).toMatchObject({ videos_processed: 0 })
    expect(await videos()).toEqual([])
    await expect
      .poll(async () => (await library.services.queue.liveWork()).videoIds, { timeout: 20_000 })
      .toEqual([])
    await keepHouse(library.services)
    expect(await objects(`videos/${id}`)).toEqual([])
    expect((await library.ask('GET', `/api/videos/${id}`)).status).toBe(404)
  })

  it('is taken up by the housekeeping when the process died after its rows were gone', async () => {
    const { services } = library
    const { db } = services.database
    const id = await insertVideo(db, { storage_key: null })
    await insertKeyframe(db, id, 0)
    await services.storage.put(`videos/${id}/original.mp4`, Buffer.from('media'))
    await services.storage.put(`videos/${id}/frames/0.jpg`, Buffer.from('frame'))
    const near = `videos/${id.slice(0, -1)}`
    const run = crypto.randomUUID()
    await beginRun(db, id, run)
    await db.transaction().execute((trx) => forgetVideoRows(trx, id, REASON))
    expect(await objects(`videos/${id}/`)).toHaveLength(2)
    expect(await db.transaction().execute((trx) => ownsRun(trx, id, run))).toBe(false)

    await keepHouse(services)
    expect(await objects(near)).toEqual([])
    // A straggler: for an hour it is looked for, after that nobody can be at it any more.
    await services.storage.put(`videos/${id}/frames/1000.jpg`, Buffer.from('late'))
    expect(await unsweptForgotten(db, 10)).toHaveLength(1)
    await db
      .updateTable('forgotten_videos')
      .set({ forgotten_at: new Date(Date.now() - 2 * 3600_000) })
      .execute()
    await keepHouse(services)
    expect(await objects(near)).toEqual([])
    expect(await unsweptForgotten(db, 10)).toEqual([])
    expect(await findForgotten(db, id)).toMatchObject({ reason: REASON })
  })

  it('can be asked for by several at once, and of many videos', async () => {
    const { db } = library.services.database
    const ids = await Promise.all(Array.from({ length: 12 }, () => insertVideo(db)))
    const answers = await Promise.all([...ids, ...ids].map((id) => forget(id)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await videos()).toEqual([])
    const events = await db.selectFrom('events').select('video_id').execute()
    expect(events.map(({ video_id }) => video_id).sort()).toEqual([...ids].sort())
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const query: string = `limit=5${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`
      const { body } = await library.ask<{ items: Tombstone[]; next_cursor: string | null }>(
        'GET',
        `/api/forgotten?${query}`,
      )
      seen.push(...body.items.map(({ video_id }) => video_id))
      cursor = body.next_cursor
    } while (cursor)
    expect(seen.sort()).toEqual([...ids].sort())
  })
})
