import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { annotation } from '../../src/labeling/annotation-schema.ts'
import { wordErrors, words } from '../models/speech/speech-files.ts'
import {
  type OwnLibrary,
  openOwnLibrary,
  realModels,
  type TaskAnswer,
} from '../support/own-library.ts'
import { testData } from '../support/test-data.ts'
import {
  ingestFolder,
  type SearchAnswer,
  statusesOf,
  type VideoAnswer,
  videosByTitle,
} from './answers.ts'
import { FORMS } from './forms.ts'

const run = promisify(execFile)

const CUTS = 'three-scenes-cuts-at-5s-10s.mp4'
const WORKER = 'worker-zone.mp4'
const NEAR = 'worker-zone-neardup.webm'
const JFK = 'worker-zone-speech-jfk.mp4'
const BEST = 'fb-one_leg_best_2x.mp4'
const FAILED = 'fb-one_leg_fail_screwing_2x.mp4'
const GRID = 'grid-swiz3n.mpg'
const VIDEOS = [CUTS, WORKER, NEAR, JFK, BEST, FAILED, GRID]
const WORKERS = [WORKER, NEAR, JFK]
/** Behind its original in the folder, so that it is the one that turns out to be known. */
const COPY = 'zz worker again.mp4'
const JFK_WORDS =
  'And so my fellow Americans ask not what your country can do for you ask what you can do for your country'

const missing = [...VIDEOS.map((name) => `videos/${name}`), 'models'].filter(
  (name) => testData(name) === null,
)

