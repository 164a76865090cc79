/**
 * `npx tsx bench/quality/shots.ts [--json]`: the shots of clips with known transitions, by the
 * adaptive threshold and by the plain score above 0.3, in one decode each. Real clips come from the
 * folder that FORGEINDEX_TEST_DATA names; clips that need one that is missing are left out and named.
 *
 * The last line is JSON. `--json` leaves out the table before it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { testData } from '../../test/support/test-data.ts'
import { clipFile, f1, SHOT_CLIPS, type ShotScore, scoreShots } from './shot-clips.ts'

/** How far a found transition may lie from the known one. Seconds: two frames at 25 a second. */
const TOLERANCE = 0.08

const tools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', threads: 2 }
const onlyJson = process.argv.includes('--json')
const videos = testData('videos') ?? ''
const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-shots-'))
const rows: { name: string; kind: string; adaptive: ShotScore; plain: ShotScore; own: number }[] =
  []
const leftOut: string[] = []
try {
  for (const [index, clip] of SHOT_CLIPS.entries()) {
    const file = await clipFile(tools, clip, videos, folder)
    if (!file) {
      leftOut.push(clip.name)
      continue
    }
    const output = path.join(folder, String(index))
    mkdirSync(output)
    const { transitions, keyframes } = await extract(tools, file, await probe(tools, file), output)
    const adaptive = transitions.map(({ microseconds }) => microseconds / 1e6)
    const plain = keyframes.filter((k) => k.isSceneChange).map((k) => k.timestamp)
    const cuts = transitions.filter(({ kind }) => kind === 'cut')
    rows.push({
      name: clip.name,
      kind: clip.kind,
      adaptive: scoreShots(clip, adaptive, TOLERANCE),
      plain: scoreShots(clip, plain, TOLERANCE),
      own: cuts.filter((cut) => keyframes.some((k) => k.timestamp === cut.microseconds / 1e6))
        .length,
    })
    if (process.argv.includes('--times')) {
      console.log(
        clip.name,
        transitions.map((t) => `${(t.microseconds / 1e6).toFixed(2)} ${t.kind}`),
      )
    }
    rmSync(output, { recursive: true })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const kinds = [...new Set(rows.map(({ kind }) => kind))]
const summary = [...kinds, 'all'].map((kind) => {
  const of = rows.filter((row) => kind === 'all' || row.kind === kind)
  return { kind, clips: of.length, adaptive: sum(of, 'adaptive'), plain: sum(of, 'plain') }
})
if (!onlyJson) {
  for (const name of leftOut) console.log(`Left out, a real clip is missing: ${name}`)
  console.log('| clip | adaptive: found, extra, missed | plain 0.3 |\n|---|---|---|')
  for (const { name, adaptive, plain } of rows) {
    console.log(`| ${name} | ${text(adaptive)} | ${text(plain)} |`)
  }
  console.log(
    '\n| kind | clips | adaptive: found, extra, missed · F1 | plain 0.3 · F1 |\n|---|---|---|---|',
  )
  for (const { kind, clips, adaptive, plain } of summary) {
    const shown = (score: ShotScore) => `${text(score)} · ${f1(score).toFixed(2)}`
    console.log(`| ${kind} | ${clips} | ${shown(adaptive)} | ${shown(plain)} |`)
  }
}
console.log(
  JSON.stringify({
    tolerance: TOLERANCE,
    clips: rows.length,
    left_out: leftOut,
    keyframes_at_cuts: rows.reduce((total, { own }) => total + own, 0),
    scores: summary.map((row) => ({ ...row, f1: f1(row.adaptive), f1_plain: f1(row.plain) })),
  }),
)

function sum(of: typeof rows, which: 'adaptive' | 'plain'): ShotScore {
  const total = { hits: 0, extra: 0, missed: 0 }
  for (const row of of) {
    total.hits += row[which].hits
    total.extra += row[which].extra
    total.missed += row[which].missed
  }
  return total
}

function text({ hits, extra, missed }: ShotScore): string {
  return `${hits}, ${extra}, ${missed}`
}
