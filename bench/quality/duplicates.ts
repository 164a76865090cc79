/**
 * `npx tsx bench/quality/duplicates.ts [--clips N] [--copies crop,mirror]`: copies of real clips, changed as people change
 * them, come into a library of all clips and of takes cut from them, through decode, vectors and the
 * dedup step. The table says how many of each kind of copy are found, as what, and how exact the
 * stretch is; then every pair that should not be a duplicate and is.
 *
 * Needs the shared data (`FORGEINDEX_TEST_DATA`) and its models (`FORGEINDEX_MODELS_DIR`,
 * `CLIP_MODEL`). The last line is JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readSettings } from '../../src/config/settings.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { DedupStep } from '../../src/pipeline/dedup.ts'
import { EmbeddingsStep } from '../../src/pipeline/embeddings.ts'
import { FramesStep } from '../../src/pipeline/frames.ts'
import { processVideo } from '../../src/pipeline/orchestrator.ts'
import { openServices, type Services } from '../../src/services.ts'
import { type NearDuplicate, nearDuplicatesOf } from '../../src/store/duplicates.ts'
import { updateVideo } from '../../src/store/videos.ts'
import { insertVideo } from '../../test/support/rows.ts'
import { makeVariant, VARIANTS } from './duplicate-variants.ts'

const root = path.resolve(import.meta.dirname, '../..')
const data = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
const copies = path.join(root, '.cache/bench/duplicate-variants')

/** File, and the second at which a clip is cut into two takes: same camera, not the same time. */
const CLIPS: [string, number | null][] = [
  ['fb-one_leg_best_2x.mp4', null],
  ['worker-zone.mp4', null],
  ['fb-one_leg_fail_screwing_2x.mp4', 16],
  ['pxt-bangkok_half_res.mp4', 9],
  ['intel-bottle-detection.mp4', 19],
  ['ocv-box.mp4', 7.5],
  ['fb-lamp_assembly_3x.mp4', 14],
  ['fb-drawer_assembly_3x.mp4', 12],
  ['cosmos-test_video_30s.mp4', null],
  ['intel-bolt-multi-size.gif', null],
  ['grid-bbaf2n.mpg', null],
  ['grid-id2-swwp2s.mpg', null],
  ['grid-swiz3n.mpg', null],
]
const TAKE = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20']
/** Whole clips that are in the library beside them, and what they truly share with another. */
const OTHERS = ['three-scenes-cuts-at-5s-10s.mp4', 'worker-zone-speech-jfk.mp4']
const RELATED = new Set(['worker-zone', 'three-scenes-cuts-at-5s-10s', 'worker-zone-speech-jfk'])

const given = Number(process.argv[process.argv.indexOf('--clips') + 1]) || CLIPS.length
const clips = CLIPS.slice(0, given)
const wanted = process.argv[process.argv.indexOf('--copies') + 1]?.split(',')
const variants = process.argv.includes('--copies')
  ? VARIANTS.filter(({ name }) => wanted?.includes(name))
  : VARIANTS
