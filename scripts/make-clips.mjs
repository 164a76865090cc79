/**
 * `node scripts/make-clips.mjs FOLDER`: short clips made by ffmpeg alone, for a machine without a
 * network. Different scenes, hard cuts at known times, sound of several kinds, one near-duplicate.
 * The names say what is in them, so that words find them even where no model is installed.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { capture, lastLines, main, SetupError, say } from './setup/programs.mjs'

const SIZE = '640x360'
const RATE = 25
const SPOKEN =
  'This clip was made for a test. The spindle turns, the coolant flows, and the lathe cuts the steel part.'

/**
 * The clips. `inputs` are lavfi sources, pictures first, sound (if any) last; `filter` joins several
 * pictures; `needs` names filters that not every ffmpeg has; `from` re-encodes an earlier clip.
 */
const clips = [
  {
    name: 'moving test pattern with a tone.mp4',
    seconds: 10,
    inputs: [`testsrc2=s=${SIZE}:r=${RATE}:d=10`, 'sine=f=440:d=10'],
  },
  {
    name: 'three scenes with hard cuts at 4 s and 8 s.mp4',
    seconds: 12,
    inputs: [
      `smptehdbars=s=${SIZE}:r=${RATE}:d=4`,
      `mandelbrot=s=${SIZE}:r=${RATE}`,
      `color=c=orange:s=${SIZE}:r=${RATE}:d=4`,
      'anoisesrc=c=pink:a=0.2:d=12:seed=1',
    ],
    filter:
      '[0:v]setsar=1[a];[1:v]trim=duration=4,setsar=1[b];[2:v]setsar=1[c];[a][b][c]concat=n=3:v=1[v]',
  },
  {
    name: 'cell colony with machine noise.mp4',
    seconds: 8,
    inputs: [
      `life=s=160x90:r=${RATE}:mold=10:ratio=0.3:seed=7:death_color=#804000:life_color=#ffc000`,
      'anoisesrc=c=brown:a=0.6:d=8:seed=2',
    ],
    filter: `[0:v]trim=duration=8,scale=${SIZE.replace('x', ':')}:flags=neighbor[v]`,
  },
  {
    name: 'colour gradients without sound.mp4',
    seconds: 6,
    inputs: [`gradients=s=${SIZE}:r=${RATE}:d=6:c0=navy:c1=gold:x0=0:y0=0:x1=640:y1=360:seed=3`],
  },
  {
    name: 'title card with a voice about a lathe.mp4',
    seconds: 9,
    needs: ['flite', 'drawtext'],
    inputs: [
      `color=c=0x203040:s=${SIZE}:r=${RATE}:d=9`,
      `flite=text='${SPOKEN.replaceAll(',', '\\,')}'`,
    ],
    filter: "[0:v]drawtext=text='LATHE':fontsize=96:fontcolor=white:x=(w-tw)/2:y=(h-th)/2[v]",
  },
  {
    name: 'moving test pattern, small copy.mp4',
    seconds: 10,
    from: 'moving test pattern with a tone.mp4',
    filter: '[0:v]scale=320:180[v]',
  },
]

/**
 * Makes the clips that are not in `folder` yet. A clip is whole or not there.
 *
 * @param {string} folder made when missing
 * @returns {{files: string[], left: string[]}} absolute paths; sentences on clips that this ffmpeg
 *   cannot make
 * @throws SetupError when ffmpeg fails on an ordinary clip
 */
export function makeClips(folder) {
  mkdirSync(folder, { recursive: true })
  const ffmpeg = process.env.FORGEINDEX_FFMPEG || 'ffmpeg'
  const filters = capture(ffmpeg, ['-hide_banner', '-filters']).stdout
  const files = []
  const left = []
  for (const clip of clips) {
    const file = path.join(folder, clip.name)
    const lacking = (clip.needs ?? []).filter((name) => !filters.includes(` ${name} `))
    const fault =
      lacking.length > 0 ? `this ffmpeg has no ${lacking.join(', ')}` : make(ffmpeg, clip, folder)
    if (fault === null) files.push(file)
    else if (clip.needs) left.push(`“${clip.name}”: ${fault}`)
    else throw new SetupError(`ffmpeg could not make “${clip.name}”:\n${fault}`)
  }
  return { files, left }
}

/** Null when the clip is there, else ffmpeg's last words. */
function make(ffmpeg, clip, folder) {
  const file = path.join(folder, clip.name)
  if (existsSync(file)) return null
  const part = path.join(folder, `.part-${process.pid}.mp4`)
  const { code, stderr } = capture(ffmpeg, [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'],
    ...inputs(clip, folder),
    ...(clip.filter ? ['-filter_complex', clip.filter, '-map', '[v]'] : ['-map', '0:v']),
    ...(hasSound(clip) ? ['-map', `${soundInput(clip)}:a?`, '-c:a', 'aac', '-b:a', '96k'] : []),
    ...['-t', String(clip.seconds), '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23'],
    ...['-pix_fmt', 'yuv420p', '-movflags', '+faststart', part],
  ])
  if (code !== 0) {
    rmSync(part, { force: true })
    return lastLines(stderr)
  }
  renameSync(part, file)
  return null
}

function inputs(clip, folder) {
  if (clip.from) return ['-i', path.join(folder, clip.from)]
  return clip.inputs.flatMap((source) => ['-f', 'lavfi', '-i', source])
}

function hasSound(clip) {
  return Boolean(clip.from) || /^(sine|anoisesrc|flite)/.test(clip.inputs.at(-1))
}

function soundInput(clip) {
  return clip.from ? 0 : clip.inputs.length - 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const folder = process.argv[2]
    if (!folder) throw new SetupError('Which folder? node scripts/make-clips.mjs FOLDER')
    const { files, left } = makeClips(path.resolve(folder))
    for (const file of files) say(file)
    for (const reason of left) say(`not made: ${reason}`)
  })
}
