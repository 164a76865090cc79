import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { messageBody } from '../../src/notify/message.ts'
import { pauseSeconds, secondsUntilNextTry } from '../../src/notify/schedule.ts'
import { checkSecret, newSecret, signedHeaders } from '../../src/notify/signature.ts'
import { verifies } from '../support/webhook-receiver.ts'

describe('a signature', () => {
  it('is the one of the published libraries for their test message', () => {
    const headers = signedHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      sentAt: new Date(1614265330_000),
    })
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('holds for any text under each of the secrets, and for no other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (body) => {
        const secrets = [newSecret(), newSecret()]
        const headers = signedHeaders(secrets, { id: 'msg_1', body, sentAt: new Date() })
        for (const secret of secrets) expect(verifies(secret, { headers, raw: body })).toBe(true)
        expect(verifies(newSecret(), { headers, raw: body })).toBe(false)
        expect(verifies(secrets[0]!, { headers, raw: `${body}.` })).toBe(false)
      }),
    )
  })

  it.each([24, 32, 64])('takes a secret of %i bytes', (bytes) => {
    const secret = `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
    expect(checkSecret(secret)).toBe(secret)
  })

  it.each([
    `whsec_${Buffer.alloc(23).toString('base64')}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    Buffer.alloc(32).toString('base64'),
    `whsec_${Buffer.alloc(32, 255).toString('base64url')}`,
    'whsec_',
    '',
  ])('takes no secret like %j', (secret) => {
    expect(() => checkSecret(secret)).toThrow(expect.objectContaining({ code: 'invalid-secret' }))
  })
})

describe('the next try', () => {
  it('comes after the delays of the specification, with up to a fifth more', () => {
    const [least, most] = [0, 1].map((share) =>
      Array.from({ length: 10 }, (_, tries) => secondsUntilNextTry(tries + 1, null, () => share)),
    )
    const delays = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    expect(least).toEqual([...delays, null])
    expect(most).toEqual([...delays.map((delay) => delay * 1.2), null])
  })

  it('comes when the receiver says, if that is later, and within a day', () => {
    expect(secondsUntilNextTry(1, 60, () => 0)).toBe(60)
    expect(secondsUntilNextTry(2, 60, () => 0)).toBe(300)
    expect(secondsUntilNextTry(1, 1e9, () => 0)).toBe(86_400)
    expect(secondsUntilNextTry(10, 60, () => 0)).toBeNull()
  })

  it('is not overtaken by others when the receiver is overloaded', () => {
    expect(pauseSeconds(429, 60, 5)).toBe(60)
    expect(pauseSeconds(502, null, 5)).toBe(5)
    expect(pauseSeconds(504, null, 300)).toBe(60)
    expect(pauseSeconds(500, 60, 5)).toBeNull()
    expect(pauseSeconds(null, null, 5)).toBeNull()
  })
})

it('a message stays below 20 kB, whatever it holds', () => {
  const eventTime = new Date(0)
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ maxLength: 9_000 })), (data) => {
      const body = messageBody({ type: 'task.failed', eventTime, data })
      expect(Buffer.byteLength(body)).toBeLessThan(20_000)
      expect(JSON.parse(body)).toMatchObject({
        type: 'task.failed',
        timestamp: '1970-01-01T00:00:00.000Z',
      })
    }),
    { numRuns: 50 },
  )
})

describe('FORGEINDEX_WEBHOOK_HOSTS', () => {
  it.each(['receiver:9000', 'a.example:80,[::1]:8080 , 10.0.0.5:443'])('takes %s', (value) => {
    const { webhookHosts } = readSettings({ FORGEINDEX_WEBHOOK_HOSTS: value })
    expect(webhookHosts).toEqual(value.split(',').map((entry) => entry.trim()))
  })

  it.each(['receiver', 'http://receiver:9000', '*:80', 'a:80/path', '10.0.0.0/8:80'])(
    'refuses %s by its name',
    (value) => {
      expect(() => readSettings({ FORGEINDEX_WEBHOOK_HOSTS: value })).toThrow(
        /FORGEINDEX_WEBHOOK_HOSTS.*host:port/,
      )
    },
  )
})
