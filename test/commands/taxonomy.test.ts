import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { taxonomyCalibrate, taxonomyTest } from '../../src/commands/taxonomy.ts'
import { loadTaxonomy } from '../../src/labeling/taxonomy.ts'
import { testData } from '../support/test-data.ts'

const model = testData('models/mini-vl/model.json')
const robot = testData('videos/fb-one_leg_fail_screwing_2x.mp4')
const bottles = testData('videos/intel-bottle-detection.mp4')
const MANUFACTURING = path.join(import.meta.dirname, '../../taxonomies/manufacturing.yaml')

describe.skipIf(!model || !robot || !bottles)(
  'with real weights (models/mini-vl, videos/fb-one_leg_fail_screwing_2x.mp4, intel-bottle-detection.mp4)',
  () => {
    let folder: string
    let frames: string
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'taxonomy-command-'))
      frames = path.join(folder, 'frames')
      vi.stubEnv('FORGEINDEX_MODELS_DIR', path.dirname(path.dirname(model!)))
      vi.stubEnv('CLIP_MODEL', 'mini-vl')
      vi.stubEnv('FORGEINDEX_DATA_DIR', path.join(folder, 'data'))
      await extract(robot!, 18, 1, 8, 'machine')
      await extract(bottles!, 0, 2, 50, 'none')
    })
    afterAll(async () => {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true, force: true })
    })
    afterEach(() => vi.restoreAllMocks())

    async function extract(clip: string, at: number, fps: number, count: number, label: string) {
      const out = path.join(frames, label)
      await mkdir(out, { recursive: true })
      const args = ['-v', 'error', '-nostdin', '-ss', String(at), '-i', clip]
      const picture = ['-vf', `fps=${fps},scale=-2:360`, '-frames:v', String(count), '-q:v', '3']
      await promisify(execFile)('ffmpeg', [...args, ...picture, path.join(out, '%02d.jpg')])
      expect(await readdir(out)).toHaveLength(count)
    }

    /** What a command prints as JSON. */
    async function printed(command: () => Promise<number>): Promise<Record<string, unknown>> {
      const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
      vi.spyOn(process.stderr, 'write').mockReturnValue(true)
      expect(await command()).toBe(0)
      const text = write.mock.calls.map(([chunk]) => String(chunk)).join('')
      vi.restoreAllMocks()
      return JSON.parse(text) as Record<string, unknown>
    }

    it('test tells hits and misses, and which concepts the model is silent on', async () => {
      const { items, ...rest } = await printed(() => taxonomyTest(frames, { json: true }))
      expect(rest).toEqual({ taxonomy: 'manufacturing', model: 'mini-vl', frames: 58 })
      const of = (name: string) =>
        (items as { concept: string; false_alarms: string[]; precision: number }[]).find(
          ({ concept }) => concept === name,
        )
      expect(of('machine')).toMatchObject({
        score_kind: 'background_quantile',
        threshold: 0.99,
        frames: 8,
        hits: 8,
        missed: [],
        background: 50,
        recall: 1,
        separation: 1,
      })
      // One of fifty, a bottle that is being put down: about what the threshold promises.
      expect(of('machine')?.false_alarms.length).toBeLessThanOrEqual(1)
      expect(of('machine')?.precision).toBeGreaterThanOrEqual(8 / 9)
      expect(of('welding')).toMatchObject({ threshold: null, frames: 0, false_alarms: [] })
    })

    it('calibrate writes what it measured beside what was there', async () => {
      const mine = path.join(folder, 'mine.yaml')
      const text = (await readFile(MANUFACTURING, 'utf8')).replace('- a hand tool', '- a spanner')
      await writeFile(mine, text)
      const options = { taxonomy: mine, json: true }
      expect(await printed(() => taxonomyCalibrate(frames, options))).toEqual({
        file: mine,
        model: 'mini-vl',
        frames: 50,
      })
      const { calibrations, concepts } = await loadTaxonomy(mine)
      expect(calibrations).toHaveLength(1)
      expect(calibrations[0]).toMatchObject({ frames: 50, origin: 'Frames in frames.' })
      // Fifty frames cannot show that fewer than one in fifty-one lie above.
      expect(calibrations[0]?.concepts[2]).toMatchObject({
        name: 'machine',
        threshold: 0.9803,
        origin: '8 of 8 frames that show it reach 0.9803, 8 reach 0.95.',
      })
      expect(concepts[0]?.prompts[0]).toBe('a spanner')
      expect(await readFile(mine, 'utf8')).toContain('# Category -> keywords')
    })
  },
)

it('calibrate does not change what comes with the program', async () => {
  await expect(taxonomyCalibrate('frames', { taxonomy: 'manufacturing' })).rejects.toMatchObject({
    code: 'taxonomy-not-ours',
  })
})
