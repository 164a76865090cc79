import { describe, expect, it } from 'vitest'
import { Gate } from '../../src/ingestion/pace.ts'

const signal = new AbortController().signal

describe('Gate', () => {
  it('holds no more than its size at once, and goes on after a failure', async () => {
    const gate = new Gate(2)
    let inside = 0
    let most = 0
    const work = (fails: boolean) =>
      gate.hold(signal, async () => {
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setTimeout(resolve, 20))
        inside--
        if (fails) throw new Error('failed')
        return 'done'
      })
    const results = await Promise.allSettled([
      work(true),
      work(false),
      work(true),
      work(false),
      work(false),
    ])
    expect(results.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect(most).toBe(2)
  })

  it('forgets a caller that aborts while it waits', async () => {
    const gate = new Gate(1)
    let release = () => {}
    const first = gate.hold(signal, () => new Promise<void>((resolve) => (release = resolve)))
    const stop = new AbortController()
    const second = gate.hold(stop.signal, async () => 'never')
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    release()
    await first
    expect(await gate.hold(signal, async () => 'free')).toBe('free')
  })
})