const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-duplicates-'))
const services = await openServices(
  readSettings({ LOG_LEVEL: 'silent', ...process.env, FORGEINDEX_DATA_DIR: folder }),
)
try {
  await bench()
} finally {
  await services[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const { db } = services.database
  const library = new Map<string, string>()
  const wrong: string[] = []
  for (const [file, cut] of clips) {
    const source = path.join(data, 'videos', file)
    const { name } = path.parse(file)
    library.set(await add(services, name, source), name)
    if (cut === null) continue
    for (const [part, range] of [
      ['take-a', ['-t', String(cut)]],
      ['take-b', ['-ss', String(cut)]],
    ] as const) {
      const take = { name: part, input: [...range], output: TAKE, at: (time: number) => time }
      const { durationSeconds: duration } = await probe(services.settings, source)
      const made = await makeVariant(
        services.settings.ffmpeg,
        { file: source, duration },
        take,
        copies,
      )
      library.set(await add(services, `${name}--${part}`, made), `${name}--${part}`)
    }
  }
  for (const file of OTHERS) {
    const { name } = path.parse(file)
    library.set(await add(services, name, path.join(data, 'videos', file)), name)
  }
  console.error(`${library.size} videos in the library`)
  let negatives = 0
  let sameScene = 0
  const looked = new Set<string>()
  for (const [id, name] of library) {
    for (const pair of await nearDuplicatesOf(db, id)) {
      const other = library.get(pair.videoId)!
      if (looked.has([name, other].sort().join())) continue
      looked.add([name, other].sort().join())
      if (isRelated(name, other)) continue
      if (pair.kind === 'same-scene') sameScene += 1
      else wrong.push(`${name} · ${other}: ${pair.kind}`)
    }
  }
  const names = [...library.values()]
  for (const [index, one] of names.entries()) {
    for (const other of names.slice(index + 1)) if (!isRelated(one, other)) negatives += 1
  }

  const rows: Record<string, string | number>[] = []
  for (const variant of variants) {
    const kinds: Record<string, number> = {}
    let tried = 0
    let found = 0
    let worst = 0
    const missed: string[] = []
    for (const [file] of clips) {
      const source = path.join(data, 'videos', file)
      const { name } = path.parse(file)
      const { durationSeconds: duration } = await probe(services.settings, source)
      if (variant.minimum && duration < variant.minimum) continue
      const copy = await makeVariant(
        services.settings.ffmpeg,
        { file: source, duration },
        variant,
        copies,
      )
      const id = await add(services, `${name}--${variant.name}`, copy)
      const pairs = await nearDuplicatesOf(db, id)
      const pair = pairs.find(({ videoId }) => library.get(videoId) === name)
      tried += 1
      if (pair && pair.kind !== 'same-scene') {
        found += 1
        kinds[pair.kind ?? 'null'] = (kinds[pair.kind ?? 'null'] ?? 0) + 1
        worst = Math.max(worst, offBy(pair, variant.at))
      } else missed.push(`${name}${pair ? ' (same-scene)' : ''}`)
      for (const other of pairs) {
        const title = library.get(other.videoId)!
        if (other.kind !== 'same-scene' && !isRelated(name, title)) {
          wrong.push(`${name} (${variant.name}) · ${title}: ${other.kind}`)
        }
      }
      negatives += names.filter((other) => !isRelated(name, other)).length
      await db.deleteFrom('videos').where('id', '=', id).execute()
    }
    const row = {
      copy: variant.name,
      found: `${found} of ${tried}`,
      as: Object.entries(kinds)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', '),
      'off by (s)': worst.toFixed(1),
      missed: missed.join(', '),
    }
    rows.push(row)
    console.error(row)
  }
  console.table(rows)
  console.log(
    `Pairs of different material: ${negatives}; called duplicates: ${wrong.length}; same scene: ${sameScene}`,
  )
  for (const line of wrong) console.log(`  ${line}`)
  console.log(JSON.stringify({ rows, negatives, wrong, same_scene: sameScene }))
}

/** Cut from the same clip and not only neighbours of each other, or known to hold the same scene. */
function isRelated(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => name.replace(/--.*/, ''))
  if (RELATED.has(a!) && RELATED.has(b!)) return true
  return a === b && !(one.includes('--take') && other.includes('--take'))
}

/** How far the ends of the stretch in the copy are from where they truly are, in seconds. */
function offBy(pair: NearDuplicate, at: (seconds: number) => number): number {
  if (!pair.match) return 0
  const { own, other } = pair.match
  return Math.max(Math.abs(own.start - at(other.start)), Math.abs(own.end - at(other.end)))
}

/** Brings a file through the steps that duplicates need. Returns the video's id. */
async function add(into: Services, title: string, file: string): Promise<string> {
  const { db } = into.database
  const id = await insertVideo(db, { title, status: 'processing', duration: null })
  const storageKey = `videos/${id}/original${path.extname(file)}`
  await into.storage.putFile(storageKey, file)
  await updateVideo(db, id, { storageKey })
  const never = new AbortController().signal
  const steps = [new FramesStep(), new EmbeddingsStep(), new DedupStep()]
  await processVideo(into, steps, id, { signal: never, draining: never })
  return id
}