for (const { form, missing: noForm } of FORMS) {
  const why = noForm ?? (missing.length > 0 ? `not there: ${missing.join(', ')}` : null)
  describe.skipIf(why)(`real videos through real models (${form}${why ? `: ${why}` : ''})`, () => {
    let library: OwnLibrary
    let folder: string
    let task: TaskAnswer
    let videos: Map<string, VideoAnswer>

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-flow-'))
      for (const name of VIDEOS)
        await copyFile(testData(`videos/${name}`)!, path.join(folder, name))
      await copyFile(testData(`videos/${WORKER}`)!, path.join(folder, COPY))
      // One download at a time: of two copies, the first one is the video.
      library = await openOwnLibrary(
        { ...realModels()!, FORGEINDEX_FETCH_CONCURRENCY: '1' },
        { form },
      )
      task = await ingestFolder(library, folder)
      videos = await videosByTitle(library)
    }, 240_000)
    afterAll(async () => {
      await library?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })
    const video = (name: string) => {
      const found = videos.get(name)
      if (!found) throw new Error(`${name} is not in the library: ${[...videos.keys()]}`)
      return found
    }

    it('takes every video to completed, and no step of any failed', () => {
      expect(task).toMatchObject({ status: 'completed', videos_failed: 0, progress: 1 })
      expect([...videos.keys()].sort()).toEqual([...VIDEOS].sort())
      for (const { title, status, steps } of videos.values()) {
        expect([title, status]).toEqual([title, 'completed'])
        expect(steps.map(({ name }) => name)).toHaveLength(8)
        expect(steps.filter(({ state }) => !['done', 'skipped'].includes(state))).toEqual([])
        expect(steps.filter(({ reason }) => reason === 'model-missing')).toEqual([])
      }
    })

    it('takes the same file under two names as one video and counts the second as a duplicate', async () => {
      expect(task).toMatchObject({ videos_found: 8, videos_processed: 7 })
      const { db } = library.services.database
      const rejected = await db
        .selectFrom('candidates')
        .select(['title', 'reason_code', 'video_id'])
        .where('state', '=', 'rejected')
        .execute()
      expect(rejected).toEqual([
        { title: COPY, reason_code: 'same-content', video_id: video(WORKER).id },
      ])
      // The copy, and the two workers that the larger compilation shows from end to end.
      expect(task.videos_duplicate).toBe(3)
    })

    it("shows the brief's statuses in their order", async () => {
      for (const { id, title } of videos.values()) {
        expect([title, ...(await statusesOf(library, id))]).toEqual([
          title,
          ...['pending', 'downloading', 'processing', 'labeling', 'completed'],
        ])
      }
    })

    it('marks the keyframes at exactly 5.0 and 10.0 s as scene changes', () => {
      const cuts = video(CUTS).keyframes.filter((keyframe) => keyframe.is_scene_change)
      expect(cuts.map((keyframe) => keyframe.timestamp)).toEqual(expect.arrayContaining([5, 10]))
      expect(
        cuts.filter(({ timestamp }) => timestamp > 0).map(({ timestamp }) => timestamp),
      ).toEqual([5, 10])
    })

    it('sees a person on every keyframe of the worker, in boxes inside the frame', () => {
      for (const { keyframes, detections } of [video(WORKER), video(JFK)]) {
        const people = detections.filter(({ label }) => label === 'person')
        expect(new Set(people.map(({ keyframe_id }) => keyframe_id))).toEqual(
          new Set(keyframes.map(({ id }) => id)),
        )
        for (const box of detections) {
          expect(box.bbox_x).toBeGreaterThanOrEqual(0)
          expect(box.bbox_y).toBeGreaterThanOrEqual(0)
          expect(box.bbox_w).toBeGreaterThan(0)
          expect(box.bbox_h).toBeGreaterThan(0)
          expect(box.bbox_x + box.bbox_w).toBeLessThanOrEqual(1 + 1e-9)
          expect(box.bbox_y + box.bbox_h).toBeLessThanOrEqual(1 + 1e-9)
          expect(box.confidence).toBeGreaterThanOrEqual(0.3)
          expect(box.model_name).toBe('yolox-nano')
        }
      }
    })

    it('hears the speech with at most one wrong word, on the time line of the video', () => {
      const { transcript, duration } = video(JFK)
      expect(wordErrors(JFK_WORDS, transcript!.full_text)).toBeLessThanOrEqual(1)
      expect(transcript!.language).toBe('en')
      expect(transcript!.segments.length).toBeGreaterThan(0)
      let before = 0
      for (const { start_time, end_time } of transcript!.segments) {
        expect(start_time).toBeGreaterThanOrEqual(before)
        expect(end_time).toBeGreaterThan(start_time)
        expect(end_time).toBeLessThanOrEqual(duration + 0.5)
        before = start_time
      }
      expect(words(transcript!.segments.map(({ text }) => text).join(' '))).toEqual(
        words(transcript!.full_text),
      )
      expect(video(WORKER).transcript).toBeNull()
    })

    it('tells re-encodes from excerpts, where they match, and two takes of one job not at all', () => {
      const kinds = (name: string) =>
        Object.fromEntries(video(name).duplicates.map(({ title, kind }) => [title, kind]))
      expect(kinds(WORKER)).toEqual({ [NEAR]: 're-encode', [JFK]: 'excerpt', [CUTS]: 'excerpt' })
      expect(kinds(NEAR)).toEqual({ [WORKER]: 're-encode', [JFK]: 'excerpt', [CUTS]: 'excerpt' })
      expect(kinds(CUTS)).toEqual({ [WORKER]: 'excerpt', [NEAR]: 'excerpt', [JFK]: 'excerpt' })
      const inCuts = video(WORKER).duplicates.find(({ title }) => title === CUTS)!
      expect(inCuts).toMatchObject({ start_time: 0, other_start_time: 10, flagged: 'this' })
      expect(Math.abs(inCuts.other_end_time! - 14.73)).toBeLessThan(0.3)
      expect(inCuts.is_keeper).toBe(true)
      const again = video(WORKER).duplicates.find(({ title }) => title === NEAR)!
      expect(again.similarity).toBeGreaterThan(0.95)
      expect(again.similarity).toBeLessThanOrEqual(1)
      for (const name of [BEST, FAILED, GRID]) expect(video(name).duplicates).toEqual([])
    })

    it('leaves out what a better near-duplicate shows when asked to', async () => {
      interface List {
        items: { title: string }[]
      }
      const all = (await library.ask<List>('GET', '/api/videos')).body.items
      const some = (await library.ask<List>('GET', '/api/videos?hide_duplicates=true')).body.items
      expect(all).toHaveLength(7)
      // The clip with speech is longer than what the compilation shows of it.
      expect(some.map(({ title }) => title).sort()).toEqual([BEST, CUTS, FAILED, GRID, JFK].sort())
    })

    it.each(['people', 'worker'])('finds a worker clip among the first three for %s', async (q) => {
      const { body } = await library.ask<SearchAnswer>('GET', `/api/search?q=${q}`)
      expect(body.mode).toBe('hybrid')
      const hit = body.results.slice(0, 3).find(({ title }) => WORKERS.includes(title))
      expect(body.results.map(({ title }) => title)).toContain(hit?.title)
      expect(hit!.moments.length).toBeGreaterThan(0)
      for (const moment of hit!.moments) {
        expect(moment.start_time).toBeGreaterThanOrEqual(0)
        expect(moment.end_time).toBeGreaterThanOrEqual(moment.start_time)
        expect(moment.end_time).toBeLessThanOrEqual(video(hit!.title).duration + 1e-6)
      }
    })

    it('finds a spoken word at the time it is said', async () => {
      const { body } = await library.ask<SearchAnswer>('GET', '/api/search?q=country')
      const hit = body.results.find(({ title }) => title === JFK)
      const said = hit!.moments.filter(({ reason }) => reason === 'speech')
      const segments = video(JFK).transcript!.segments.filter(({ text }) => /country/i.test(text))
      expect(said.map(({ start_time, end_time }) => [start_time, end_time])).toEqual(
        segments.map(({ start_time, end_time }) => [start_time, end_time]),
      )
      // "country" is said twice: about 3.3–8 s and about 8–11 s into the speech.
      expect(said[0]!.end_time).toBeGreaterThan(3)
      expect(hit!.moments[0]!.keyframe_url).toMatch(/^\/api\/videos\//)
    })

    it('stores frame vectors of length 1 and their re-normalised mean as the video vector', async () => {
      const { db } = library.services.database
      const lengths = await sql<{ low: number; high: number; count: number }>`
        select min(l2_norm(embedding)) as low, max(l2_norm(embedding)) as high, count(*) as count
        from keyframe_embeddings`.execute(db)
      const { low, high, count } = lengths.rows[0]!
      const keyframes = [...videos.values()].reduce((n, v) => n + v.keyframes.length, 0)
      expect(count).toBe(keyframes)
      expect(Math.abs(low - 1)).toBeLessThan(1e-2)
      expect(Math.abs(high - 1)).toBeLessThan(1e-2)
      const means = await sql<{ cosine: number; norm: number }>`
        select 1 - (v.embedding <=> m.mean) as cosine, vector_norm(v.embedding) as norm
        from video_embeddings v join (
          select video_id, avg(embedding::vector) as mean from keyframe_embeddings group by video_id
        ) m on m.video_id = v.video_id`.execute(db)
      expect(means.rows).toHaveLength(7)
      for (const { cosine, norm } of means.rows) {
        expect(cosine).toBeGreaterThan(0.9999)
        expect(norm).toBeCloseTo(1, 4)
      }
    })

    it('exports the videos with a person as an archive that others can read', async () => {
      const made = await library.ask<{ id: string; video_count: number }>('POST', '/api/dataset', {
        name: 'People at work',
        filters: { objects: ['person'] },
      })
      expect(made.status).toBe(201)
      const withPerson = [...videos.values()].filter(({ detections }) =>
        detections.some(({ label }) => label === 'person'),
      )
      expect(withPerson.map(({ title }) => title)).toEqual(expect.arrayContaining([WORKER, JFK]))
      expect(made.body.video_count).toBe(withPerson.length)
      const answer = await library.app.inject({
        url: `/api/dataset/${made.body.id}/export?format=zip`,
        headers: { host: 'localhost' },
      })
      expect(answer.statusCode).toBe(200)
      const file = path.join(folder, 'export.zip')
      await writeFile(file, answer.rawPayload)
      const { annotations, rows, names } = await readArchive(file)
      expect(annotations.map(({ video }) => video.id).sort()).toEqual(
        withPerson.map(({ id }) => id).sort(),
      )
      expect(rows.flatMap((row) => Object.values(row))).toEqual(
        expect.arrayContaining(withPerson.map(({ id }) => id)),
      )
      expect(rows).toHaveLength(withPerson.length)
      expect(names).toEqual(expect.arrayContaining(['metadata.csv', 'taxonomy.yaml', 'README.md']))
      for (const exported of annotations) {
        expect(annotation.safeParse(exported).error?.issues ?? []).toEqual([])
        expect(exported.objects_detected.map(({ label }) => label)).toContain('person')
      }
    })
  })
}

interface Exported {
  video: { id: string }
  objects_detected: { label: string }[]
}

/** An archive's parts as Python's zipfile, json and csv read them. */
async function readArchive(
  file: string,
): Promise<{ names: string[]; annotations: Exported[]; rows: Record<string, string>[] }> {
  const script = `
import csv, io, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
names = archive.namelist()
annotations = [json.loads(archive.read(n)) for n in names if n.startswith('annotations/')]
rows = list(csv.DictReader(io.StringIO(archive.read('metadata.csv').decode('utf-8-sig'), newline='')))
print(json.dumps({'names': names, 'annotations': annotations, 'rows': rows}))`
  const { stdout } = await run('python3', ['-c', script, file], { maxBuffer: 64 * 1024 ** 2 })
  return JSON.parse(stdout)
}
