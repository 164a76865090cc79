import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { annotation } from '../../src/labeling/annotation-schema.ts'
import { makeClip } from '../support/clip.ts'
import { type OwnLibrary, openOwnLibrary, type TaskAnswer } from '../support/own-library.ts'
import { s3TestSettings } from '../support/servers.ts'
import {
  ingestFolder,
  rowCounts,
  type SearchAnswer,
  statusesOf,
  type VideoAnswer,
  videosByTitle,
} from './answers.ts'
import { FORMS } from './forms.ts'

const s3 = s3TestSettings()
const S3_VARIABLES: Record<string, string> = s3
  ? {
      MINIO_ENDPOINT: s3.endpoint,
      MINIO_ACCESS_KEY: s3.accessKey,
      MINIO_SECRET_KEY: s3.secretKey,
      MINIO_BUCKET: s3.bucket,
    }
  : {}

/** Each form of the database with the folder store, and one of them with an S3 store. */
const PLACES = [
  ...FORMS.map((entry) => ({ ...entry, name: `${entry.form}, folder`, variables: {} })),
  {
    form: FORMS[1]!.missing ? ('embedded' as const) : ('server' as const),
    name: `${FORMS[1]!.missing ? 'embedded' : 'server'}, S3`,
    variables: S3_VARIABLES,
    missing: s3 ? null : 'FORGEINDEX_TEST_S3_ENDPOINT is not set',
  },
]

for (const { form, name, variables, missing } of PLACES) {
  const title = `clips without models (${name}${missing ? `: skipped, ${missing}` : ''})`
  describe.skipIf(missing)(title, () => {
    let library: OwnLibrary
    let folder: string
    let task: TaskAnswer
    let videos: Map<string, VideoAnswer>

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-flow-'))
      await makeClip(path.join(folder, 'cnc milling 1.mp4'), { seconds: 4 })
      await makeClip(path.join(folder, 'tig welding.mp4'), { seconds: 2, pattern: 'testsrc2' })
      // The same file four times, fetched at once: whoever stores it first is the video.
      await mkdir(path.join(folder, 'more'))
      for (const copy of ['a', 'b', 'c']) {
        await copyFile(
          path.join(folder, 'cnc milling 1.mp4'),
          path.join(folder, 'more', `cnc milling ${copy}.mp4`),
        )
      }
      library = await openOwnLibrary(variables, { form })
      task = await ingestFolder(library, folder)
      videos = await videosByTitle(library)
    })
    afterAll(async () => {
      await library?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })
    const milling = () => [...videos.values()].find((video) => video.title.startsWith('cnc'))!
    const get = (url: string) => library.app.inject({ url, headers: { host: 'localhost' } })

    it('are one video per content, and every copy says whose it is', async () => {
      expect(task).toMatchObject({
        status: 'completed',
        videos_found: 5,
        videos_processed: 2,
        videos_failed: 0,
        videos_duplicate: 3,
        failures: { 'same-content': 3 },
      })
      expect(videos.size).toBe(2)
      const candidates = await library.services.database.db
        .selectFrom('candidates')
        .select(['state', 'reason_code', 'reason', 'video_id'])
        .where('reason_code', '=', 'same-content')
        .execute()
      for (const { state, reason, video_id } of candidates) {
        expect(state).toBe('rejected')
        expect(video_id).toBe(milling().id)
        expect(reason).toContain(milling().title)
      }
    })

    it('are completed in steps that name what they lack', async () => {
      for (const { id, status, steps } of videos.values()) {
        expect(status).toBe('completed')
        expect(steps.map(({ name, state, reason }) => [name, state, reason ?? null])).toEqual([
          ['frames', 'done', null],
          ['embeddings', 'skipped', 'model-missing'],
          ['dedup', 'skipped', 'no-vector'],
          ['transcription', 'skipped', 'model-missing'],
          ['detection', 'skipped', 'model-missing'],
          ['concepts', 'skipped', 'model-missing'],
          ['activity', 'skipped', 'model-missing'],
          ['annotation', 'done', null],
        ])
        for (const step of steps.filter(({ reason }) => reason === 'model-missing')) {
          expect(step.message).toMatch(/\S/)
        }
        expect(await statusesOf(library, id)).toEqual([
          'pending',
          'downloading',
          'processing',
          'labeling',
          'completed',
        ])
      }
    })

    it('have a keyframe a second, each a picture that can be fetched', async () => {
      expect(milling().keyframes.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2, 3])
      for (const url of [milling().keyframes[0]!.url, milling().thumbnail_url!]) {
        const picture = await get(url)
        // A store that browsers reach is redirected to; this one is not.
        expect([url, picture.statusCode, picture.headers['content-type']]).toEqual([
          url,
          200,
          'image/jpeg',
        ])
        expect(picture.rawPayload.subarray(0, 3).toString('hex')).toBe('ffd8ff')
      }
    })

    it('carry an annotation as published, without a made-up result', () => {
      for (const video of videos.values()) {
        const parsed = annotation.parse(video.annotation)
        expect(parsed).toMatchObject({
          objects_detected: [],
          actions: [],
          concepts: [],
          transcript: null,
          models: [],
        })
        expect(parsed.tags).toEqual(video.tags.map(({ tag }) => tag).sort())
      }
      expect(milling().category).toBe('cnc')
    })

    it('are found by the words of their names, and the answer says that only words were searched', async () => {
      const { body } = await library.ask<SearchAnswer>('GET', '/api/search?q=milling')
      expect(body.mode).toBe('words')
      expect(body.results.map(({ video_id }) => video_id)).toEqual([milling().id])
      expect(body.results[0]!.moments[0]).toMatchObject({
        reason: 'title',
        start_time: 0,
        end_time: milling().duration,
      })
    })

    it('leave no scratch file behind', async () => {
      const scratch = path.join(library.services.settings.dataDir, 'scratch')
      expect(await readdir(scratch)).toEqual([])
    })

    it('stay as they are when they are ingested and processed again', async () => {
      const rows = await rowCounts(library)
      const again = await ingestFolder(library, folder)
      expect(again).toMatchObject({ status: 'completed', videos_processed: 2, videos_failed: 0 })
      expect(await rowCounts(library)).toEqual(rows)
      const now = await videosByTitle(library)
      expect(now.get(milling().title)).toEqual(milling())
    })
  })
}
