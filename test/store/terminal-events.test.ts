import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database, Trx } from '../../src/config/database.ts'
import { TERMINAL_EVENT_TYPES } from '../../src/events.ts'
import { addCandidate } from '../../src/store/candidates.ts'
import { recordEvent } from '../../src/store/events.ts'
import { beginExport, completeExport, failExport } from '../../src/store/exports.ts'
import { failTask, finishVideo, settleTask } from '../../src/store/finish.ts'
import { createTask, getTask, updateTask } from '../../src/store/tasks.ts'
import { getVideo, updateVideo } from '../../src/store/videos.ts'
import { createWebhook } from '../../src/store/webhooks.ts'
import { FORMS } from '../flow/forms.ts'
import { eachDatabase, emptyDatabase, openTestDatabase } from '../support/library.ts'
import { openOwnLibrary } from '../support/own-library.ts'
import { insertVideo } from '../support/rows.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const FAILURE = { code: 'too-long', step: 'download', message: 'Too long.', retryable: true }
const RUN = '11111111-1111-4111-8111-111111111111'

const inTransaction = <T>({ db }: Database, work: (trx: Trx) => Promise<T>) =>
  db.transaction().execute(work)

/** Events of an end so far, oldest first. */
async function ends({ db }: Database): Promise<string[]> {
  const rows = await db
    .selectFrom('events')
    .select('type')
    .where('type', 'in', TERMINAL_EVENT_TYPES)
    .orderBy('id')
    .execute()
  return rows.map(({ type }) => type)
}

async function runningTask(database: Database, videoIds: string[]): Promise<string> {
  return await inTransaction(database, async (trx) => {
    const wish = { platform: 'urls', urls: [], path: null, taxonomy: 'manufacturing' }
    const { id } = await createTask(trx, { ...wish, query: null, maxVideos: 20 })
    await updateTask(trx, id, { status: 'running', discoveryDone: true })
    for (const [rank, videoId] of videoIds.entries()) {
      await addCandidate(trx, id, {
        platform: 'urls',
        sourceId: `candidate-${rank}`,
        url: `https://videos.example/${rank}`,
        title: `Candidate ${rank}`,
        rank,
        state: 'accepted',
        reasonCode: null,
        reason: null,
        videoId,
      })
    }
    return id
  })
}

