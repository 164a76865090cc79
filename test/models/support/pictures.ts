import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'

/** A JPEG of one colour. */
export async function plainJpeg(
  file: string,
  colour: { r: number; g: number; b: number },
  size: { width: number; height: number } = { width: 320, height: 180 },
): Promise<string> {
  await sharp({ create: { ...size, channels: 3, background: colour } })
    .jpeg({ quality: 95 })
    .toFile(file)
  return file
}

/** Frames of a video as JPEGs, in order; `fps` as in the data's own description. */
export function framesOf(video: string, folder: string, fps: number): string[] {
  mkdirSync(folder, { recursive: true })
  const output = path.join(folder, '%04d.jpg')
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', '-i', video],
    ...['-vf', `fps=${fps}`, '-q:v', '3', output],
  ])
  return readdirSync(folder)
    .sort()
    .map((name) => path.join(folder, name))
}
