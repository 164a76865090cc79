import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Call, nextParts, type Part, PRIORITY } from '../../src/models/call.ts'
import { afterCrash, type Batch } from '../../src/models/crash-policy.ts'
import { MemoryLimit } from '../../src/models/memory-limit.ts'
import { FIRST_PATIENCE_MS, Pace } from '../../src/models/pace.ts'
import type { ModelForJob } from '../../src/models/protocol.ts'
import { heard } from './support/heard.ts'

const always = () => true

function model(job: ModelForJob['job'], key = 'one'): ModelForJob {
  return { job, model: { key, manifest: { name: key }, files: {} } } as ModelForJob
}

function call(name: string, count: number, what = model('detect'), priority?: number): Call {
  const items = Array.from({ length: count }, (_, index) => `${name}${index}`)
  const made = new Call(what, items, { priority })
  made.result.catch(() => {})
  return made
}

/** What a batch holds, in order: `A0 A1 B0`. */
function shown(parts: Part[] | null): string {
  return (parts ?? []).map(({ call: { items }, index }) => items[index]).join(' ')
}

describe('batches of several calls', () => {
  it('are filled up: the last frames of one video go with the first of the next', () => {
    const calls = [call('A', 18), call('B', 20)]
    const sizes: string[] = []
    for (let parts = nextParts(calls, always); parts; parts = nextParts(calls, always)) {
      const from = (name: string) =>
        shown(parts)
          .split(' ')
          .filter((item) => item.startsWith(name))
      sizes.push(`${from('A').length} + ${from('B').length}`)
    }
    // In turn, and only the very last one is not full.
    expect(sizes).toEqual(['16 + 0', '0 + 16', '2 + 4'])
  })

  it('let a short video through while a long one is at work', () => {
    const long = call('L', 3600)
    const short = call('S', 3)
    const calls = [long, short]
    nextParts(calls, always)
    expect(shown(nextParts(calls, always))).toMatch(/^S0 S1 S2 L16 L17/)
  })

  it('share neither a model nor an urgency with others, and a search comes first', () => {
    const calls = [
      call('A', 2),
      call('B', 2, model('detect', 'another')),
      call('C', 2, model('embed-images')),
      call('Q', 1, model('detect'), PRIORITY.interactive),
      call('D', 2),
      call('T', 2, model('transcribe')),
    ]
    const order: string[] = []
    for (let parts = nextParts(calls, always); parts; parts = nextParts(calls, always)) {
      order.push(shown(parts))
    }
    expect(order).toEqual(['Q0', 'A0 A1 D0 D1', 'B0 B1', 'C0 C1', 'T0', 'T1'])
  })

  it('hold each item once, in its own order, at most 16, whatever comes', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(counts, (sizes) => {
        const calls = sizes.map((count, at) => call(`${'ABCDEFGH'[at]}`, count))
        const expected = calls.map(({ items }) => items)
        const got = calls.map(() => [] as unknown[])
        const all = [...calls]
        let batches = 0
        for (let parts = nextParts(calls, always); parts; parts = nextParts(calls, always)) {
          batches += 1
          expect(parts.length).toBeLessThanOrEqual(16)
          for (const part of parts) got[all.indexOf(part.call)]!.push(part.call.items[part.index])
        }
        expect(got).toEqual(expected)
        const total = sizes.reduce((sum, count) => sum + count, 0)
        expect(batches).toBe(Math.ceil(total / 16))
      }),
    )
  })

  it('an aborted call sends nothing more, and settles when what is out is back', async () => {
    const aborted = call('A', 20)
    const calls = [aborted]
    const parts = nextParts(calls, always)!
    aborted.fail(new Error('unwanted'))
    expect(aborted.waiting).toBe(0)
    let settled = false
    aborted.result.catch(() => {
      settled = true
    })
    await Promise.resolve()
    expect(settled).toBe(false)
    aborted.landed(parts.length)
    await expect(aborted.result).rejects.toThrow('unwanted')
  })
})

