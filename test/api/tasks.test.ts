import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestFolder, videosByTitle } from '../flow/answers.ts'
import { FORMS } from '../flow/forms.ts'
import { makeClip } from '../support/clip.ts'
import { type CommonsServer, startCommonsServer } from '../support/commons-server.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { type OwnLibrary, openOwnLibrary, type TaskAnswer } from '../support/own-library.ts'

interface Problem {
  code: string
  detail: string
}

let clips: string
let short: Buffer
let commons: CommonsServer
let media: MediaServer

beforeAll(async () => {
  clips = await mkdtemp(path.join(tmpdir(), 'forgeindex-tasks-'))
  short = await makeClip(path.join(clips, 'short.mp4'), { seconds: 2 })
  const turning = await makeClip(path.join(clips, 'turning.mp4'), { pattern: 'rgbtestsrc' })
  await makeClip(path.join(clips, 'ten.mp4'), { seconds: 10, size: '480x270', pattern: 'testsrc2' })
  // Long enough to be caught at work; longer than the libraries here allow.
  await repeat('ten.mp4', 30, 'long.mp4')
  await repeat('ten.mp4', 60, 'too long.mp4')
  const facts = { width: 160, height: 120, duration: 2, mime: 'video/mp4' }
  commons = await startCommonsServer([
    { ...facts, pageid: 1, name: 'Turning a bowl.mp4', words: 'lathe', media: turning },
    { ...facts, pageid: 2, name: 'All day.mp4', words: 'marathon', media: short, duration: 9000 },
    { ...facts, pageid: 3, name: 'Slow.mp4', words: 'trickle', media: short },
  ])
  media = await startMediaServer()
  media.serve('/clip.mp4', { body: short, type: 'video/mp4' })
})
afterAll(async () => {
  await commons?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
  await rm(clips, { recursive: true, force: true })
})

async function repeat(clip: string, times: number, name: string): Promise<void> {
  await promisify(execFile)('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-y', '-stream_loop', String(times - 1)],
    ...['-i', path.join(clips, clip), '-c', 'copy', path.join(clips, name)],
  ])
}

/** A folder that holds just these clips. */
async function folderOf(name: string, ...files: string[]): Promise<string> {
  const folder = path.join(clips, name)
  await mkdir(folder)
  for (const file of files) {
    await symlink(path.join(clips, file), path.join(folder, `${name} ${file}`))
  }
  return folder
}

