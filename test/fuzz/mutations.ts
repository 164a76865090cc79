/**
 * Ways to spoil a media file. All take their numbers from a seeded generator, so that a spoilt file can
 * be made again from its seed.
 */

type Mutation = (bytes: Buffer, random: () => number) => Buffer

/** Containers of ISO media whose content is boxes again (ISO/IEC 14496-12). */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts', 'dinf', 'udta'])
/** Boxes that hold the sizes, times and counts that readers allocate by. */
const TABLES = /^(mvhd|tkhd|mdhd|stts|ctts|stsc|stsz|stco|stss|elst|avcC|stsd|tfhd|trun)$/

interface Box {
  type: string
  start: number
  size: number
}

/** The boxes of an ISO media file, nested ones included, parents first; none for other files. */
export function boxesOf(bytes: Buffer, start = 0, end = bytes.length): Box[] {
  const boxes: Box[] = []
  for (let at = start; at + 8 <= end; ) {
    const size = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (size < 8 || at + size > end || !/^[\w ©-]{4}$/.test(type)) break
    boxes.push({ type, start: at, size })
    if (CONTAINERS.has(type)) boxes.push(...boxesOf(bytes, at + 8, at + size))
    at += size
  }
  return boxes
}

const whole = (random: () => number, below: number) => Math.floor(random() * below)
const one = <T>(random: () => number, list: readonly T[]) => list[whole(random, list.length)]!

/** By name; those about boxes leave a file without boxes to `bit-flips`. */
export const MUTATIONS: Record<string, Mutation> = {
  'bit-flips': (bytes, random) => {
    const copy = Buffer.from(bytes)
    for (let n = 1 + whole(random, 200); n > 0; n--) {
      const at = whole(random, copy.length)
      copy[at] = copy[at]! ^ (1 << whole(random, 8))
    }
    return copy
  },
  'header-bits': (bytes, random) => {
    const copy = Buffer.from(bytes)
    for (let n = 1 + whole(random, 24); n > 0; n--) {
      const at = whole(random, Math.min(copy.length, 2_048))
      copy[at] = copy[at]! ^ (1 << whole(random, 8))
    }
    return copy
  },
  'cut-tail': (bytes, random) => bytes.subarray(0, 1 + whole(random, bytes.length - 1)),
  'cut-head': (bytes, random) => bytes.subarray(1 + whole(random, bytes.length - 1)),
  hole: (bytes, random) => {
    const from = whole(random, bytes.length)
    const to = Math.min(bytes.length, from + 1 + whole(random, bytes.length / 4))
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  },
  zeros: (bytes, random) => {
    const copy = Buffer.from(bytes)
    const from = whole(random, copy.length)
    return copy.fill(0, from, Math.min(copy.length, from + 1 + whole(random, 65_536)))
  },
  'doubled-part': (bytes, random) => {
    const from = whole(random, bytes.length)
    const part = bytes.subarray(from, from + 1 + whole(random, 65_536))
    return Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(from)])
  },
  noise: (bytes, random) => {
    const copy = Buffer.from(bytes)
    const from = whole(random, copy.length)
    for (let at = from; at < Math.min(copy.length, from + 4_096); at++)
      copy[at] = whole(random, 256)
    return copy
  },
  'swapped-boxes': onBoxes((copy, boxes, random) => {
    const a = one(random, boxes)
    const b = one(random, boxes)
    const [first, second] = a.start <= b.start ? [a, b] : [b, a]
    // Nested ones cannot change places: then one box takes the other's name.
    if (first.start + first.size > second.start) {
      copy.write(second.type, first.start + 4, 'latin1')
      return copy
    }
    return Buffer.concat([
      copy.subarray(0, first.start),
      copy.subarray(second.start, second.start + second.size),
      copy.subarray(first.start + first.size, second.start),
      copy.subarray(first.start, first.start + first.size),
      copy.subarray(second.start + second.size),
    ])
  }),
  'huge-box': onBoxes((copy, boxes, random) => {
    const box = one(random, boxes)
    copy.writeUInt32BE(one(random, [0, 1, 7, 0x7fffffff, 0xffffffff]), box.start)
    return copy
  }),
  'huge-numbers': onBoxes((copy, boxes, random) => {
    const tables = boxes.filter(({ type }) => TABLES.test(type))
    const box = one(random, tables.length > 0 ? tables : boxes)
    for (let n = 1 + whole(random, 3); n > 0; n--) {
      const at = box.start + 8 + 4 * whole(random, Math.max(1, Math.min(24, (box.size - 8) / 4)))
      if (at + 4 > copy.length) continue
      copy.writeUInt32BE(one(random, [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x00ffffff]), at)
    }
    return copy
  }),
}

function onBoxes(mutate: (copy: Buffer, boxes: Box[], random: () => number) => Buffer): Mutation {
  return (bytes, random) => {
    const boxes = boxesOf(bytes)
    if (boxes.length === 0) return MUTATIONS['bit-flips']!(bytes, random)
    return mutate(Buffer.from(bytes), boxes, random)
  }
}
