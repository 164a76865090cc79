import { describe, expect, it } from 'vitest'
import { randomFrom } from '../support/random.ts'
import { expectAllUnderstood } from './expectations.ts'
import { fuzz } from './fuzz.ts'
import { boxesOf, MUTATIONS } from './mutations.ts'

describe('spoilt video files', () => {
  it('end in an answer that a user understands (44 of them; 2,000 in the slow tests)', async () => {
    expectAllUnderstood(await fuzz({ files: 44, seed: 1 }))
  })

  it('are made again from their seed, and differ from the clip', () => {
    const box = (type: string, content: Buffer) => {
      const head = Buffer.alloc(8)
      head.writeUInt32BE(8 + content.length)
      head.write(type, 4, 'latin1')
      return Buffer.concat([head, content])
    }
    const clip = Buffer.concat([
      box('ftyp', Buffer.from('isomiso2')),
      box('moov', Buffer.concat([box('mvhd', Buffer.alloc(100, 7)), box('trak', Buffer.alloc(0))])),
      box('mdat', Buffer.alloc(5_000, 3)),
    ])
    expect(boxesOf(clip).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mvhd', 'trak', 'mdat'])
    for (const [name, mutate] of Object.entries(MUTATIONS)) {
      const seeds = [1, 2, 3, 4, 5, 6]
      const made = seeds.map((seed) => mutate(clip, randomFrom(seed)))
      expect(
        seeds.map((seed) => mutate(clip, randomFrom(seed))),
        name,
      ).toEqual(made)
      expect(
        made.some((bytes) => !bytes.equals(clip)),
        name,
      ).toBe(true)
    }
  })
})
