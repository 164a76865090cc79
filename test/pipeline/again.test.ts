import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestFolder, rowCounts, type VideoAnswer } from '../flow/answers.ts'
import { makeClip } from '../support/clip.ts'
import { type OwnLibrary, openOwnLibrary, REAL_MODELS } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { testData } from '../support/test-data.ts'

const root = path.join(import.meta.dirname, '../..')
/** The quicker form to open where there is a choice; the order of steps knows no form. */
const form = testDatabaseUrl() ? 'server' : 'embedded'

/** Rows as they are, without the ids and times that are new each time. */
function comparable(video: VideoAnswer) {
  const frameOf = new Map(video.keyframes.map(({ id, timestamp }) => [id, timestamp]))
  return {
    keyframes: video.keyframes.map(({ timestamp, is_scene_change }) => [
      timestamp,
      is_scene_change,
    ]),
    detections: video.detections.map(({ keyframe_id, ...box }) => ({
      at: frameOf.get(keyframe_id),
      ...box,
    })),
    concepts: video.concepts.map(({ keyframe_id, ...concept }) => ({
      at: frameOf.get(keyframe_id),
      ...concept,
    })),
    activities: video.activities.map(({ label, start_time, end_time }) => [
      label,
      start_time,
      end_time,
    ]),
    transcript: video.transcript,
    tags: video.tags,
    category: video.category,
    steps: video.steps.map(({ name, state, reason }) => [name, state, reason]),
  }
}

