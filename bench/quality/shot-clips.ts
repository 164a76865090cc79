import { existsSync } from 'node:fs'
import path from 'node:path'
import { run } from '../../src/media/process.ts'
import type { MediaTools } from '../../src/media/tools.ts'

/** A clip with known transitions. */
export interface ShotClip {
  name: string
  /** What it tests. */
  kind: 'hard cuts' | 'gradual' | 'flashes' | 'handheld' | 'one shot' | 'static' | 'film'
  /** Stretches in seconds within which exactly one new shot begins; a hard cut's has no length. */
  truth: (readonly [number, number] | number)[]
  /** Stretches in which nobody could say: what is found there counts neither way. */
  unclear?: (readonly [number, number])[]
  /** Relative to the folder of videos; absent for a clip that is made. */
  file?: string
  /** Arguments of ffmpeg that make it of real clips, named in braces. */
  make?: string
}

/** A stretch of a real clip in one size and rate, ready to be joined. */
const part = (i: number, from: number, seconds: number) =>
  `[${i}:v]trim=${from}:${from + seconds},setpts=PTS-STARTPTS,fps=25,scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:-1:-1,setsar=1,format=yuv420p,settb=1/25[p${i}]`

const SOURCES = [
  'pxt-bangkok_half_res.mp4',
  'fb-drawer_assembly_3x.mp4',
  'intel-one-by-one-person-detection.mp4',
  'ocv-box.mp4',
  'intel-bottle-detection.mp4',
]
const INPUTS = SOURCES.map((name) => `-i {${name}}`).join(' ')
const parts = (seconds: number) => SOURCES.map((_, i) => part(i, 2 + i, seconds)).join(';')

/** The five parts one after the other, each pair joined by the same transition of ffmpeg's xfade. */
function faded(kind: string, seconds: number, length: number): string {
  const chain = [1, 2, 3, 4].map((i) => {
    const before = i === 1 ? '[p0]' : `[x${i - 1}]`
    return `${before}[p${i}]xfade=transition=${kind}:duration=${length}:offset=${i * (seconds - length)}[x${i}]`
  })
  return `${INPUTS} -filter_complex ${parts(seconds)};${chain.join(';')} -map [x4]`
}
const fadedTruth = (seconds: number, length: number) =>
  [1, 2, 3, 4].map((i) => [i * (seconds - length), i * (seconds - length) + length] as const)

const FLASH = (at: number, seconds: number) =>
  `drawbox=c=white:t=fill:enable='between(t,${at},${at + seconds - 0.001})'`
/** Crop that moves as a hand does: two slow waves and a tremor each way. */
const SHAKE =
  "crop=iw*0.8:ih*0.8:x='(iw-ow)/2*(1+0.6*sin(7.1*t)+0.35*sin(23*t+1))':y='(ih-oh)/2*(1+0.6*sin(5.3*t+2)+0.35*sin(27*t))'"

