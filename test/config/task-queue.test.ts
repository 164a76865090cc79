import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { type JobContext, Requeue, TaskQueue } from '../../src/config/task-queue.ts'
import { createLogger } from '../../src/log.ts'
import { eachDatabase } from '../support/library.ts'

const logger = createLogger('silent')

eachDatabase('the task queue', (open) => {
  let database: Database
  let queue: TaskQueue
  /** What the handler of `fetch` jobs does with each, by its video id. */
  const handlers = new Map<string, (context: JobContext) => Promise<void>>()
  const calls: { videoId: string; attempt: number }[] = []
  beforeAll(async () => {
    database = await open()
    queue = await TaskQueue.open(database, logger)
    await queue.work('fetch', 2, async ({ videoId }, context) => {
      calls.push({ videoId, attempt: context.attempt })
      await handlers.get(videoId)?.(context)
    })
  })
  afterAll(async () => {
    await queue?.[Symbol.asyncDispose]()
    await database?.close()
  })

  const callsOf = (videoId: string) => calls.filter((call) => call.videoId === videoId)
  const called = async (videoId: string, times: number) => {
    while (callsOf(videoId).length < times) await sleep(20)
  }
  const statesOf = async (videoId: string) => {
    const { rows } = await database.pool.query<{ state: string }>(
      `select state from pgboss.job where data ->> 'videoId' = $1 order by created_on`,
      [videoId],
    )
    return rows.map(({ state }) => state)
  }
  const settled = async (videoId: string, states: string[]) => {
    while (JSON.stringify(await statesOf(videoId)) !== JSON.stringify(states)) await sleep(20)
  }

  it('has a job exactly if the transaction it was made in has its rows', async () => {
    const undone = database.db.transaction().execute(async (trx) => {
      await queue.enqueue('fetch', { videoId: 'undone' }, { transaction: trx })
      throw new Error('changed its mind')
    })
    await expect(undone).rejects.toThrow('changed its mind')
    await database.db
      .transaction()
      .execute((trx) => queue.enqueue('fetch', { videoId: 'kept' }, { transaction: trx }))
    await called('kept', 1)
    await settled('kept', ['completed'])
    expect(await statesOf('undone')).toEqual([])
    expect(callsOf('undone')).toEqual([])
  })

  it('gives a job that broke to the next one that asks, with its count of tries', async () => {
    let broken = false
    handlers.set('breaks', async () => {
      if (broken) return
      broken = true
      throw new Error('once')
    })
    await queue.enqueue('fetch', { videoId: 'breaks' }, { attempt: 2 })
    await called('breaks', 2)
    await settled('breaks', ['completed'])
    expect(callsOf('breaks').map(({ attempt }) => attempt)).toEqual([2, 2])
  })

  it('forgets the crashes of a job that got further, and counts those of one that did not', async () => {
    const crashesLeft = async (videoId: string) => {
      const { rows } = await database.pool.query<{ left: number }>(
        `select retry_limit - retry_count as left from pgboss.job where data ->> 'videoId' = $1`,
        [videoId],
      )
      return rows.map(({ left }) => left)
    }
    for (const videoId of ['stuck', 'moves']) {
      handlers.set(videoId, async ({ progressed }) => {
        if (callsOf(videoId).length > 2) return
        if (videoId === 'moves') await progressed()
        throw new Error('crashed')
      })
      await queue.enqueue('fetch', { videoId })
      await called(videoId, 3)
      await settled(videoId, ['completed'])
    }
    expect(await crashesLeft('stuck')).toEqual([58])
    expect(await crashesLeft('moves')).toEqual([59])
  })

  it('takes a job back that stops at a checkpoint', async () => {
    handlers.set('stops', async () => {
      if (callsOf('stops').length === 1) throw new Requeue()
    })
    await queue.enqueue('fetch', { videoId: 'stops' })
    await called('stops', 2)
    await settled('stops', ['completed', 'completed'])
  })

  it('leaves a delayed job until its time', async () => {
    const began = Date.now()
    await queue.enqueue('fetch', { videoId: 'later' }, { delaySeconds: 2 })
    await called('later', 1)
    // The database gives whole milliseconds of its own clock.
    expect(Date.now() - began).toBeGreaterThan(1_900)
  })

  it('ends a cancelled job at work, and one that waits never begins', async () => {
    let reason: unknown
    handlers.set('at work', async ({ signal }) => {
      await new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
      }).catch((error: unknown) => {
        reason = error
        throw error
      })
    })
    await queue.enqueue('fetch', { videoId: 'at work' })
    await called('at work', 1)
    await queue.enqueue('fetch', { videoId: 'waiting' }, { delaySeconds: 1 })
    await queue.cancel('fetch', { videoId: 'at work' })
    await queue.cancel('fetch', { videoId: 'waiting' })
    while (!reason) await sleep(20)
    await sleep(1_500)
    expect(await statesOf('at work')).toEqual(['cancelled'])
    expect(await statesOf('waiting')).toEqual(['cancelled'])
    expect(callsOf('at work')).toHaveLength(1)
    expect(callsOf('waiting')).toEqual([])
  })

  it('works no more jobs at once than it was told to', async () => {
    let [now, most] = [0, 0]
    const ids = Array.from({ length: 6 }, (_, i) => `crowd ${i}`)
    for (const videoId of ids) {
      handlers.set(videoId, async () => {
        most = Math.max(most, ++now)
        await sleep(150)
        now--
      })
      await queue.enqueue('fetch', { videoId })
    }
    for (const videoId of ids) await called(videoId, 1)
    expect(most).toBe(2)
  })

  it('keeps unfinished work when it closes, and tells running jobs to stop first', async () => {
    let aborted = false
    let draining = false
    handlers.set('cut', async (context) => {
      while (!context.signal.aborted) await sleep(10)
      aborted = context.signal.aborted
      draining = context.draining.aborted
      throw new Error('stopped')
    })
    await queue.enqueue('fetch', { videoId: 'cut' })
    await called('cut', 1)
    await queue.enqueue('fetch', { videoId: 'unbegun' }, { delaySeconds: 60 })
    await queue[Symbol.asyncDispose]()
    expect([aborted, draining]).toEqual([true, true])
    expect(queue.isStopping).toBe(true)
    expect(await statesOf('unbegun')).toEqual(['created'])
    handlers.delete('cut')

    queue = await TaskQueue.open(database, logger)
    await queue.work('fetch', 2, async ({ videoId }, context) => {
      calls.push({ videoId, attempt: context.attempt })
    })
    await called('cut', 2)
    await settled('cut', ['completed'])
  })
})
