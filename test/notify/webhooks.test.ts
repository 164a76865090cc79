// Long because every fault of a receiver is tried on the same library.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EventType } from '../../src/events.ts'
import { deliver } from '../../src/notify/deliver.ts'
import { leaseDue } from '../../src/store/deliveries.ts'
import { recordEvent } from '../../src/store/events.ts'
import { ingestFolder } from '../flow/answers.ts'
import { FORMS } from '../flow/forms.ts'
import { makeClip } from '../support/clip.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { type Receiver, startReceiver, verifies } from '../support/webhook-receiver.ts'

interface Hook {
  id: string
  secret: string
  enabled: boolean
  [key: string]: unknown
}

interface DeliveryAnswer {
  id: string
  message_id: string
  type: string
  state: string
  tries: number
  next_try_at: string | null
  attempts: { at: string; status: number | null; error: string | null; ms: number }[]
  data: Record<string, unknown>
}

for (const { form, missing } of FORMS) {
  describe.skipIf(missing)(`webhooks (${form}${missing ? `: skipped, ${missing}` : ''})`, () => {
    let library: OwnLibrary
    let receiver: Receiver
    let other: Receiver

    beforeAll(async () => {
      other = await startReceiver()
      receiver = await startReceiver()
      const hosts = `${receiver.hostAndPort},${other.hostAndPort}`
      library = await openOwnLibrary({ FORGEINDEX_WEBHOOK_HOSTS: hosts }, { form })
    })
    afterAll(async () => {
      await library?.[Symbol.asyncDispose]()
      await receiver?.[Symbol.asyncDispose]()
      await other?.[Symbol.asyncDispose]()
    })
    beforeEach(() => {
      for (const { received, answers } of [receiver, other]) {
        received.length = 0
        answers.length = 0
      }
    })
    afterEach(async () => {
      const { body } = await library.ask<{ items: Hook[] }>('GET', '/api/webhooks')
      for (const { id } of body.items) {
        const answer = await library.ask('DELETE', `/api/webhooks/${id}`)
        expect(answer.status, JSON.stringify(answer.body)).toBe(204)
      }
    })

    async function add(body: Record<string, unknown> = {}): Promise<Hook> {
      const wish = { url: receiver.url, event_types: ['task.completed'], ...body }
      const answer = await library.ask<Hook>('POST', '/api/webhooks', wish)
      expect(answer.status, JSON.stringify(answer.body)).toBe(201)
      return answer.body
    }

    async function log(hook: Hook): Promise<DeliveryAnswer[]> {
      const at = `/api/webhooks/${hook.id}/deliveries`
      return (await library.ask<{ items: DeliveryAnswer[] }>('GET', at)).body.items
    }

    async function logUntil(hook: Hook, done: (log: DeliveryAnswer[]) => boolean) {
      const end = Date.now() + 60_000
      for (;;) {
        const entries = await log(hook)
        if (done(entries)) return entries
        if (Date.now() > end) throw new Error(`The log stays ${JSON.stringify(entries)}`)
        await sleep(50)
      }
    }

    const tell = (type: EventType = 'task.completed', data: Record<string, unknown> = { n: 1 }) =>
      recordEvent(library.services.database.db, type, {}, data)

    /** Makes the next try due now instead of in minutes or hours. */
    const hurry = () =>
      library.services.database.pool.query(
        "update deliveries set due_at = now() where state = 'pending'",
      )

    it('are signed, say what happened, and are taken at once', async () => {
      const hook = await add()
      await tell('task.completed', { task_id: 'x', videos_processed: 3 })
      await receiver.until(({ length }) => length === 1)
      const [got] = receiver.received
      expect(verifies(hook.secret, got!)).toBe(true)
      expect(verifies('whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB', got!)).toBe(false)
      expect(verifies(hook.secret, { ...got!, raw: `${got!.raw} ` })).toBe(false)
      expect(got!.headers['content-type']).toBe('application/json')
      expect(got!.headers['user-agent']).toMatch(/^Forgeindex\//)
      expect(got!.headers['webhook-id']).toMatch(/^msg_[0-9a-f]{32}$/)
      expect(Object.keys(got!.body)).toEqual(['type', 'timestamp', 'data'])
      expect(got!.body).toMatchObject({
        type: 'task.completed',
        data: { task_id: 'x', videos_processed: 3 },
      })
      expect(new Date(got!.body.timestamp).toISOString()).toBe(got!.body.timestamp)
      const [entry] = await logUntil(hook, ([first]) => first?.state === 'delivered')
      expect(entry).toMatchObject({
        message_id: got!.headers['webhook-id'],
        tries: 1,
        next_try_at: null,
        attempts: [{ status: 204, error: null }],
      })
    })

    it('show their secret once and never again', async () => {
      const hook = await add()
      expect(hook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
      for (const at of [`/api/webhooks/${hook.id}`, '/api/webhooks']) {
        const { body } = await library.ask('GET', at)
        expect(JSON.stringify(body)).not.toContain('whsec_')
        expect(JSON.stringify(body)).not.toContain(hook.secret.slice(6, 20))
      }
    })

    it('go to those that want them: by type, and by task', async () => {
      const { pool } = library.services.database
      const { rows } = await pool.query<{ id: string }>(
        `insert into ingestion_tasks (query, platform, taxonomy, max_videos)
         values ('a', 'urls', 'manufacturing', 1), ('b', 'urls', 'manufacturing', 1) returning id`,
      )
      const [mine, theirs] = rows.map(({ id }) => id)
      const all = await add()
      const one = await add({ url: other.url, task_id: mine })
      const { db } = library.services.database
      await recordEvent(db, 'task.completed', { taskId: mine! }, { of: 'mine' })
      await recordEvent(db, 'task.completed', { taskId: theirs! }, { of: 'theirs' })
      await recordEvent(db, 'task.failed', { taskId: mine! }, { of: 'another type' })
      await logUntil(all, (list) => list.filter(({ state }) => state === 'delivered').length === 2)
      await logUntil(one, ([first]) => first?.state === 'delivered')
      expect(receiver.received.map(({ body }) => body.data.of).sort()).toEqual(['mine', 'theirs'])
      expect(other.received.map(({ body }) => body.data.of)).toEqual(['mine'])
      await pool.query('delete from ingestion_tasks where id = any($1)', [[mine, theirs]])
      expect((await library.ask('GET', `/api/webhooks/${one.id}`)).status).toBe(404)
    })

    it('go out one after the other when there are many, each once', async () => {
      const hook = await add()
      const count = 150
      const { db } = library.services.database
      await db.transaction().execute(async (trx) => {
        for (let n = 0; n < count; n++) await recordEvent(trx, 'task.completed', {}, { n })
      })
      const began = Date.now()
      await receiver.until(({ length }) => length >= count)
      console.info(`${count} messages in ${Date.now() - began} ms`)
      await logUntil(hook, (list) => list.every(({ state }) => state === 'delivered'))
      const told = receiver.received.map(({ body }) => Number(body.data.n))
      expect(told.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
      const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']))
      expect(ids.size).toBe(count)
    })

    it('are rolled back with what they tell', async () => {
      const hook = await add()
      const { db } = library.services.database
      const gone = db.transaction().execute(async (trx) => {
        await recordEvent(trx, 'task.completed', {}, { n: 'never' })
        throw new Error('rolled back')
      })
      await expect(gone).rejects.toThrow('rolled back')
      await tell('task.completed', { n: 'after' })
      await logUntil(hook, ([first]) => first?.state === 'delivered')
      expect((await log(hook)).map(({ data }) => data.n)).toEqual(['after'])
    })

    it('come again after 5 s when the receiver fails, under the same id with a new time', async () => {
      const hook = await add()
      receiver.answers.push({ status: 500 })
      await tell()
      await receiver.until(({ length }) => length === 2)
      const [first, second] = receiver.received
      expect(second!.at - first!.at).toBeGreaterThanOrEqual(5_000)
      expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
      expect(second!.raw).toBe(first!.raw)
      expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(
        Number(first!.headers['webhook-timestamp']) + 5,
      )
      expect(verifies(hook.secret, second!)).toBe(true)
      const [entry] = await logUntil(hook, ([one]) => one?.state === 'delivered')
      expect(entry?.attempts.map(({ status }) => status)).toEqual([500, 204])
      expect(entry?.tries).toBe(2)
    })

    it('are given up after ten tries; then the receiver is switched off, and on again by hand', async () => {
      const hook = await add()
      receiver.answers.push(...Array.from({ length: 10 }, () => ({ status: 500 })))
      await tell()
      for (let tries = 1; tries < 10; tries++) {
        await logUntil(hook, ([one]) => one?.tries === tries)
        await hurry()
      }
      const [entry] = await logUntil(hook, ([one]) => one?.state === 'failed')
      expect(entry).toMatchObject({ tries: 10, next_try_at: null })
      expect(receiver.received).toHaveLength(10)
      const { body } = await library.ask<Hook>('GET', `/api/webhooks/${hook.id}`)
      expect(body).toMatchObject({
        enabled: false,
        disabled_reason: expect.stringMatching(/three days/),
      })
      await tell()
      expect(await log(hook)).toHaveLength(1)
      const resend = `/api/deliveries/${entry?.id}/resend`
      expect(await library.ask('POST', resend)).toMatchObject({
        status: 409,
        body: { code: 'webhook-disabled' },
      })
      await library.ask('POST', `/api/webhooks/${hook.id}/enable`)
      expect(await library.ask('POST', resend)).toMatchObject({
        status: 202,
        body: { state: 'pending', tries: 0 },
      })
      const [again] = await logUntil(hook, ([one]) => one?.state === 'delivered')
      expect(again?.attempts).toHaveLength(11)
      expect(receiver.received.at(-1)?.headers['webhook-id']).toBe(entry?.message_id)
    })

    it('end at 410: switched off, and what waits is given up', async () => {
      const hook = await add()
      receiver.answers.push({ status: 500 }, { status: 410 })
      await tell('task.completed', { n: 'waits' })
      await logUntil(hook, ([one]) => one?.tries === 1)
      await tell('task.completed', { n: 'gone' })
      const entries = await logUntil(hook, (list) => list.every(({ state }) => state === 'failed'))
      expect(entries).toHaveLength(2)
      const { body } = await library.ask<Hook>('GET', `/api/webhooks/${hook.id}`)
      expect(body).toMatchObject({ enabled: false, disabled_reason: expect.stringMatching(/410/) })
      await tell()
      await sleep(1_500)
      expect(receiver.received).toHaveLength(2)
    })

    it.each([301, 302, 307, 308])('follow no redirect (%i)', async (status) => {
      const hook = await add()
      receiver.answers.push({ status, headers: { location: other.url } })
      await tell()
      const [entry] = await logUntil(hook, ([one]) => one?.tries === 1)
      expect(entry).toMatchObject({
        state: 'pending',
        attempts: [{ status, error: expect.stringMatching(/redirects.*not followed/) }],
      })
      expect(other.received).toEqual([])
    })

    it.each([204, 200, 202, 299])('are taken at %i', async (status) => {
      const hook = await add()
      receiver.answers.push({ status })
      await tell()
      const [entry] = await logUntil(hook, ([one]) => one?.state !== 'pending')
      expect(entry).toMatchObject({ state: 'delivered', attempts: [{ status }] })
    })

    it('outlive a connection that is cut', async () => {
      const hook = await add()
      receiver.answers.push('close')
      await tell()
      await logUntil(hook, ([one]) => one?.tries === 1)
      await hurry()
      const [entry] = await logUntil(hook, ([one]) => one?.state === 'delivered')
      expect(entry?.attempts[0]).toMatchObject({
        status: null,
        error: expect.stringMatching(/did not answer/),
      })
      expect(entry?.attempts).toHaveLength(2)
    })

    it('honour Retry-After, and leave an overloaded receiver alone', async () => {
      const hook = await add()
      receiver.answers.push({ status: 429, headers: { 'retry-after': '8' } })
      await tell('task.completed', { n: 1 })
      const [entry] = await logUntil(hook, ([one]) => one?.tries === 1)
      const asked = Date.parse(entry?.attempts[0]?.at ?? '')
      expect(Date.parse(entry?.next_try_at ?? '') - asked).toBeGreaterThanOrEqual(7_900)
      // Not even a new one goes out before.
      await tell('task.completed', { n: 2 })
      await receiver.until(({ length }) => length === 3)
      const [first, ...later] = receiver.received
      for (const { at } of later) expect(at - first!.at).toBeGreaterThanOrEqual(7_900)
      const dated = new Date(Date.now() + 100_000).toUTCString()
      receiver.answers.push({ status: 503, headers: { 'retry-after': dated } })
      await tell('task.completed', { n: 3 })
      const [third] = await logUntil(hook, ([one]) => one?.data.n === 3 && one.tries === 1)
      const wait = Date.parse(third?.next_try_at ?? '') - Date.parse(third?.attempts[0]?.at ?? '')
      expect(wait).toBeGreaterThan(95_000)
      expect(wait).toBeLessThan(105_000)
    })

    it('can be tried out, and sent again under the same id', async () => {
      const hook = await add()
      const test = await library.ask<DeliveryAnswer>('POST', `/api/webhooks/${hook.id}/test`)
      expect(test).toMatchObject({ status: 202, body: { type: 'webhook.test', event_id: null } })
      await logUntil(hook, ([one]) => one?.state === 'delivered')
      const again = await library.ask('POST', `/api/deliveries/${test.body.id}/resend`)
      expect(again.status).toBe(202)
      await receiver.until(({ length }) => length === 2)
      const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
      expect(new Set(ids)).toEqual(new Set([test.body.message_id]))
      for (const got of receiver.received) expect(verifies(hook.secret, got)).toBe(true)
    })

    it('are signed with both secrets for a day after a rotation', async () => {
      const hook = await add()
      const rotated = await library.ask<Hook>('POST', `/api/webhooks/${hook.id}/rotate`)
      expect(rotated.body.secret).not.toBe(hook.secret)
      const day = Date.parse(String(rotated.body.old_secret_until)) - Date.now()
      expect(Math.abs(day - 24 * 3600_000)).toBeLessThan(60_000)
      await tell()
      await receiver.until(({ length }) => length === 1)
      expect(verifies(hook.secret, receiver.received[0]!)).toBe(true)
      expect(verifies(rotated.body.secret, receiver.received[0]!)).toBe(true)
      await library.services.database.pool.query(
        "update webhooks set old_secret_until = now() - interval '1 second'",
      )
      await tell()
      await receiver.until(({ length }) => length === 2)
      expect(verifies(hook.secret, receiver.received[1]!)).toBe(false)
      expect(verifies(rotated.body.secret, receiver.received[1]!)).toBe(true)
    })

    it('of a killed sender are sent again; a lease that was given anew is not written twice', async () => {
      const { services } = library
      const hook = await add()
      receiver.answers.push({ status: 200, delayMs: 60_000 })
      await tell()
      await receiver.until(({ length }) => length === 1)
      // As a power cut leaves it: sent, not written. The job's lease runs out.
      await services.database.pool.query(
        "update deliveries set leased_until = now() - interval '1 second'",
      )
      await receiver.until(({ length }) => length === 2)
      const [first, second] = receiver.received
      expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
      const [entry] = await logUntil(hook, ([one]) => one?.state === 'delivered')
      expect(entry?.attempts).toHaveLength(1)
    })

    it('do not wait for a slow receiver for ever', async () => {
      const { database } = library.services
      const hook = await add()
      receiver.answers.push({ status: 200, delayMs: 3_000 })
      // Leased here, so that the running program leaves it to this test and its short patience.
      const lease = await database.db.transaction().execute(async (trx) => {
        await recordEvent(trx, 'task.completed', {}, {})
        return (await leaseDue(trx))[0]!
      })
      const signal = new AbortController().signal
      await deliver(library.services, lease, { signal, timeoutMs: 300 })
      expect((await log(hook))[0]).toMatchObject({
        state: 'pending',
        tries: 1,
        attempts: [{ status: null, error: 'The receiver did not answer within 0.3 s.' }],
      })
    })

    // The embedded database takes one transaction at a time.
    if (form === 'server') {
      it('can lose their receiver while one is being written', async () => {
        const { database } = library.services
        const hook = await add()
        const lease = await database.db.transaction().execute(async (trx) => {
          await recordEvent(trx, 'task.completed', {}, {})
          return (await leaseDue(trx))[0]!
        })
        // Held as a deletion holds it, before it comes to the messages.
        const client = await database.pool.connect()
        try {
          await client.query('begin')
          await client.query('select 1 from webhooks where id = $1 for update', [hook.id])
          const signal = new AbortController().signal
          const sent = deliver(library.services, lease, { signal })
          await receiver.until(({ length }) => length === 1)
          await sleep(500)
          await client.query('delete from webhooks where id = $1', [hook.id])
          await client.query('commit')
          await sent
        } finally {
          client.release(true)
        }
        expect((await library.ask('GET', `/api/webhooks/${hook.id}`)).status).toBe(404)
        await add()
      })
    }

    it('stay below 20 kB', async () => {
      await add()
      await tell('task.completed', { task_id: 't', message: 'ä'.repeat(30_000), n: 7 })
      await receiver.until(({ length }) => length === 1)
      const [got] = receiver.received
      expect(Buffer.byteLength(got!.raw)).toBeLessThan(20_000)
      expect(got!.body.data).toMatchObject({ task_id: 't', n: 7, truncated: true })
      expect(got!.body.data.message).toHaveLength(501)
    })

    it('tell each end of a real task once', async () => {
      const hook = await add({ event_types: undefined })
      const folder = path.join(library.folder, 'clips')
      await mkdir(folder)
      await makeClip(path.join(folder, 'a.mp4'), { seconds: 1 })
      await makeClip(path.join(folder, 'b.mp4'), { seconds: 2 })
      const task = await ingestFolder(library, folder)
      await logUntil(hook, (list) => list.length > 2 && list.every((e) => e.state === 'delivered'))
      const told = receiver.received.map(({ body }) => body.type).sort()
      expect(told).toEqual(['task.completed', 'video.completed', 'video.completed'])
      const end = receiver.received.find(({ body }) => body.type === 'task.completed')
      expect(end?.body.data).toMatchObject({ task_id: task.id, videos_processed: 2 })
    })

    it.each([
      ['a private address', { url: 'http://127.0.0.1:1/' }, 'url-refused'],
      ['metadata', { url: 'http://169.254.169.254/' }, 'url-refused'],
      ['another scheme', { url: 'file:///etc/passwd' }, 'url-refused'],
      ['an unknown type', { event_types: ['task.exploded'] }, 'invalid-input'],
      ['no type', { event_types: [] }, 'invalid-input'],
      ['a short secret', { secret: 'whsec_AAAA' }, 'invalid-secret'],
      ['a secret that is no base64', { secret: `whsec_${'!'.repeat(44)}` }, 'invalid-secret'],
      ['a long secret', { secret: `whsec_${'A'.repeat(88)}` }, 'invalid-secret'],
      ['an unknown field', { secrets: 1 }, 'invalid-input'],
    ])('are refused with %s', async (_name, body, code) => {
      const wish = { url: receiver.url, ...body }
      const answer = await library.ask('POST', '/api/webhooks', wish)
      expect(answer).toMatchObject({ status: 400, body: { code } })
      expect(JSON.stringify(answer.body)).not.toContain('whsec_AAAA')
    })

    it('that nobody knows are not found', async () => {
      const id = crypto.randomUUID()
      for (const [method, at] of [
        ['GET', `/api/webhooks/${id}`],
        ['DELETE', `/api/webhooks/${id}`],
        ['POST', `/api/webhooks/${id}/rotate`],
        ['POST', `/api/webhooks/${id}/enable`],
        ['POST', `/api/webhooks/${id}/test`],
        ['GET', `/api/webhooks/${id}/deliveries`],
        ['POST', `/api/deliveries/${id}/resend`],
        ['GET', '/api/webhooks/nope'],
      ] as const) {
        expect((await library.ask(method, at)).status, at).toBe(404)
      }
      const wish = { url: receiver.url, task_id: id }
      expect((await library.ask('POST', '/api/webhooks', wish)).status).toBe(404)
    })

    it('may be told, and nothing be ingested from there', async () => {
      const wish = { urls: [receiver.url] }
      expect(await library.ask('POST', '/api/ingest', wish)).toMatchObject({
        status: 400,
        body: { code: 'url-refused' },
      })
    })
  })
}
