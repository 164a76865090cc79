import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database, Trx } from '../../src/config/database.ts'
import { STEP_NAMES } from '../../src/pipeline/step.ts'
import { addCandidate, mergeCandidates } from '../../src/store/candidates.ts'
import { eventsAfter, lastEventId, recordEvent } from '../../src/store/events.ts'
import { failTask, finishVideo, settleTask } from '../../src/store/finish.ts'
import { progressOfTasks } from '../../src/store/task-progress.ts'
import { createTask, getTask, updateTask } from '../../src/store/tasks.ts'
import { getVideo } from '../../src/store/videos.ts'
import { eachDatabase, emptyDatabase, openTestDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const FAILURE = { code: 'too-long', step: 'download', message: 'Too long.', retryable: false }

/** A running task whose sources ended, with these videos taken. */
async function taskWith({ db }: Database, videoIds: string[]): Promise<string> {
  return await db.transaction().execute(async (trx) => {
    const wish = { platform: 'urls', urls: [], path: null, taxonomy: 'manufacturing' }
    const { id } = await createTask(trx, { ...wish, query: null, maxVideos: 20 })
    await updateTask(trx, id, { status: 'running', discoveryDone: true })
    for (const [rank, videoId] of videoIds.entries()) {
      await addCandidate(trx, id, candidate(rank, { state: 'accepted', videoId }))
    }
    return id
  })
}

function candidate(rank: number, more: { state: 'accepted' | 'rejected'; videoId?: string }) {
  const rejected = more.state === 'rejected'
  return {
    platform: 'urls',
    sourceId: `candidate-${rank}`,
    url: `https://videos.example/candidate/${rank}`,
    title: `Candidate ${rank}`,
    rank,
    state: more.state,
    reasonCode: rejected ? 'over-limit' : null,
    reason: rejected ? 'Enough.' : null,
    videoId: more.videoId ?? null,
  }
}

const pending = (database: Database) => insertVideo(database.db, { status: 'processing' })

eachDatabase('the end of a task', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(() => emptyDatabase(database))
  const inTransaction = <T>(work: (trx: Trx) => Promise<T>) =>
    database.db.transaction().execute(work)

  it('comes with its last video, even if some failed', async () => {
    const [a, b] = [await pending(database), await pending(database)]
    const id = await taskWith(database, [a, b])
    await inTransaction((trx) => finishVideo(trx, a, { failure: FAILURE }))
    expect(await getTask(database.db, id)).toMatchObject({ status: 'running', videosFailed: 1 })
    await inTransaction((trx) => finishVideo(trx, b, { failure: null }))
    const task = await getTask(database.db, id)
    expect(task).toMatchObject({
      status: 'completed',
      videosFound: 2,
      videosProcessed: 1,
      videosFailed: 1,
      errorCode: null,
    })
    expect(task.finishedAt).toBeInstanceOf(Date)
    const progress = (await progressOfTasks(database.db, [id], STEP_NAMES)).get(id)
    expect(progress).toEqual({
      ...{ accepted: 2, completed: 1, inWork: 0, replaced: 0, spare: 0 },
      ...{ failed: { 'too-long': 1 }, rejected: {}, notes: [] },
      // The completed one has every step behind it.
      stages: Object.fromEntries(STEP_NAMES.map((name) => [name, 1])),
      failures: { 'too-long': 1 },
      finishedShare: 2,
    })
  })

  it('ends every task that waited for the video', async () => {
    const video = await pending(database)
    const ids = [await taskWith(database, [video]), await taskWith(database, [video])]
    await inTransaction((trx) => finishVideo(trx, video, { failure: null }))
    for (const id of ids) {
      expect(await getTask(database.db, id)).toMatchObject({
        status: 'completed',
        videosProcessed: 1,
      })
    }
    const events = await eventsAfter(database.db, 0, { limit: 100 })
    expect(events.filter(({ type }) => type === 'task.completed')).toHaveLength(2)
  })

  it('waits while the source still searches', async () => {
    const video = await pending(database)
    const id = await taskWith(database, [video])
    await updateTask(database.db, id, { discoveryDone: false })
    await inTransaction((trx) => finishVideo(trx, video, { failure: null }))
    expect(await getTask(database.db, id)).toMatchObject({ status: 'running', videosProcessed: 1 })
  })

  it('is a failure with a sentence when nothing was taken', async () => {
    const id = await taskWith(database, [])
    await inTransaction(async (trx) => {
      await addCandidate(trx, id, candidate(0, { state: 'rejected' }))
      await settleTask(trx, id)
    })
    const task = await getTask(database.db, id)
    expect(task).toMatchObject({ status: 'failed', errorCode: 'no-candidate', videosFound: 1 })
    expect(task.errorMessage).toMatch(/^[A-Z].*\.$/)
    const events = await eventsAfter(database.db, 0, { taskId: id, limit: 100 })
    expect(events.at(-1)).toMatchObject({ type: 'task.failed', taskId: id })
  })

  it('changes nothing when it comes twice', async () => {
    const video = await pending(database)
    const id = await taskWith(database, [video])
    await inTransaction((trx) => finishVideo(trx, video, { failure: null }))
    const before = await getTask(database.db, id)
    await inTransaction((trx) => settleTask(trx, id))
    expect(await getTask(database.db, id)).toEqual(before)
  })

  it('does not come to a task that was cancelled', async () => {
    const video = await pending(database)
    const id = await taskWith(database, [video])
    await updateTask(database.db, id, { status: 'cancelled' })
    await inTransaction((trx) => finishVideo(trx, video, { failure: null }))
    expect((await getTask(database.db, id)).status).toBe('cancelled')
  })

  it('says why when the source broke before anything was taken', async () => {
    const id = await taskWith(database, [])
    await failTask(database.db, id, 'network', 'The source does not answer.')
    expect(await getTask(database.db, id)).toMatchObject({
      status: 'failed',
      errorCode: 'network',
      errorMessage: 'The source does not answer.',
    })
  })

  it('waits for the videos that were taken before the source broke, and keeps the reason', async () => {
    const video = await pending(database)
    const id = await taskWith(database, [video])
    await updateTask(database.db, id, { discoveryDone: false })
    await failTask(database.db, id, 'network', 'The source does not answer.')
    expect(await getTask(database.db, id)).toMatchObject({ status: 'running' })
    await inTransaction((trx) => finishVideo(trx, video, { failure: null }))
    expect(await getTask(database.db, id)).toMatchObject({
      status: 'completed',
      videosProcessed: 1,
      errorCode: 'network',
      errorMessage: 'The source does not answer.',
    })
  })

  it('counts a file that was known already as a duplicate in the task that has both', async () => {
    const [kept, copy] = [await pending(database), await pending(database)]
    const both = await taskWith(database, [kept, copy])
    const one = await taskWith(database, [copy])
    await inTransaction(async (trx) => {
      await mergeCandidates(trx, copy, await getVideo(trx, kept))
      await finishVideo(trx, kept, { failure: null })
    })
    expect(await getTask(database.db, both)).toMatchObject({
      status: 'completed',
      videosFound: 2,
      videosProcessed: 1,
      videosDuplicate: 1,
    })
    expect(await getTask(database.db, one)).toMatchObject({
      status: 'completed',
      videosProcessed: 1,
      videosDuplicate: 0,
    })
  })
})

