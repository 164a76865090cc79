import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobModelsJson, RecomputePlanJson } from '../../src/api/schemas/recompute.ts'
import { tinyYolov8 } from '../models/support/tiny-models.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { ingestFolder, type VideoAnswer, videosByTitle } from './answers.ts'
import { FORMS } from './forms.ts'

const LONGEST_MS = 120_000

/** Two detectors that see the same box on a red picture and give it different names. */
async function twoDetectors(folder: string): Promise<{ bottles: string; vases: string }> {
  const manifest = await tinyYolov8(folder)
  const named = async (name: string, word: string) => {
    const file = path.join(folder, `${name}.json`)
    const classes = manifest.classes.map((known) => (known === 'bottle' ? word : known))
    await writeFile(file, JSON.stringify({ ...manifest, name, classes }))
    return file
  }
  return { bottles: await named('bottles', 'bottle'), vases: await named('vases', 'vase') }
}

async function redClip(file: string, seconds: number): Promise<void> {
  await promisify(execFile)('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-f', 'lavfi'],
    ...['-i', `color=c=red:size=160x120:rate=10:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', file],
  ])
}

for (const { form, missing } of FORMS) {
  describe.skipIf(missing)(`another detector (${form}${missing ? `: ${missing}` : ''})`, () => {
    let library: OwnLibrary
    let folder: string
    let models: { bottles: string; vases: string }

    const post = <T = unknown>(url: string, body: object) => library.ask<T>('POST', url, body)
    const modelsInUse = async () =>
      (await library.ask<{ items: JobModelsJson[] }>('GET', '/api/recompute')).body.items
    const trial = async () => (await modelsInUse()).find(({ step }) => step === 'detection')!.trial
    const until = async (isSo: () => Promise<boolean>) => {
      const end = Date.now() + LONGEST_MS
      while (!(await isSo())) {
        if (Date.now() > end) throw new Error('It did not come to that.')
        await sleep(100)
      }
    }
    const allCompleted = async () =>
      [...(await videosByTitle(library)).values()].every(({ status }) => status === 'completed')
    const labels = async () =>
      [...(await videosByTitle(library)).values()].map(({ detections }) => [
        ...new Set(detections.map(({ source_label: label }) => label)),
      ])
    const boxCounts = async () =>
      [...(await videosByTitle(library)).values()].map(({ detections }) => detections.length)

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-recompute-'))
      models = await twoDetectors(path.join(folder, 'models'))
      await mkdir(path.join(folder, 'clips'))
      await redClip(path.join(folder, 'clips/a.mp4'), 3)
      await redClip(path.join(folder, 'clips/b.mp4'), 2)
      library = await openOwnLibrary({ YOLO_MODEL: models.bottles }, { form })
      await ingestFolder(library, path.join(folder, 'clips'))
    })
    afterAll(async () => {
      await library?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    it('is not needed while everything is fresh', async () => {
      expect(await labels()).toEqual([['bottle'], ['bottle']])
      const { status, body } = await post<RecomputePlanJson>('/api/recompute', { dry_run: true })
      expect(status).toBe(200)
      expect(body).toMatchObject({ videos: 2, stale: 0, steps: [], seconds: 0, trial: null })
    })

    it('that is the one in use, a step without a model, and filters are refused', async () => {
      const refused = async (body: object) =>
        (await post<{ code: string }>('/api/recompute', body)).body.code
      expect(await refused({ step: 'detection', model: models.bottles })).toBe('trial-pointless')
      expect(await refused({ step: 'activity', model: models.vases })).toBe('step-without-model')
      expect(await refused({ step: 'detection', model: 'no-such-model' })).toBe('unknown-model')
      expect(
        await refused({ step: 'detection', model: models.vases, filters: { platform: 'folder' } }),
      ).toBe('trial-of-all')
      const promoted = await post<{ code: string }>('/api/recompute/promote', { step: 'detection' })
      expect(promoted).toMatchObject({ status: 409, body: { code: 'no-trial' } })
    })

    it('says beforehand on how many videos it would run', async () => {
      const { body } = await post<RecomputePlanJson>('/api/recompute', {
        step: 'detection',
        model: models.vases,
        dry_run: true,
      })
      expect(body).toMatchObject({ dry_run: true, videos: 2, stale: 2 })
      expect(body.steps).toMatchObject([{ step: 'detection', videos: 2 }])
      expect(body.steps[0]!.seconds).toBeGreaterThan(0)
      expect(await trial()).toBeNull()
    })

    it('runs beside the one in use, and nobody sees its boxes', async () => {
      const started = await post('/api/recompute', { step: 'detection', model: models.vases })
      expect(started.status).toBe(202)
      await until(async () => (await trial())?.videos_done === 2)
      expect(await trial()).toMatchObject({ model: models.vases, videos: 2, videos_failed: 0 })
      expect(await labels()).toEqual([['bottle'], ['bottle']])
      const facets = await library.ask('GET', '/api/facets')
      expect(JSON.stringify(facets.body)).not.toContain('vase')
    })

    it('leaves no trace when it is discarded', async () => {
      expect((await post('/api/recompute/discard', { step: 'detection' })).status).toBe(200)
      expect(await trial()).toBeNull()
      expect(await labels()).toEqual([['bottle'], ['bottle']])
    })

    it('takes the place of the one in use once it is promoted, readers included', async () => {
      const before = await boxCounts()
      await post('/api/recompute', { step: 'detection', model: models.vases })
      await until(async () => (await trial())?.videos_done === 2)
      const promoted = await post('/api/recompute/promote', { step: 'detection' })
      expect(promoted).toMatchObject({ status: 200, body: { model: models.vases, videos: 2 } })
      await until(allCompleted)
      expect(await labels()).toEqual([['vase'], ['vase']])
      expect(await boxCounts()).toEqual(before)
      const [video] = (await videosByTitle(library)).values() as Iterable<VideoAnswer>
      expect(JSON.stringify(video!.annotation)).toContain('vase')
      expect(JSON.stringify(video!.annotation)).not.toContain('bottle')
      const { body } = await post<RecomputePlanJson>('/api/recompute', { dry_run: true })
      expect(body).toMatchObject({ stale: 0 })
    })

    it('does the job for videos that come later, whatever the settings say', async () => {
      await mkdir(path.join(folder, 'more'))
      await redClip(path.join(folder, 'more/c.mp4'), 4)
      await ingestFolder(library, path.join(folder, 'more'))
      expect(await labels()).toEqual([['vase'], ['vase'], ['vase']])
      expect((await modelsInUse()).find(({ job }) => job === 'detector')).toMatchObject({
        configured: models.bottles,
        active: models.vases,
        trial: null,
      })
    })

    it('gives way again to the one that the settings name', async () => {
      await post('/api/recompute', { step: 'detection', model: models.bottles })
      await until(async () => (await trial())?.videos_done === 3)
      await post('/api/recompute/promote', { step: 'detection' })
      await until(allCompleted)
      expect(await labels()).toEqual([['bottle'], ['bottle'], ['bottle']])
      expect((await modelsInUse()).find(({ job }) => job === 'detector')).toMatchObject({
        active: null,
      })
    })
  })
}
