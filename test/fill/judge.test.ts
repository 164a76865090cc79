import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CandidatePage, Task } from '../../src/api/schemas/tasks.ts'
import { type ArchiveServer, startArchiveServer } from '../support/archive-server.ts'
import { type OwnLibrary, openOwnLibrary, realModels } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { testData } from '../support/test-data.ts'

/** Real footage by the word that finds it; titles say nothing about it. */
const FILMS = {
  alike: ['worker-zone.mp4', 'worker-zone-neardup-180p.mp4', 'intel-bottle-detection.mp4'],
  bottles: ['intel-bottle-detection.mp4', 'fb-lamp_assembly_3x.mp4', 'pxt-bangkok_half_res.mp4'],
}
const models = realModels()
const FORMS = ['embedded' as const, ...(testDatabaseUrl() ? (['server'] as const) : [])]

describe.skipIf(!models).each(FORMS)('a task that chooses (%s)', (form) => {
  let server: ArchiveServer
  let library: OwnLibrary

  beforeAll(async () => {
    const items = []
    for (const [word, files] of Object.entries(FILMS)) {
      for (const [i, file] of files.entries()) {
        const body = Buffer.concat([
          await readFile(testData(`videos/${file}`) ?? ''),
          // A file of its own under each word.
          Buffer.from([0, 0, 0, 12, ...Buffer.from('free'), word.length, i, 0, 0]),
        ])
        const film = { name: 'film.mp4', format: 'h.264', body, width: 320, height: 240 }
        const metadata = { title: `Reel ${i + 1}` }
        items.push({ identifier: `${word}-${i + 1}`, metadata, files: [film] })
      }
    }
    server = await startArchiveServer(items)
    library = await openOwnLibrary({ ...models, FORGEINDEX_ARCHIVE_URL: server.url }, { form })
  })
  afterAll(async () => {
    await library?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  async function ingest(wish: object) {
    const start = { platform: 'archive', ...wish }
    const { status, body } = await library.ask<Task>('POST', '/api/ingest', start)
    expect(status, JSON.stringify(body)).toBe(202)
    const task = (await library.finished(body.id)) as unknown as Task
    const found = await library.ask<CandidatePage>('GET', `/api/tasks/${task.id}/candidates`)
    return { task, candidates: found.body.items }
  }

  it('takes one of two that look alike, and another instead of the second', async () => {
    const { task, candidates } = await ingest({
      ...{ query: 'alike', max_videos: 2, duplicates: 'skip', min_relevance: null },
    })
    expect(task.account).toMatchObject({
      ...{ asked: 2, found: 3, accepted: 2, rejected: { 'near-duplicate': 1 }, replaced: 1 },
    })
    const rejected = candidates.filter(({ state }) => state === 'rejected')
    expect(rejected).toMatchObject([{ reason_code: 'near-duplicate', video_id: null }])
    const { body } = await library.ask<{ items: object[] }>('GET', '/api/videos')
    expect(body.items).toHaveLength(2)
  })

  it('takes only what the frames say is on topic, and keeps each score', async () => {
    const { task, candidates } = await ingest({ query: 'bottles', max_videos: 2 })
    expect(task.min_relevance).toBe(0.2)
    expect(task.account).toMatchObject({
      ...{ asked: 2, found: 3, accepted: 1, rejected: { 'off-topic': 2 } },
    })
    const states = candidates.map(({ title, state }) => [title, state])
    expect(states).toEqual([
      ['Reel 1', 'accepted'],
      ['Reel 2', 'rejected'],
      ['Reel 3', 'rejected'],
    ])
    // Measured by bench/relevance.ts: bottles 0.95, a robot with a lamp and a busy road below 0.2.
    expect(candidates[0]?.relevance).toBeGreaterThan(0.7)
    expect(candidates[1]?.reason).toMatch(
      /relevance to the query is 0\.\d+, min_relevance asks for 0\.2/,
    )
  })

  it('judges what the library has already, and leaves it there', async () => {
    const completed = async () => {
      const path = '/api/videos?status=completed'
      const { body } = await library.ask<{ items: { id: string }[] }>('GET', path)
      return body.items.map(({ id }) => id)
    }
    const before = await completed()
    const { task } = await ingest({ query: 'alike', max_videos: 1, min_relevance: 1 })
    expect(task.status).toBe('failed')
    expect(task.account.rejected).toEqual({ 'off-topic': 3 })
    expect(await completed()).toEqual(before)
  })
})
