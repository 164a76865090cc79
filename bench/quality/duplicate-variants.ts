import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { run } from '../../src/media/process.ts'

/** How a copy is made of a clip: what ffmpeg gets between its input and its output. */
export interface Variant {
  name: string
  input?: string[]
  filter?: string
  output: string[]
  extension?: string
  /** Seconds that a clip needs to be worth it. */
  minimum?: number
  /** Where a time of the original is in the copy. */
  at: (seconds: number) => number
}

const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23']
const same = (seconds: number) => seconds

/** What people do to a video before they publish it again. */
export const VARIANTS: Variant[] = [
  { name: 're-encode', output: [...H264.slice(0, -1), '35'], at: same },
  {
    name: 'webm',
    output: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-crf', '40'],
    extension: 'webm',
    at: same,
  },
  { name: 'scale', filter: 'scale=-2:180', output: H264, at: same },
  { name: 'crop', filter: 'crop=trunc(iw*.45)*2:trunc(ih*.45)*2', output: H264, at: same },
  { name: 'mirror', filter: 'hflip', output: H264, at: same },
  {
    name: 'logo',
    filter:
      'drawbox=x=iw*.8:y=ih*.05:w=iw*.16:h=ih*.12:color=white:t=fill,drawbox=x=iw*.83:y=ih*.08:w=iw*.1:h=ih*.06:color=red:t=fill',
    output: H264,
    at: same,
  },
  {
    name: 'faster',
    filter: 'setpts=PTS/1.05',
    output: H264,
    at: (seconds) => seconds / 1.05,
  },
  { name: 'slower', filter: 'setpts=PTS/0.95', output: H264, at: (seconds) => seconds / 0.95 },
  { name: 'cut start', input: ['-ss', '5'], output: H264, minimum: 10, at: (s) => s - 5 },
  { name: 'cut end', input: ['-t', 'END-5'], output: H264, minimum: 10, at: same },
  { name: 'cut 2.6 s', input: ['-ss', '2.6'], output: H264, minimum: 10, at: (s) => s - 2.6 },
  {
    name: 'all at once',
    input: ['-ss', '1.5'],
    filter:
      'crop=trunc(iw*.45)*2:trunc(ih*.45)*2,hflip,setpts=PTS/1.04,scale=-2:240,drawbox=x=iw*.05:y=ih*.05:w=iw*.15:h=ih*.1:color=white:t=fill',
    output: [...H264.slice(0, -1), '30'],
    minimum: 10,
    at: (s) => (s - 1.5) / 1.04,
  },
]

/** Makes the copy once and gives its path. */
export async function makeVariant(
  ffmpeg: string,
  clip: { file: string; duration: number },
  variant: Variant,
  folder: string,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = `${path.parse(clip.file).name}--${variant.name.replaceAll(' ', '-')}`
  const extension = variant.extension ?? 'mp4'
  const file = path.join(folder, `${name}.${extension}`)
  if (existsSync(file)) return file
  const input = (variant.input ?? []).map((word) =>
    word === 'END-5' ? (clip.duration - 5).toFixed(3) : word,
  )
  const partial = path.join(folder, `${name}.part.${extension}`)
  const even = 'scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p'
  const filter = variant.filter ? `${variant.filter},${even}` : even
  const { code, stderr } = await run(ffmpeg, [
    ...['-nostdin', '-y', '-loglevel', 'error', ...input, '-i', clip.file],
    ...['-an', '-vf', filter, ...variant.output, partial],
  ])
  if (code !== 0) throw new Error(`${name}: ${stderr}`)
  await rename(partial, file)
  return file
}
