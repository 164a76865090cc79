import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openServer } from '../../src/config/database.ts'
import { readSettings } from '../../src/config/settings.ts'
import { PermanentError, TransientError } from '../../src/errors.ts'
import { type Limits, limitsOf, NotYet, shareLimits } from '../../src/ingestion/limits.ts'
import { createLogger } from '../../src/log.ts'
import { eachDatabase } from '../support/library.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const signal = new AbortController().signal

/** The limits of one worker on this database. */
function worker(database: Database, variables: Record<string, string> = {}): Limits {
  const settings = readSettings(variables)
  shareLimits(settings, database.db, createLogger('silent'))
  return limitsOf(settings)
}

eachDatabase('shared limits', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())

  it('give a burst and then a turn at a time, in the order of asking', async () => {
    const limits = worker(database, { FORGEINDEX_RATE_NASA: '600' })
    const order: number[] = []
    const started = performance.now()
    await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        await limits.turn('nasa', { signal })
        order.push(i)
      }),
    )
    // 60 at once, the other 4 at 10 a second.
    const seconds = (performance.now() - started) / 1000
    expect(seconds).toBeGreaterThan(0.35)
    expect(seconds).toBeLessThan(6)
    expect(order).toEqual(Array.from({ length: 64 }, (_, i) => i))
  })

  it('say how long it takes when that is longer than the caller has', async () => {
    const limits = worker(database)
    for (let i = 0; i < 3; i++) await limits.turn('tiktok', { signal })
    const thrown = await limits.turn('tiktok', { signal, patienceMs: 500 }).catch((e) => e)
    expect(thrown).toBeInstanceOf(NotYet)
    expect(thrown).toMatchObject({ code: 'not-our-turn' })
    // Six a minute: the next one is there ten seconds after the last.
    expect(thrown.retryAfterMs).toBeGreaterThan(8000)
    expect(thrown.retryAfterMs).toBeLessThanOrEqual(10_000)
  })

  it('let a platform cool down for all workers after a bot check, and no other platform', async () => {
    const [one, two] = [worker(database), worker(database)]
    const refused = () => Promise.reject(new PermanentError('bot-check', 'not a robot?'))
    await expect(one.download('youtube', signal, refused)).rejects.toMatchObject({
      name: 'NotYet',
      code: 'cooling-down',
    })
    for (const limits of [one, two]) {
      const thrown = await limits.download('youtube', signal, async () => 'no').catch((e) => e)
      expect(thrown).toBeInstanceOf(NotYet)
      expect(thrown).toMatchObject({ code: 'cooling-down' })
      expect(thrown.message).toMatch(/youtube is left alone for \d+ s: it answered bot-check/)
      expect(thrown.retryAfterMs).toBeGreaterThan(50_000)
      expect(thrown.retryAfterMs).toBeLessThanOrEqual(60_000)
      await expect(limits.turn('youtube', { signal, patienceMs: 10 })).rejects.toMatchObject({
        code: 'cooling-down',
      })
    }
    expect(await two.download('instagram', signal, async () => 'yes')).toBe('yes')
    expect(await two.download('host:example.com', signal, async () => 'yes')).toBe('yes')
  })

  it('keep to Retry-After, double it each time in a row, and forget that after a success', async () => {
    const limits = worker(database)
    const place = 'host:slow.example:8080'
    const slow = () =>
      limits
        .download(place, signal, () =>
          Promise.reject(new TransientError('rate-limited', 'slower', { retryAfterMs: 300 })),
        )
        .catch((e) => e)
    const left = async () =>
      (await limits.download(place, signal, async () => 0).catch((e) => e)).retryAfterMs
    const stored = async () => {
      const row = await database.db
        .selectFrom('rate_limits')
        .selectAll()
        .where('platform', '=', place)
        .executeTakeFirstOrThrow()
      return { ms: row.cooldown_until!.getTime() - row.refilled_at.getTime(), strikes: row.strikes }
    }
    expect((await slow()).code).toBe('cooling-down')
    expect(await left()).toBeGreaterThan(0)
    expect((await stored()).ms / 300).toBeCloseTo(1, 1)
    expect((await stored()).strikes).toBe(1)
    await sleep(350)
    expect((await slow()).code).toBe('cooling-down')
    expect((await stored()).ms / 600).toBeCloseTo(1, 1)
    await sleep(650)
    expect(await limits.download(place, signal, async () => 'yes')).toBe('yes')
    expect((await stored()).strikes).toBe(0)
    await slow()
    expect((await stored()).ms / 300).toBeCloseTo(1, 1)
  })

  it('end the waiting after six refusals in a row, until the platform may be asked again', async () => {
    const limits = worker(database)
    const place = 'host:never.example'
    const refused = () => Promise.reject(new PermanentError('bot-check', 'not a robot?'))
    const over = () =>
      database.pool.query(`update rate_limits set cooldown_until = now() where platform = $1`, [
        place,
      ])
    for (let i = 1; i <= 5; i++) {
      await expect(limits.download(place, signal, refused)).rejects.toMatchObject({
        code: 'cooling-down',
      })
      await over()
    }
    for (let i = 6; i <= 7; i++) {
      const thrown = await limits.download(place, signal, refused).catch((e) => e)
      expect(thrown).toMatchObject({ name: 'PermanentError', code: 'bot-check' })
      expect(thrown.message).toMatch(/has refused us 6 times in a row \(bot-check\)/)
    }
    await over()
    expect(await limits.download(place, signal, async () => 'again')).toBe('again')
  })

  it('let one worker at a time do what has a name', async () => {
    const [one, two] = [worker(database), worker(database)]
    let release = () => {}
    const first = one.alone('video x', () => new Promise<void>((resolve) => (release = resolve)))
    await expect
      .poll(() => two.alone('video x', async () => 'no').catch((e) => e.code))
      .toBe('not-our-turn')
    expect(await two.alone('video y', async () => 'yes')).toBe('yes')
    release()
    await first
    expect(await two.alone('video x', async () => 'yes')).toBe('yes')
  })

  it('count what several workers meet at once as one refusal', async () => {
    const workers = [worker(database), worker(database), worker(database)]
    const refused = () => sleep(50).then(() => Promise.reject(new PermanentError('bot-check', 'x')))
    await Promise.allSettled(
      workers.map((each) => each.download('host:b.example', signal, refused)),
    )
    const row = await database.db
      .selectFrom('rate_limits')
      .select('strikes')
      .where('platform', '=', 'host:b.example')
      .executeTakeFirstOrThrow()
    expect(row.strikes).toBe(1)
  })

  it('let only so many downloads of a platform run at once, over all workers', async () => {
    const workers = [worker(database), worker(database)]
    let now = 0
    let most = 0
    let done = 0
    const work = async () => {
      most = Math.max(most, ++now)
      await sleep(60)
      now--
      done++
    }
    await Promise.all(
      workers.flatMap((each) => [1, 2, 3].map(() => each.download('archive', signal, work))),
    )
    expect({ most, done }).toEqual({ most: 2, done: 6 })
    const held = await database.db.selectFrom('leases').selectAll().execute()
    expect(held).toEqual([])
  })

  it('take over what a dead worker held, when its time is over', async () => {
    const limits = worker(database, { FORGEINDEX_PLATFORM_CONNECTIONS: '1' })
    await database.pool.query(
      `insert into leases values ('nasa', 1, gen_random_uuid(), now() + interval '1 s')`,
    )
    const started = performance.now()
    expect(await limits.download('nasa', signal, async () => 'mine')).toBe('mine')
    expect(performance.now() - started).toBeGreaterThan(700)
  })

  it('survive a clock that is set back or forward', async () => {
    const limits = worker(database, {
      FORGEINDEX_PLATFORM_CONNECTIONS: '1',
      FORGEINDEX_RATE_ARCHIVE: '60',
    })
    for (const jump of ['-3 days', '3 days']) {
      await database.pool.query(
        `insert into rate_limits (platform, tokens, refilled_at, cooldown_until, cooldown_code, strikes)
         values ('archive', 0, now() + $1::interval, now() + $1::interval + interval '5 minutes', 'x', 1)
         on conflict (platform) do update set tokens = 0, refilled_at = excluded.refilled_at,
           cooldown_until = excluded.cooldown_until`,
        [jump],
      )
      await database.pool.query(
        `insert into leases values ('archive', 1, gen_random_uuid(), now() + $1::interval)`,
        [jump],
      )
      await limits.turn('archive', { signal, patienceMs: 0 })
      expect(await limits.download('archive', signal, async () => 'yes')).toBe('yes')
      // Filled once, not without end: six at once, then one a second.
      for (let i = 1; i < 6; i++) await limits.turn('archive', { signal, patienceMs: 0 })
      await expect(limits.turn('archive', { signal, patienceMs: 0 })).rejects.toMatchObject({
        code: 'not-our-turn',
      })
    }
  })

  it('give the place in line back at once when the caller stops', async () => {
    const limits = worker(database, { FORGEINDEX_RATE_INSTAGRAM: '1' })
    for (let i = 0; i < 3; i++) await limits.turn('instagram', { signal })
    const stop = new AbortController()
    const waiting = limits.turn('instagram', { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(waiting).rejects.toThrow()
    await expect(limits.turn('instagram', { signal, patienceMs: 0 })).rejects.toMatchObject({
      code: 'not-our-turn',
    })
  })
})

describe.skipIf(!testDatabaseUrl())('four workers on one server', () => {
  it('keep a rate within 5 %', async () => {
    const { createTestDatabase } = await import('../support/servers.ts')
    const { migrate } = await import('../../src/config/database.ts')
    const own = await createTestDatabase()
    const databases = Array.from({ length: 4 }, () => openServer(own.url))
    try {
      await migrate(databases[0]!)
      const limits = databases.map((each) => worker(each, { FORGEINDEX_RATE_NASA: '1200' }))
      const stop = new AbortController()
      let turns = 0
      const started = performance.now()
      const work = limits.flatMap((each) =>
        [1, 2, 3].map(async () => {
          for (;;) {
            await each.turn('nasa', { signal: stop.signal })
            turns++
          }
        }),
      )
      setTimeout(() => stop.abort(new Error('over')), 6000)
      await Promise.allSettled(work)
      const seconds = (performance.now() - started) / 1000
      // 20 a second, and 120 that were there from the start.
      const perSecond = (turns - 120) / seconds
      expect(perSecond).toBeGreaterThan(19)
      expect(perSecond).toBeLessThan(21)
    } finally {
      for (const each of databases) await each.close()
      await own.drop()
    }
  }, 60_000)
})