export const SHOT_CLIPS: ShotClip[] = [
  {
    name: 'three scenes',
    kind: 'hard cuts',
    truth: [5, 10],
    file: 'three-scenes-cuts-at-5s-10s.mp4',
  },
  {
    name: 'five real clips',
    kind: 'hard cuts',
    truth: [3, 6, 9, 12],
    make: `${INPUTS} -filter_complex ${parts(3)};[p0][p1][p2][p3][p4]concat=n=5[x] -map [x]`,
  },
  {
    name: 'shots of 0.6 s',
    kind: 'hard cuts',
    truth: [0.6, 1.2, 1.8, 2.4],
    make: `${INPUTS} -filter_complex ${parts(0.6)};[p0][p1][p2][p3][p4]concat=n=5[x] -map [x]`,
  },
  {
    name: 'hard cuts at a fifth of the contrast',
    kind: 'hard cuts',
    truth: [3, 6, 9, 12],
    make: `${INPUTS} -filter_complex ${parts(3)};[p0][p1][p2][p3][p4]concat=n=5,eq=contrast=0.2:brightness=-0.3[x] -map [x]`,
  },
  { name: 'dissolves of 1 s', kind: 'gradual', truth: fadedTruth(4, 1), make: faded('fade', 4, 1) },
  {
    name: 'dissolves of 0.4 s',
    kind: 'gradual',
    truth: fadedTruth(3, 0.4),
    make: faded('fade', 3, 0.4),
  },
  { name: 'dissolves of 2 s', kind: 'gradual', truth: fadedTruth(5, 2), make: faded('fade', 5, 2) },
  {
    name: 'fades through black',
    kind: 'gradual',
    truth: fadedTruth(4, 1),
    make: faded('fadeblack', 4, 1),
  },
  {
    name: 'fades through white',
    kind: 'gradual',
    truth: fadedTruth(4, 1),
    make: faded('fadewhite', 4, 1),
  },
  {
    name: 'flashes of one to four frames',
    kind: 'flashes',
    truth: [],
    make: `-i {fb-drawer_assembly_3x.mp4} -t 10 -vf ${[
      FLASH(1, 0.03),
      FLASH(3, 0.07),
      FLASH(5, 0.1),
      FLASH(7, 0.13),
    ].join(',')}`,
  },
  {
    name: 'flashes and two cuts',
    kind: 'flashes',
    truth: [5, 10],
    make: `-i {three-scenes-cuts-at-5s-10s.mp4} -vf ${FLASH(2, 0.08)},${FLASH(7.4, 0.08)},${FLASH(12, 0.08)}`,
  },
  {
    name: 'shaken street',
    kind: 'handheld',
    truth: [],
    make: `-i {pxt-bangkok_half_res.mp4} -t 12 -vf ${SHAKE}`,
  },
  {
    name: 'shaken, with cuts',
    kind: 'handheld',
    truth: [3, 6, 9, 12],
    make: `${INPUTS} -filter_complex ${parts(3)};[p0][p1][p2][p3][p4]concat=n=5,${SHAKE}[x] -map [x]`,
  },
  {
    name: 'fast pan over a photo',
    kind: 'handheld',
    truth: [],
    make: `-i {pxt-bangkok_half_res.mp4} -t 6 -vf loop=loop=-1:size=1,scale=2560:-2,crop=640:360:x='(iw-ow)/2*(1+sin(1.5*t))':y=500`,
  },
  { name: 'static 30 s', kind: 'static', truth: [], file: 'edge/static-30s.mp4' },
  { name: 'black 10 s', kind: 'static', truth: [], file: 'edge/amx-silent-black-10s.mp4' },
  {
    name: 'Sintel trailer',
    kind: 'film',
    file: 'cosmos-test_video_30s.mp4',
    // By eye, from contact sheets of each frame around a change.
    truth: [
      [2.9, 3.6],
      [6.2, 7.38],
      [9.2, 10],
      11.9167,
      [14.1, 14.5],
      14.8333,
      [15.5, 16.15],
      [19.4, 20],
      21.7917,
      23.875,
      25.4167,
      [26, 26.3],
    ],
    // A whip of the camera, in which one may see a cut.
    unclear: [[14.95, 15.2]],
  },
  {
    name: 'telescope',
    kind: 'film',
    file: 'edge/tc-nasa_13013_hdr.mp4',
    truth: [
      [5, 6.1],
      [8.04, 8.12],
    ],
  },
  {
    name: 'lamp (black until 0.6 s)',
    kind: 'one shot',
    truth: [0.6],
    file: 'fb-lamp_assembly_3x.mp4',
  },
  ...[
    'fb-drawer_assembly_3x.mp4',
    'fb-one_leg_best_2x.mp4',
    'fb-one_leg_fail_screwing_2x.mp4',
    'intel-bottle-detection.mp4',
    'intel-one-by-one-person-detection.mp4',
    'ocv-box.mp4',
    'pxt-bangkok_half_res.mp4',
    'worker-zone.mp4',
    'intel-bolt-multi-size.gif',
    'grid-bbaf2n.mpg',
    'edge/worker-zone-vfr.mp4',
  ].map((file): ShotClip => ({ name: path.basename(file), kind: 'one shot', truth: [], file })),
]

/**
 * The clip's file, made in `folder` when it is not one of the real ones.
 *
 * @param videos folder of the real clips
 * @returns null when a real clip is not there
 */
export async function clipFile(
  tools: MediaTools,
  clip: ShotClip,
  videos: string,
  folder: string,
): Promise<string | null> {
  if (clip.file) {
    const file = path.join(videos, clip.file)
    return existsSync(file) ? file : null
  }
  const sources = [...(clip.make ?? '').matchAll(/\{(.+?)\}/g)].map(([, name]) => name ?? '')
  if (sources.some((name) => !existsSync(path.join(videos, name)))) return null
  const file = path.join(folder, `${clip.name.replace(/\W+/g, '-')}.mp4`)
  const args = (clip.make ?? '').replace(/\{(.+?)\}/g, (_, name) => path.join(videos, name))
  const { code, stderr } = await run(tools.ffmpeg, [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'],
    ...args.split(' ').filter(Boolean),
    ...['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', file],
  ])
  if (code !== 0) throw new Error(`ffmpeg could not make "${clip.name}": ${stderr}`)
  return file
}

/** How many transitions were found, invented and missed. */
export interface ShotScore {
  hits: number
  extra: number
  missed: number
}

/**
 * Compares transitions with the known ones: each known one takes at most one found within its stretch
 * or `tolerance` seconds of it.
 *
 * @param found seconds, in order
 */
export function scoreShots(clip: ShotClip, found: readonly number[], tolerance: number): ShotScore {
  const left = [...found]
  let hits = 0
  for (const truth of clip.truth) {
    const [from, to] = typeof truth === 'number' ? [truth, truth] : truth
    const at = left.findIndex((time) => time >= from - tolerance && time <= to + tolerance)
    if (at < 0) continue
    hits += 1
    left.splice(at, 1)
  }
  const extra = left.filter(
    (time) => !clip.unclear?.some(([from, to]) => time >= from && time <= to),
  ).length
  return { hits, extra, missed: clip.truth.length - hits }
}

/** Harmonic mean of precision and recall, 0–1; 1 where there was nothing to find and nothing found. */
export function f1({ hits, extra, missed }: ShotScore): number {
  return hits + extra + missed === 0 ? 1 : (2 * hits) / (2 * hits + extra + missed)
}
