import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { eventsAfter } from '../../src/store/events.ts'
import { finishVideo, settleTask } from '../../src/store/finish.ts'
import { createTask, getTask, updateTask } from '../../src/store/tasks.ts'
import { waitingTaskIds } from '../../src/store/unattended.ts'
import { eachDatabase } from '../support/library.ts'

const VIDEOS = 10_000

eachDatabase('a task of ten thousand videos', (open) => {
  let database: Database
  let id: string
  let videos: string[]
  beforeAll(async () => {
    database = await open()
    const { db } = database
    await db.transaction().execute(async (trx) => {
      const wish = { platform: 'urls', urls: [], path: null, taxonomy: 'manufacturing' }
      id = (await createTask(trx, { ...wish, query: null, maxVideos: VIDEOS })).id
      await updateTask(trx, id, { status: 'running', discoveryDone: true })
      await sql`
        insert into videos (source_url, platform, source_id, title, taxonomy, status)
        select 'https://x.example/' || i, 'urls', i::text, 'video ' || i, 'manufacturing', 'pending'
        from generate_series(1, ${VIDEOS}) i`.execute(trx)
      await sql`
        insert into candidates (task_id, platform, source_id, url, title, rank, state, video_id)
        select ${id}, platform, source_id, source_url, title, source_id::int, 'accepted', id
        from videos order by source_id::int`.execute(trx)
    })
    await sql`analyze`.execute(db)
    const rows = await db
      .selectFrom('candidates')
      .select('video_id')
      .where('task_id', '=', id)
      .orderBy('rank')
      .execute()
    videos = rows.flatMap((row) => row.video_id ?? [])
  })
  afterAll(() => database?.close())

  const finish = (videoId: string) =>
    database.db.transaction().execute((trx) => finishVideo(trx, videoId, { failure: null }))
  const updates = async () => {
    const events = await eventsAfter(database.db, 0, { limit: 1_000 })
    return events.filter(({ type }) => type === 'task.updated').length
  }

  it('is counted at most once a second, and again when nothing more happens', async () => {
    const since = Date.now()
    for (const video of videos.slice(0, 200)) await finish(video)
    const seconds = (Date.now() - since) / 1_000
    console.info(`${(seconds * 1_000) / 200} ms for each video that ends`)
    expect(await updates()).toBeLessThanOrEqual(2 + Math.ceil(seconds))
    expect((await getTask(database.db, id)).videosProcessed).toBeGreaterThan(0)
    // As housekeeping does each minute.
    await sleep(1_100)
    for (const taskId of await waitingTaskIds(database.db)) {
      await database.db.transaction().execute((trx) => settleTask(trx, taskId))
    }
    expect(await getTask(database.db, id)).toMatchObject({
      status: 'running',
      videosProcessed: 200,
    })
  })

  it('ends with its last video, counted exactly', async () => {
    await database.db
      .updateTable('videos')
      .set({ status: 'completed' })
      .where('id', 'in', videos.slice(200, -3))
      .execute()
    for (const video of videos.slice(-3)) {
      expect((await getTask(database.db, id)).status).toBe('running')
      await finish(video)
    }
    expect(await getTask(database.db, id)).toMatchObject({
      status: 'completed',
      videosFound: VIDEOS,
      videosProcessed: VIDEOS,
    })
    const events = await eventsAfter(database.db, 0, { limit: 1_000 })
    expect(events.filter(({ type }) => type === 'task.completed')).toHaveLength(1)
  })
})
