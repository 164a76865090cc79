import { existsSync, mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { run } from '../../src/media/process.ts'

/** The clip's length; every figure of the bench is for this much video. */
export const CLIP_SECONDS = 120

const SHOT_SECONDS = 10
const NORMALISE =
  'scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,setsar=1,fps=30,format=yuv420p'

/** Camera footage in the test data, with the second at which a shot of ten seconds starts. */
const SHOTS: [string, number][] = [
  ['intel-one-by-one-person-detection.mp4', 10],
  ['intel-bottle-detection.mp4', 0],
  ['pxt-bangkok_half_res.mp4', 0],
  ['cosmos-test_video_30s.mp4', 0],
  ['intel-one-by-one-person-detection.mp4', 60],
  ['fb-lamp_assembly_3x.mp4', 5],
  ['pxt-bangkok_half_res.mp4', 8],
  ['cosmos-test_video_30s.mp4', 10],
  ['intel-bottle-detection.mp4', 20],
  ['fb-drawer_assembly_3x.mp4', 3],
  ['intel-one-by-one-person-detection.mp4', 100],
  ['cosmos-test_video_30s.mp4', 20],
]
const SPEECH = ['0870', '0880', '0890', '0920', '0930'].map((n) => `librivox-austen-${n}.wav`)

/**
 * A 120 s clip, 1280 x 720, 30 frames a second, H.264 and AAC: twelve shots of real footage under
 * continuous speech where the test data are there, else patterns that ffmpeg makes, under a tone.
 * Made once per folder.
 */
export async function benchClip(
  ffmpeg: string,
  testData: string,
  folder: string,
): Promise<{ file: string; material: 'footage' | 'synthetic' }> {
  const material = existsSync(path.join(testData, 'videos', SHOTS[0]![0])) ? 'footage' : 'synthetic'
  const file = path.join(folder, `${material}-720p-${CLIP_SECONDS}s.mp4`)
  if (existsSync(file)) return { file, material }
  mkdirSync(folder, { recursive: true })
  const part = path.join(folder, `.part-${process.pid}.mp4`)
  const made = await run(
    ffmpeg,
    [
      ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'],
      ...(material === 'footage' ? footage(testData) : synthetic()),
      ...['-map', '[v]', '-map', '[a]', '-t', String(CLIP_SECONDS)],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'medium',
        '-crf',
        '20',
        '-c:a',
        'aac',
        '-b:a',
        '128k',
        part,
      ],
    ],
    { timeoutMs: 600_000 },
  )
  if (made.code !== 0) throw new Error(`ffmpeg could not make the clip: ${made.stderr}`)
  renameSync(part, file)
  return { file, material }
}

/** The same pictures and sound in a file with other bytes, so that a library takes it as a new video. */
export async function variantOf(ffmpeg: string, file: string, copy: string): Promise<string> {
  const args = ['-nostdin', '-loglevel', 'error', '-y', '-i', file, '-c', 'copy']
  const made = await run(ffmpeg, [...args, '-metadata', `comment=${path.basename(copy)}`, copy])
  if (made.code !== 0) throw new Error(`ffmpeg could not copy the clip: ${made.stderr}`)
  return copy
}

function footage(testData: string): string[] {
  const inputs = SHOTS.flatMap(([name, start]) => [
    ...[
      '-ss',
      String(start),
      '-t',
      String(SHOT_SECONDS),
      '-i',
      path.join(testData, 'videos', name),
    ],
  ])
  const voices = SPEECH.flatMap((name) => ['-i', path.join(testData, 'audio', name)])
  const shots = SHOTS.map(
    // A clip that ends early holds its last picture: every shot lasts its ten seconds.
    (_, i) =>
      `[${i}:v]${NORMALISE},tpad=stop=-1:stop_mode=clone,trim=duration=${SHOT_SECONDS},setpts=PTS-STARTPTS[v${i}]`,
  )
  const speech = SPEECH.map((_, i) => `[${SHOTS.length + i}:a]aresample=16000[a${i}]`)
  const chain = [
    ...shots,
    `${SHOTS.map((_, i) => `[v${i}]`).join('')}concat=n=${SHOTS.length}:v=1:a=0[v]`,
    ...speech,
    `${SPEECH.map((_, i) => `[a${i}]`).join('')}concat=n=${SPEECH.length}:v=0:a=1,` +
      `aloop=loop=-1:size=2000000,atrim=duration=${CLIP_SECONDS}[a]`,
  ]
  return [...inputs, ...voices, '-filter_complex', chain.join(';')]
}

function synthetic(): string[] {
  const sources = ['testsrc2', 'testsrc', 'smptehdbars', 'gradients']
  const inputs = sources.flatMap((source) => ['-f', 'lavfi', '-i', `${source}=s=1280x720:r=30`])
  const length = CLIP_SECONDS / sources.length
  const scenes = sources.map(
    (_, i) => `[${i}:v]trim=duration=${length},setsar=1,format=yuv420p,setpts=PTS-STARTPTS[v${i}]`,
  )
  const joined = `${sources.map((_, i) => `[v${i}]`).join('')}concat=n=${sources.length}:v=1:a=0[v]`
  const tone = `sine=f=440:d=${CLIP_SECONDS}[a]`
  return [...inputs, '-filter_complex', [...scenes, joined, tone].join(';')]
}