eachDatabase('an end is told once', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(() => emptyDatabase(database))
  const pending = () => insertVideo(database.db, { status: 'processing' })
  const finish = (id: string, failure: typeof FAILURE | null) =>
    inTransaction(database, (trx) => finishVideo(trx, id, { failure }))

  it('of a video whose job was killed after it and ran again', async () => {
    const video = await pending()
    await runningTask(database, [video])
    for (let i = 0; i < 3; i++) await finish(video, null)
    expect(await ends(database)).toEqual(['video.completed', 'task.completed'])
  })

  it('of a video that failed, however often that is said', async () => {
    const video = await pending()
    await runningTask(database, [video])
    for (let i = 0; i < 3; i++) await finish(video, FAILURE)
    expect(await ends(database)).toEqual(['video.failed', 'task.completed'])
  })

  it('of a video that is completed and cannot fail any more', async () => {
    const video = await pending()
    await finish(video, null)
    await finish(video, FAILURE)
    expect(await getVideo(database.db, video)).toMatchObject({ status: 'completed', failure: null })
    expect(await ends(database)).toEqual(['video.completed'])
  })

  it('and once more when it was taken up again', async () => {
    const video = await pending()
    await finish(video, FAILURE)
    await updateVideo(database.db, video, { status: 'pending', failure: null })
    await finish(video, null)
    expect(await ends(database)).toEqual(['video.failed', 'video.completed'])
  })

  it('of a task, whoever settles or fails it again', async () => {
    const done = await runningTask(database, [await pending()])
    const { rows } = await database.pool.query<{ id: string }>('select id from videos')
    await finish(rows[0]!.id, null)
    for (let i = 0; i < 3; i++) await inTransaction(database, (trx) => settleTask(trx, done))
    await failTask(database.db, done, 'network', 'No answer.')
    const broken = await runningTask(database, [])
    for (let i = 0; i < 3; i++) await failTask(database.db, broken, 'network', 'No answer.')
    await inTransaction(database, (trx) => settleTask(trx, broken))
    expect(await ends(database)).toEqual(['video.completed', 'task.completed', 'task.failed'])
    expect((await getTask(database.db, done)).status).toBe('completed')
  })

  it('of an export, by the run that has it', async () => {
    const { rows } = await database.pool.query<{ id: string }>(
      `with d as (insert into datasets (name, filters, video_count, taxonomy)
         values ('a', '{}', 0, '{}') returning id)
       insert into dataset_exports (dataset_id, version, format, items_total)
       select id, v, 'zip', 0 from d, (values (1), (2)) as t(v) returning id`,
    )
    const [made, broken] = rows.map(({ id }) => id)
    await beginExport(database.db, made!, RUN)
    const size = { bytes: 1, items: 0 }
    expect(await completeExport(database.db, made!, RUN, size)).toBe(true)
    expect(await completeExport(database.db, made!, RUN, size)).toBe(false)
    await failExport(database.db, made!, 'Too late.')
    for (let i = 0; i < 3; i++) await failExport(database.db, broken!, 'Broken.')
    expect(await ends(database)).toEqual(['export.completed', 'export.failed'])
  })

  it('to each webhook: a message for each event, none without one, none twice', async () => {
    const wish = { url: 'https://a.example/', description: null, taskId: null, secret: 's' }
    const eventTypes = ['video.completed', 'video.failed'] as const
    for (let i = 0; i < 2; i++) {
      await createWebhook(database.db, { ...wish, eventTypes: [...eventTypes] })
    }
    const video = await pending()
    for (let i = 0; i < 3; i++) await finish(video, null)
    await recordEvent(database.db, 'task.completed', {}, {})
    const { rows } = await database.pool.query<{ type: string; data: object; same: boolean }>(
      `select d.type, d.data, d.data = e.data and d.event_time = e.created_at as same
       from deliveries d join events e on e.id = d.event_id`,
    )
    const one = { type: 'video.completed', data: { video_id: video, status: 'completed' } }
    expect(rows).toEqual([
      { ...one, same: true },
      { ...one, same: true },
    ])
    await expect(
      database.pool.query(
        `insert into deliveries (webhook_id, event_id, type, data)
         select webhook_id, event_id, type, data from deliveries`,
      ),
    ).rejects.toThrow(/unique/)
  })
})

for (const { form, missing } of FORMS) {
  it.skipIf(missing)(`of a task that is cancelled twice at once (${form})`, async () => {
    await using library = await openOwnLibrary({}, { form, work: false })
    const wish = { query: 'lathe', platform: 'commons' }
    const { body } = await library.ask<{ id: string }>('POST', '/api/ingest', wish)
    const cancel = () => library.ask('POST', `/api/tasks/${body.id}/cancel`)
    const answers = await Promise.all([cancel(), cancel(), cancel()])
    expect(answers.some(({ status }) => status === 202)).toBe(true)
    expect(await ends(library.services.database)).toEqual(['task.cancelled'])
  })
}

const noServer = testDatabaseUrl() ? '' : ', skipped: FORGEINDEX_TEST_DATABASE_URL is not set'
describe.skipIf(!testDatabaseUrl())(`several connections at once (server${noServer})`, () => {
  it('tell the end of a video and of its task once', async () => {
    await using database = await openTestDatabase('server')
    const video = await insertVideo(database.db, { status: 'processing' })
    await runningTask(database, [video])
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        inTransaction(database, (trx) =>
          finishVideo(trx, video, { failure: i % 2 === 0 ? null : FAILURE }),
        ),
      ),
    )
    const told = await ends(database)
    expect(told.filter((type) => type === 'task.completed')).toHaveLength(1)
    // Whoever came first; one that failed may still be completed, never the other way round.
    const ofVideo = told.filter((type) => type.startsWith('video.'))
    expect([['video.completed'], ['video.failed', 'video.completed']]).toContainEqual(ofVideo)
  })
})
