import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * A small real H.264 clip with sound at `file`, made by ffmpeg; returns its bytes. The same
 * arguments give the same picture.
 */
export async function makeClip(
  file: string,
  options: { seconds?: number; size?: string; pattern?: string } = {},
): Promise<Buffer> {
  const { seconds = 1, size = '160x120', pattern = 'testsrc' } = options
  await promisify(execFile)('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-y'],
    ...['-f', 'lavfi', '-i', `${pattern}=size=${size}:rate=10:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ...['-movflags', '+faststart', file],
  ])
  return await readFile(file)
}

/** The same clip as another file: with a box at its end that players skip. */
export function variantOf(clip: Buffer, n: number): Buffer {
  const box = Buffer.alloc(16)
  box.writeUInt32BE(16, 0)
  box.write('free', 4, 'latin1')
  box.writeUInt32BE(n, 8)
  return Buffer.concat([clip, box])
}
