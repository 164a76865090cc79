import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { type SearchRequest, search } from '../../src/search/search.ts'
import { refreshDocument } from '../../src/store/documents.ts'
import {
  insertModel,
  insertVideoWithFrames,
  mixed,
  randomUnit,
  seededRandom,
} from '../support/frame-vectors.ts'
import { eachDatabase } from '../support/library.ts'
import { insertTags, insertTranscript } from '../support/rows.ts'

eachDatabase('search', (open) => {
  const random = seededRandom(5)
  const [lathe, welding, other] = [randomUnit(random), randomUnit(random), randomUnit(random)]
  let database: Database
  let modelId: number
  const ids: Record<string, string> = {}

  beforeAll(async () => {
    database = await open()
    modelId = await insertModel(database)
    // Frames 0-9 are shot 0, 10-19 shot 1, 20-29 shot 2: one frame a second.
    const shots = (...of: Float32Array[]) =>
      of.flatMap((direction) =>
        Array.from({ length: 10 }, () => mixed(direction, randomUnit(random), 0.3)),
      )
    const add = async (name: string, vectors: Float32Array[]) => {
      ids[name] = await insertVideoWithFrames(database, { name, modelId }, vectors)
    }
    await add('lathe-in-shot-1.mp4', shots(other, lathe, other))
    await add('welding.mp4', shots(welding, other, other))
    await add('unrelated.mp4', shots(other, other, other))
    await insertTags(database.db, ids['welding.mp4']!, ['spark', 'metal'])
    await insertTranscript(database.db, ids['unrelated.mp4']!, [
      [12, 15, 'This lathe is from 1950.'],
      [20, 21, 'Goodbye.'],
    ])
    for (const id of Object.values(ids)) await refreshDocument(database.db, id)
  })
  afterAll(() => database?.close())

  /** A text encoder for the words of this test: a text lies at a wide angle from its pictures. */
  const embedText = async (text: string) => {
    const direction = /lathe|turning/.test(text) ? lathe : /weld/.test(text) ? welding : other
    return mixed(randomUnit(seededRandom(1)), direction, 0.4)
  }
  const ask = async (request: Partial<SearchRequest>, withModel = true) =>
    await search(
      { database, embedText: withModel ? embedText : null, modelId: withModel ? modelId : null },
      { q: 'turning', filters: {}, limit: 10, ...request },
      new AbortController().signal,
    )

  it('puts the video whose pictures answer first, with the moment that shows it', async () => {
    const answer = await ask({ q: '  turning ' })
    expect(answer).toMatchObject({ query: 'turning', mode: 'hybrid', nextCursor: null })
    const [first] = answer.results
    expect(first).toMatchObject({
      video: { id: ids['lathe-in-shot-1.mp4'], duration: 30 },
      score: 1,
    })
    const moment = first!.moments[0]!
    expect(moment.reason).toBe('picture')
    expect(moment.startTime).toBeGreaterThanOrEqual(10)
    expect(moment.endTime).toBeLessThanOrEqual(20)
    expect(moment.score).toBeGreaterThan(0.2)
    expect(moment.score).toBeLessThan(0.6)
  })

  it('fuses pictures and speech, and gives the time where it is said', async () => {
    const { results } = await ask({ q: 'lathe' })
    const said = results.find((result) => result.video.id === ids['unrelated.mp4'])!
    expect(said.moments[0]).toMatchObject({
      startTime: 12,
      endTime: 15,
      reason: 'speech',
      text: 'This lathe is from 1950.',
      score: 1,
    })
    const [first] = results
    expect(first!.video.id).toBe(ids['lathe-in-shot-1.mp4'])
    for (const { score } of results) {
      expect(score).toBeGreaterThan(0)
      expect(score).toBeLessThanOrEqual(1)
    }
  })

  it('searches words only, and says so, without a model', async () => {
    const answer = await ask({ q: 'sparks' }, false)
    expect(answer.mode).toBe('words')
    expect(answer.results).toHaveLength(1)
    expect(answer.results[0]).toMatchObject({
      video: { id: ids['welding.mp4'], tags: ['metal', 'spark'] },
      score: 1,
      moments: [{ startTime: 0, endTime: 30, reason: 'tags' }],
    })
    expect(answer.results[0]!.moments[0]!.keyframeId).toEqual(expect.any(String))
    expect((await ask({ q: 'nothing has these words' }, false)).results).toEqual([])
  })

  it('keeps to the filters', async () => {
    const { results } = await ask({ q: 'lathe', filters: { tags: ['metal'] } })
    expect(results.map((result) => result.video.id)).toEqual([ids['welding.mp4']])
    expect((await ask({ q: 'lathe', filters: { platform: ['tiktok'] } })).results).toEqual([])
  })

  it('gives the same order page by page as at once', async () => {
    const all = await ask({ q: 'lathe' })
    const paged: string[] = []
    let cursor: string | null = null
    do {
      const answer = await ask({ q: 'lathe', limit: 1, cursor })
      paged.push(...answer.results.map((result) => result.video.id))
      cursor = answer.nextCursor
    } while (cursor)
    expect(paged).toEqual(all.results.map((result) => result.video.id))
    expect(paged).toHaveLength(3)
  })

  describe('what it refuses', () => {
    it.each(['', '   ', '\0'])('an empty query: %j', async (q) => {
      await expect(ask({ q })).rejects.toMatchObject({ code: 'empty-query' })
    })

    it('a query of 10,000 characters', async () => {
      await expect(ask({ q: 'x'.repeat(10_000) })).rejects.toMatchObject({
        code: 'query-too-long',
        faults: [{ path: 'q' }],
      })
    })

    it('the cursor of another search', async () => {
      const { nextCursor } = await ask({ q: 'lathe', limit: 1 })
      for (const request of [{ q: 'weld' }, { q: 'lathe', filters: { hasSpeech: true } }]) {
        await expect(ask({ ...request, cursor: nextCursor })).rejects.toMatchObject({
          code: 'invalid-cursor',
        })
      }
      await expect(ask({ cursor: 'bm90IG91cnM' })).rejects.toMatchObject({ code: 'invalid-cursor' })
    })

    it('to go on when it was aborted', async () => {
      const aborted = AbortSignal.abort()
      const request = { q: 'lathe', filters: {}, limit: 1 }
      await expect(search({ database, embedText, modelId }, request, aborted)).rejects.toThrow(
        /abort/i,
      )
    })
  })
})