const noServer = testDatabaseUrl() ? '' : ', skipped: FORGEINDEX_TEST_DATABASE_URL is not set'
describe.skipIf(!testDatabaseUrl())(`several connections at once (server${noServer})`, () => {
  let database: Database
  beforeAll(async () => {
    database = await openTestDatabase('server')
  })
  afterAll(() => database?.close())

  it('count every one of two videos that end at the same moment', async () => {
    const [a, b] = [await pending(database), await pending(database)]
    const id = await taskWith(database, [a, b])
    const first = await database.db.startTransaction().execute()
    await finishVideo(first, a, { failure: null })
    const second = database.db
      .transaction()
      .execute((trx) => finishVideo(trx, b, { failure: null }))
    // Long enough for the second to stand before the task's row.
    await sleep(300)
    await first.commit().execute()
    await second
    expect(await getTask(database.db, id)).toMatchObject({
      status: 'completed',
      videosProcessed: 2,
    })
  })

  it('tell an event that is written later under a smaller number', async () => {
    const start = await lastEventId(database.db)
    const slow = await database.db.startTransaction().execute()
    await recordEvent(slow, 'video.updated', {}, { order: 'slow' })
    await recordEvent(database.db, 'video.updated', {}, { order: 'quick' })
    const seen = await eventsAfter(database.db, start, { limit: 10 })
    await slow.commit().execute()
    const told = seen.map(({ data }) => data.order)
    // Transactions in other databases of the server count as older ones too, for a while.
    for (let after = seen.at(-1)?.id ?? start; told.length < 2; await sleep(50)) {
      const more = await eventsAfter(database.db, after, { limit: 10 })
      told.push(...more.map(({ data }) => data.order))
      after = more.at(-1)?.id ?? after
    }
    expect(told).toEqual(['slow', 'quick'])
  })
})
