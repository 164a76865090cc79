import { describe, expect, it } from 'vitest'
import { FlowReader } from '../../src/media/flow.ts'
import { FlowInThread } from '../../src/media/flow-thread.ts'
import { SENT_BYTES } from '../../src/media/miniatures.ts'
import { run } from '../../src/media/process.ts'

/** 25 frames a second: bars that wander, turned round from 2 s on. */
const FRAMES = Array.from({ length: 100 }, (_, frame) => ({
  microseconds: frame * 40_000,
  bytes: Buffer.from(
    Array.from({ length: SENT_BYTES }, (_, i) => {
      const grey = ((i + frame) % 64) * 4
      return frame < 50 ? grey : 255 - (grey >> 1)
    }),
  ),
}))

describe('frames looked at in a thread', () => {
  it('tell what they tell here, of several videos at once', async () => {
    const here = new FlowReader()
    using one = new FlowInThread()
    using other = new FlowInThread()
    for (const { microseconds, bytes } of FRAMES) {
      here.read([microseconds], bytes)
      one.expect(microseconds)
      await one.read(bytes)
      if (microseconds < 1_000_000) {
        other.expect(microseconds)
        await other.read(bytes)
      }
    }
    const flow = here.finish(4)
    expect(flow.transitions.map(({ microseconds }) => microseconds)).toEqual([2_000_000])
    expect(await one.finish(4)).toEqual(flow)
    expect((await other.finish(1)).transitions).toEqual([])
  })

  it('make whoever sends them wait when they come faster than they are looked at', async () => {
    using flow = new FlowInThread()
    const block = Buffer.concat(Array(200).fill(FRAMES[0]!.bytes))
    const waits = Array.from({ length: 5 }, () => flow.read(block))
    expect(waits.map((wait) => wait !== null)).toEqual([false, false, true, true, true])
    await waits.at(-1)
  })

  it('that end in a fault end as one, and the next video is read', async () => {
    using spoilt = new FlowInThread()
    spoilt.expect(0)
    await spoilt.read(FRAMES[0]!.bytes)
    using beside = new FlowInThread()
    await expect(spoilt.finish(1n as unknown as number)).rejects.toThrow(/BigInt/)
    await expect(beside.finish(1)).rejects.toThrow(/BigInt/)
    using next = new FlowInThread()
    expect((await next.finish(0)).transitions).toEqual([])
  })
})

describe('a program whose bytes wait to be taken', () => {
  it('waits as well', async () => {
    let taken = 0
    let waiting = 0
    let mostWaiting = 0
    const { code } = await run('sh', ['-c', 'head -c 3000000 /dev/zero >&3'], {
      onBytes: async (bytes) => {
        taken += bytes.length
        waiting += bytes.length
        mostWaiting = Math.max(mostWaiting, waiting)
        await new Promise((resolve) => setTimeout(resolve, 2))
        waiting -= bytes.length
      },
    })
    expect(code).toBe(0)
    expect(taken).toBe(3_000_000)
    // One read, one in Node's hands and, of a program that has ended, the rest of a pipe: 64 KiB each.
    expect(mostWaiting).toBeLessThanOrEqual(4 * 65_536)
  })

  it('is stopped when they are refused', async () => {
    const refused = run('sh', ['-c', 'cat /dev/zero >&3'], {
      onBytes: () => Promise.reject(new Error('enough')),
    })
    await expect(refused).rejects.toThrow('enough')
  })
})