describe('a batch whose process died', () => {
  const crash = { how: 'signal SIGSEGV', wasKilled: false, output: 'bad model\n' }
  const kill = { how: 'signal SIGKILL', wasKilled: true, output: '' }

  function batchOf(calls: Call[]): Batch {
    const parts = nextParts([...calls], always)!
    const what = model('detect')
    return { id: 1, what, group: '', parts, deaths: 0, kills: 0, silentMs: 0, runs: true }
  }

  it('is tried again, then each video alone, and the one at fault fails', () => {
    const [good, bad] = [call('G', 3), call('B', 2)] as const
    const second = afterCrash(batchOf([good, bad]), crash)
    expect(second.again.map(({ parts }) => shown(parts))).toEqual(['G0 G1 G2 B0 B1'])
    const third = afterCrash(second.again[0]!, crash)
    expect(third.again.map(({ parts }) => shown(parts))).toEqual(['G0 G1 G2', 'B0 B1'])
    const last = afterCrash(third.again[1]!, crash)
    expect(last.again).toEqual([])
    expect(last.failed).toHaveLength(1)
    expect(last.failed[0]).toMatchObject({
      call: bad,
      error: {
        name: 'PermanentError',
        code: 'model-crashed',
        message: expect.stringContaining(
          'died 3 times while it ran detect with one (signal SIGSEGV: bad model)',
        ),
      },
    })
  })

  it('leaves out what nobody waits for any more', () => {
    const [wanted, over] = [call('W', 1), call('O', 1)] as const
    const batch = batchOf([wanted, over])
    over.fail(new Error('unwanted'))
    expect(afterCrash(batch, crash).again.map(({ parts }) => shown(parts))).toEqual(['W0'])
    wanted.fail(new Error('unwanted'))
    expect(afterCrash(batch, crash)).toEqual({ again: [], failed: [] })
  })

  it('when something else killed it, goes in ever smaller parts and may come again later', () => {
    let batches = [batchOf([call('A', 16)])]
    const sizes: number[] = []
    let failed: unknown[] = []
    while (batches.length > 0 && failed.length === 0) {
      sizes.push(batches[0]!.parts.length)
      const next = afterCrash(batches[0]!, kill)
      batches = next.again
      failed = next.failed
    }
    expect(sizes).toEqual([16, 8, 4, 2, 1, 1])
    expect(failed).toMatchObject([{ error: { name: 'TransientError', code: 'model-crashed' } }])
  })
})

describe('patience', () => {
  it('follows what work takes here, and notices what takes ten times as long', () => {
    const pace = new Pace()
    expect(pace.patienceMs('clip', 16)).toBe(FIRST_PATIENCE_MS)
    expect(pace.note('clip', 16, 16 * 500)).toBeNull()
    expect(pace.patienceMs('clip', 16)).toBe(30 * 16 * 500)
    // Fast work is never given up within a minute.
    expect(pace.patienceMs('clip', 1)).toBe(60_000)
    expect(pace.note('clip', 16, 9 * 16 * 500)).toBeNull()
    const slow = new Pace()
    slow.note('clip', 16, 1600)
    expect(slow.note('clip', 8, 8 * 1001)).toBeCloseTo(800)
  })
})

describe('the memory limit', () => {
  it('replaces a process that has grown, and gives way to models that need more', () => {
    const { logger, lines } = heard()
    const limit = new MemoryLimit(1000, logger)
    limit.begin()
    limit.check(900, 'clip')
    expect(limit.isExceeded).toBe(false)
    limit.check(1001, 'clip')
    expect(limit.isExceeded).toBe(true)
    limit.begin()
    expect(limit.isExceeded).toBe(false)
    limit.check(1200, 'clip')
    expect(limit.isExceeded).toBe(false)
    limit.check(1700, 'clip')
    expect(limit.isExceeded).toBe(false)
    limit.check(1801 * 1.5, 'clip')
    expect(lines().map(({ msg }) => msg)).toEqual([
      expect.stringContaining('it is replaced'),
      expect.stringContaining('the limit is raised'),
      expect.stringContaining('the limit is raised'),
    ])
  })
})