for (const { form, missing } of FORMS) {
  const title = `tasks (${form}${missing ? `: skipped, ${missing}` : ''})`
  describe.skipIf(missing)(title, () => {
    let library: OwnLibrary
    beforeAll(async () => {
      library = await openOwnLibrary(
        {
          FORGEINDEX_COMMONS_URL: commons.url,
          FORGEINDEX_CONTACT: 'tests@forgeindex.example',
          MAX_VIDEO_DURATION: '400',
        },
        { form },
      )
    })
    afterAll(() => library?.[Symbol.asyncDispose]())

    const start = async (body: unknown) => {
      const answer = await library.ask<{ id: string }>('POST', '/api/ingest', body)
      expect(answer).toMatchObject({ status: 202 })
      return answer.body.id
    }
    const taskOf = async (id: string) =>
      (await library.ask<TaskAnswer & { error_code: string }>('GET', `/api/tasks/${id}`)).body
    const candidatesOf = (id: string) =>
      library.services.database.db
        .selectFrom('candidates')
        .select(['title', 'state', 'reason_code', 'reason', 'video_id'])
        .where('task_id', '=', id)
        .orderBy('rank')
        .execute()
    /** Waits until a condition holds; the test's own time limit ends a wait in vain. */
    const until = async <T>(look: () => Promise<T | undefined | false>): Promise<T> => {
      for (;;) {
        const found = await look()
        if (found) return found
        await sleep(25)
      }
    }

    it('that are cancelled at work end within seconds, and a retry completes them', async () => {
      const folder = await folderOf(`cancel ${form}`, 'long.mp4')
      const id = await start({ path: folder })
      const video = await until(async () =>
        [...(await videosByTitle(library)).values()].find(({ status }) => status === 'processing'),
      )
      const began = Date.now()
      const cancelled = await library.ask<TaskAnswer>('POST', `/api/tasks/${id}/cancel`)
      expect(cancelled).toMatchObject({ status: 202, body: { status: 'cancelled' } })
      // The run's scratch folder goes with the run; the video stays as the cancel left it.
      const scratch = path.join(library.services.settings.dataDir, 'scratch')
      await until(async () => (await readdir(scratch)).length === 0)
      expect(Date.now() - began).toBeLessThan(8_000)
      const stopped = (await videosByTitle(library)).get(video.title)!
      expect(stopped).toMatchObject({
        status: 'failed',
        failure: { code: 'cancelled', retryable: true },
      })
      expect(stopped.failure!.message).toMatch(/^[A-Z].*\.$/)
      expect(await taskOf(id)).toMatchObject({ videos_failed: 1, failures: { cancelled: 1 } })

      expect(await library.ask('POST', `/api/tasks/${id}/retry`)).toMatchObject({
        status: 202,
        body: { status: 'running' },
      })
      expect(await library.ask('POST', `/api/tasks/${id}/retry`)).toMatchObject({
        status: 409,
        body: { code: 'task-running' },
      })
      expect(await library.finished(id)).toMatchObject({
        status: 'completed',
        videos_processed: 1,
        videos_failed: 0,
        failures: {},
      })
      const done = (await videosByTitle(library)).get(video.title)!
      expect(done.status).toBe('completed')
      expect(done.keyframes.length).toBeGreaterThanOrEqual(300)
    })

    it('that are cancelled while downloading leave nothing half-done', async () => {
      const slow = '/media/Slow.mp4'
      commons.requests.length = 0
      commons.serve(slow, { body: short, type: 'video/mp4', bytesPerSecond: 200 })
      const id = await start({ query: 'trickle', platform: 'commons' })
      await until(async () => commons.requests.some(({ path }) => path.startsWith(slow)))
      await library.ask('POST', `/api/tasks/${id}/cancel`)
      await sleep(500)
      const [candidate] = await candidatesOf(id)
      const video = await library.ask('GET', `/api/videos/${candidate!.video_id}`)
      expect(video.body).toMatchObject({ status: 'failed', failure: { code: 'cancelled' } })

      commons.serve(slow, { body: short, type: 'video/mp4' })
      await library.ask('POST', `/api/tasks/${id}/retry`)
      expect(await library.finished(id)).toMatchObject({ status: 'completed', videos_processed: 1 })
    })

    it('that want the same video at once process it once, and both count it', async () => {
      const folder = await folderOf(`both ${form}`, 'ten.mp4')
      const ids = await Promise.all([start({ path: folder }), start({ path: folder })])
      for (const id of ids) {
        expect(await library.finished(id)).toMatchObject({
          status: 'completed',
          videos_found: 1,
          videos_processed: 1,
          videos_duplicate: 0,
        })
      }
      const [one] = await candidatesOf(ids[0]!)
      const [two] = await candidatesOf(ids[1]!)
      expect(one!.video_id).toBe(two!.video_id)
      const events = await library.services.database.db
        .selectFrom('events')
        .select(['type', 'data'])
        .where('video_id', '=', one!.video_id)
        .execute()
      expect(events.filter(({ type }) => type === 'video.completed')).toHaveLength(1)
      const told = events
        .filter(({ type }) => type === 'video.updated')
        .map(({ data }) => data.step ?? data.status)
      for (const once of ['downloading', 'frames', 'annotation', 'completed']) {
        expect(told.filter((what) => what === once)).toEqual([once])
      }
    })

    it('take as many as they were told to, and say so of the rest', async () => {
      const folder = await folderOf(`limit ${form}`, 'long.mp4', 'short.mp4', 'ten.mp4')
      const task = await ingestFolder(library, folder, { max_videos: 1 })
      expect(task).toMatchObject({ status: 'completed', videos_found: 3, videos_processed: 1 })
      const candidates = await candidatesOf(task.id)
      expect(candidates.map(({ state, reason_code }) => [state, reason_code])).toEqual([
        ['accepted', null],
        ['rejected', 'over-limit'],
        ['rejected', 'over-limit'],
      ])
      for (const { reason } of candidates.slice(1)) expect(reason).toContain('max_videos')
    })

    it('fail a video that is longer than MAX_VIDEO_DURATION, with both numbers', async () => {
      const folder = await folderOf(`length ${form}`, 'too long.mp4')
      const task = await ingestFolder(library, folder)
      expect(task).toMatchObject({ videos_failed: 1, failures: { 'too-long': 1 } })
      const video = (await videosByTitle(library)).get(`length ${form} too long.mp4`)!
      expect(video).toMatchObject({
        status: 'failed',
        failure: { code: 'too-long', step: 'download', retryable: false },
      })
      expect(video.failure!.message).toMatch(/600 s.*400 s/)
      const { body } = await library.ask<{ items: unknown[] }>(
        'GET',
        `/api/tasks/${task.id}/candidates`,
      )
      expect(body.items).toEqual([
        expect.objectContaining({
          state: 'accepted',
          reason_code: 'too-long',
          reason: video.failure!.message,
        }),
      ])
      expect(video.keyframes).toEqual([])
    })

    it('that find nothing they may take fail with a sentence', async () => {
      const id = await start({ query: 'marathon', platform: 'commons' })
      const task = await library.finished(id)
      expect(task).toMatchObject({ status: 'failed', videos_found: 1, failures: { 'too-long': 1 } })
      expect(task.error_message).toMatch(/^[A-Z].*\.$/)
      const [candidate] = await candidatesOf(id)
      expect(candidate).toMatchObject({ state: 'rejected', reason_code: 'too-long' })
      expect(candidate!.reason).toContain('9000 s')
      const none = await start({ query: 'nothing has this name', platform: 'commons' })
      expect(await library.finished(none)).toMatchObject({ status: 'failed', videos_found: 0 })
    })

    it('bring licence, uploader and evidence from an archive into the annotation', async () => {
      const id = await start({ query: 'lathe', platform: 'commons' })
      expect(await library.finished(id)).toMatchObject({ status: 'completed', videos_processed: 1 })
      const [candidate] = await candidatesOf(id)
      const { body } = await library.ask<{ annotation: Record<string, unknown> }>(
        'GET',
        `/api/videos/${candidate!.video_id}`,
      )
      expect(body).toMatchObject({
        platform: 'commons',
        licence: 'CC-BY-SA-4.0',
        licence_url: 'https://creativecommons.org/licenses/by-sa/4.0',
        uploader: 'Maker & Co',
        category: 'lathe',
      })
      expect(body.annotation).toMatchObject({
        video: { licence: 'CC-BY-SA-4.0', uploader: 'Maker & Co' },
        provenance: {
          source: 'commons',
          source_url: expect.stringContaining('Turning_a_bowl.mp4'),
          query: 'lathe',
          licence: 'CC-BY-SA-4.0',
          licence_spdx: 'CC-BY-SA-4.0',
          retrieved_with: expect.stringMatching(/^Forgeindex\/\d+\.\d+\.\d+ http$/),
          uploader: 'Maker & Co',
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      })
      const { provenance } = body.annotation as { provenance: { evidence: unknown } }
      expect(provenance.evidence).toEqual({
        field: 'extmetadata.LicenseShortName',
        value: 'CC BY-SA 4.0',
        page: expect.stringContaining('Turning_a_bowl.mp4'),
        retrieved_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      })
    })

    it.each(['tiktok', 'instagram'])(
      'by words on %s fail and say what they need',
      async (platform) => {
        const task = await library.finished(await start({ query: 'welding', platform }))
        expect(task).toMatchObject({ status: 'failed', videos_found: 0 })
        expect(task.error_message).toContain('APIFY_API_TOKEN')
      },
    )

    it('refuse an address on this machine, whatever it is called, without asking it', async () => {
      const literal = await library.ask<Problem>('POST', '/api/ingest', {
        urls: [`${media.url}/clip.mp4`],
      })
      expect(literal).toMatchObject({ status: 400, body: { code: 'url-refused' } })
      expect(literal.body.detail).toContain('127.0.0.1')

      const byName = `${media.url.replace('127.0.0.1', 'localhost')}/clip.mp4`
      const task = await library.finished(await start({ urls: [byName] }))
      expect(task.videos_processed).toBe(0)
      expect(task.failures).toEqual({ 'url-refused': 1 })
      expect(media.requests).toEqual([])
    })
  })
}
