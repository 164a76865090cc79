/** The clip with a box of its own at the end that players skip: another file, the same picture. */
export function copyOfClip(clip: Buffer, number: number): Buffer {
  const box = Buffer.alloc(16)
  box.writeUInt32BE(16, 0)
  box.write('free', 4, 'latin1')
  box.writeUInt32BE(number, 8)
  return Buffer.concat([clip, box])
}