/** One video in a library of its own, and how to have it processed again. */
async function openWithVideo(clip: { file: string | null }, variables: Record<string, string>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-again-'))
  await mkdir(path.join(folder, 'clips'))
  const target = path.join(folder, 'clips', 'worker at the mill.mp4')
  if (clip.file) await copyFile(clip.file, target)
  else await makeClip(target, { seconds: 3 })
  const taxonomy = path.join(folder, 'own.yaml')
  await cp(path.join(root, 'taxonomies/manufacturing.yaml'), taxonomy)
  const models = path.join(folder, 'models')
  await mkdir(models)
  const library: OwnLibrary = await openOwnLibrary(
    { ...variables, FORGEINDEX_MODELS_DIR: models, FORGEINDEX_TAXONOMY: taxonomy },
    { form },
  )
  const { db } = library.services.database
  await ingestFolder(library, path.join(folder, 'clips'))
  const list = await library.ask<{ items: { id: string }[] }>('GET', '/api/videos')
  const { id } = list.body.items[0]!
  const begun = async () =>
    new Map(
      (
        await db
          .selectFrom('step_runs')
          .select(['step', 'started_at'])
          .where('video_id', '=', id)
          .execute()
      ).map((row) => [row.step, row.started_at.getTime()]),
    )
  return {
    id,
    library,
    taxonomy,
    models,
    detail: async () => (await library.ask<VideoAnswer>('GET', `/api/videos/${id}`)).body,
    /** Processes the video again; gives the steps that really ran, in order. */
    async reprocess(): Promise<string[]> {
      const before = await begun()
      const { status } = await library.ask('POST', `/api/videos/${id}/reprocess`)
      expect(status).toBe(202)
      for (;;) {
        const { body } = await library.ask<VideoAnswer>('GET', `/api/videos/${id}?fields=status`)
        if (body.status === 'completed') break
        expect(body.status).not.toBe('failed')
        await sleep(50)
      }
      const names = (await library.ask<VideoAnswer>('GET', `/api/videos/${id}?fields=steps`)).body
        .steps
      const after = await begun()
      return names.map(({ name }) => name).filter((name) => after.get(name) !== before.get(name))
    },
    forget: (step: string) =>
      db.deleteFrom('step_runs').where('video_id', '=', id).where('step', '=', step).execute(),
    async [Symbol.asyncDispose]() {
      await library[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type OneVideo = Awaited<ReturnType<typeof openWithVideo>>

describe('a video processed again without models', () => {
  let video: OneVideo
  beforeAll(async () => {
    video = await openWithVideo({ file: null }, {})
  })
  afterAll(() => video?.[Symbol.asyncDispose]())

  it('runs nothing when nothing changed', async () => {
    const before = await video.detail()
    expect(await video.reprocess()).toEqual([])
    const { completed_at: _, ...after } = (await video.detail()) as VideoAnswer & {
      completed_at: unknown
    }
    expect(before).toMatchObject(after)
  })

  it('runs a step whose checkpoint is lost, and those that read it, to the same rows', async () => {
    const [rows, before] = [await rowCounts(video.library), comparable(await video.detail())]
    await video.forget('annotation')
    expect(await video.reprocess()).toEqual(['annotation'])
    await video.forget('frames')
    expect(await video.reprocess()).toEqual([
      ...['frames', 'embeddings', 'dedup', 'transcription'],
      ...['detection', 'concepts', 'activity', 'annotation'],
    ])
    expect(await rowCounts(video.library)).toEqual(rows)
    expect(comparable(await video.detail())).toEqual(before)
  })

  it('keeps a tag given by hand and takes it into the annotation', async () => {
    await video.library.ask('POST', `/api/videos/${video.id}/tags`, { tag: 'reviewed' })
    await video.forget('annotation')
    await video.reprocess()
    const { tags, annotation } = await video.detail()
    expect(tags).toContainEqual({ tag: 'reviewed', source: 'manual' })
    expect(annotation.tags).toContain('reviewed')
  })
})

const speech = testData('videos/worker-zone-speech-jfk.mp4')
const weights = testData('models')
const missing = [
  speech ? [] : ['videos/worker-zone-speech-jfk.mp4'],
  weights ? [] : ['models'],
].flat()
const title = `a video processed before its models were there${missing.length > 0 ? ` (not there: ${missing.join(', ')})` : ''}`

describe.skipIf(missing.length > 0)(title, () => {
  let video: OneVideo
  beforeAll(async () => {
    video = await openWithVideo({ file: speech }, REAL_MODELS)
  })
  afterAll(() => video?.[Symbol.asyncDispose]())

  it('runs what the models make once they are put there, and no second decode', async () => {
    const before = await video.detail()
    expect(before.steps.filter(({ reason }) => reason === 'model-missing').length).toBeGreaterThan(
      3,
    )
    expect(before.transcript).toBeNull()
    for (const name of await readdir(weights!)) {
      await symlink(path.join(weights!, name), path.join(video.models, name))
    }
    expect(await video.reprocess()).toEqual([
      ...['embeddings', 'dedup', 'transcription'],
      ...['detection', 'concepts', 'activity', 'annotation'],
    ])
    const after = await video.detail()
    expect(after.steps.filter(({ reason }) => reason === 'model-missing')).toEqual([])
    expect(after.keyframes).toEqual(before.keyframes)
    expect(after.transcript!.full_text).toMatch(/country/)
    expect(after.detections.map(({ label }) => label)).toContain('person')
    expect(await video.reprocess()).toEqual([])
  })

  it('gives the same rows when every step runs a second time', async () => {
    const [rows, before] = [await rowCounts(video.library), comparable(await video.detail())]
    await video.forget('frames')
    expect(await video.reprocess()).toHaveLength(8)
    expect(await rowCounts(video.library)).toEqual(rows)
    expect(comparable(await video.detail())).toEqual(before)
  })

  it('runs only what reads the taxonomy when that changes', async () => {
    const before = await video.detail()
    const text = await readFile(video.taxonomy, 'utf8')
    // The word in the mapping, and in the rules that ask for it.
    const renamed = text.replace('  person: person\n', '  person: operator\n')
    await writeFile(video.taxonomy, renamed.replaceAll(/(- |label: )person(?=,|$)/gm, '$1operator'))
    expect(await video.reprocess()).toEqual(['detection', 'activity', 'annotation'])
    const after = await video.detail()
    const operators = after.detections.filter(({ label }) => label === 'operator')
    expect(operators).toHaveLength(
      before.detections.filter(({ label }) => label === 'person').length,
    )
    expect(operators.every(({ source_label }) => source_label === 'person')).toBe(true)
    expect(JSON.stringify(after.annotation.objects_detected)).toContain('operator')

    const concepts = await readFile(video.taxonomy, 'utf8')
    await writeFile(video.taxonomy, concepts.replace(/^background:\n/m, '$&  - a photo of a cat\n'))
    expect(await video.reprocess()).toEqual(['concepts', 'activity', 'annotation'])
  })
})
