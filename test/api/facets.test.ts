import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Facets } from '../../src/api/schemas/facets.ts'
import type { SearchAnswer } from '../../src/api/schemas/search.ts'
import { refreshDocument } from '../../src/store/documents.ts'
import { addManualTag } from '../../src/store/tags.ts'
import {
  insertModel,
  insertVideoWithFrames,
  mixed,
  randomUnit,
  seededRandom,
} from '../support/frame-vectors.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import {
  insertActivity,
  insertConcept,
  insertDetection,
  insertKeyframe,
  insertTags,
  insertTranscript,
  insertVideo,
} from '../support/rows.ts'

eachDatabase('facets', (_open, form) => {
  let library: OwnLibrary
  const ids: Record<string, string> = {}
  beforeAll(async () => {
    library = await openOwnLibrary({}, { form, work: false })
  })
  afterAll(() => library?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    await emptyDatabase(library.services.database)
    const { db } = library.services.database
    ids.a = await insertVideo(db, { platform: 'youtube', category: 'cnc', duration: 5 })
    ids.b = await insertVideo(db, { platform: 'commons', category: 'cnc', licence: 'CC BY 4.0' })
    ids.c = await insertVideo(db, { platform: 'commons', licence: '', duration: null })
    for (const id of [ids.a, ids.b]) {
      const frame = await insertKeyframe(db, id, 0)
      await insertDetection(db, frame, 'person', 0.9)
      await insertDetection(db, frame, 'person', 0.8)
      await insertTags(db, id, ['cnc'])
    }
    const frame = await insertKeyframe(db, ids.b, 1)
    await insertDetection(db, frame, 'control_panel', 0.5, 'laptop')
    await insertConcept(db, frame, 'control_panel', 0.7)
    await insertConcept(db, frame, 'lathe', 0.7)
    await insertActivity(db, ids.a, 'tool_usage', 0.5)
    await insertTranscript(db, ids.a, [[0, 2, 'This is a lathe.']])
    await insertTranscript(db, ids.b, [])
    await db
      .insertInto('duplicate_pairs')
      .values({ video_id_a: ids.a, video_id_b: ids.b, similarity: 0.97, model_name: 'mini-vl' })
      .execute()
  })

  const ask = async (query = '') =>
    (await library.ask<Facets>('GET', `/api/facets${query}`)).body as Facets

  it('count the videos of the whole library by every value', async () => {
    expect(await ask()).toEqual({
      total: 3,
      duration: { min: 5, max: 10 },
      facets: {
        objects: [
          { value: 'person', count: 2 },
          { value: 'control_panel', count: 1 },
          { value: 'lathe', count: 1 },
        ],
        activities: [{ value: 'tool_usage', count: 1 }],
        tags: [{ value: 'cnc', count: 2 }],
        platform: [
          { value: 'commons', count: 2 },
          { value: 'youtube', count: 1 },
        ],
        category: [
          { value: 'cnc', count: 2 },
          { value: 'other', count: 1 },
        ],
        licence: [
          { value: 'unknown', count: 2 },
          { value: 'CC BY 4.0', count: 1 },
        ],
        has_speech: [
          { value: 'false', count: 2 },
          { value: 'true', count: 1 },
        ],
        duplicate: [
          { value: 'false', count: 2 },
          { value: 'true', count: 1 },
        ],
      },
    })
  })

  it('leave a filter’s own choices visible where any of them will do', async () => {
    const { total, facets } = await ask('?platform=commons')
    expect(total).toBe(2)
    expect(facets.platform).toEqual([
      { value: 'commons', count: 2 },
      { value: 'youtube', count: 1 },
    ])
    expect(facets.tags).toEqual([{ value: 'cnc', count: 1 }])
    expect(facets.category).toEqual([
      { value: 'cnc', count: 1 },
      { value: 'other', count: 1 },
    ])
  })

  it('narrow a list of which a video must have all', async () => {
    const { total, facets } = await ask('?objects=lathe&hide_duplicates=false')
    expect(total).toBe(1)
    expect(facets.objects.map(({ value }) => value)).toEqual(['control_panel', 'lathe', 'person'])
    expect(facets.platform).toEqual([{ value: 'commons', count: 1 }])
  })

  it('count speech and duplicates without their own filter', async () => {
    const { total, facets } = await ask('?has_speech=false&hide_duplicates=true')
    expect(total).toBe(1)
    expect(facets.has_speech).toEqual([
      { value: 'false', count: 1 },
      { value: 'true', count: 1 },
    ])
    expect(facets.duplicate).toEqual([
      { value: 'false', count: 1 },
      { value: 'true', count: 1 },
    ])
  })

  it('count a tag at once that a person gave or took', async () => {
    const { db } = library.services.database
    await db.transaction().execute((trx) => addManualTag(trx, ids.c!, 'odd\u001f\ue001 名'))
    expect((await ask()).facets.tags).toEqual([
      { value: 'cnc', count: 2 },
      { value: 'odd\u001f\ue001 名', count: 1 },
    ])
    await library.ask('DELETE', `/api/videos/${ids.a}/tags/cnc`)
    expect((await ask()).facets.tags[0]).toEqual({ value: 'cnc', count: 1 })
  })

  it('keep to the videos that are named, and to none', async () => {
    expect((await ask(`?video_ids=${ids.a},${ids.c}`)).total).toBe(2)
    expect(await ask(`?video_ids=${crypto.randomUUID()}`)).toMatchObject({
      total: 0,
      duration: null,
      facets: { platform: [], tags: [] },
    })
  })

  it('are of what words find, the words’ filter included', async () => {
    const { db } = library.services.database
    await db.transaction().execute(async (trx) => {
      for (const id of Object.values(ids)) await refreshDocument(trx, id)
    })
    const { total, facets } = await ask('?q=lathe')
    expect(total).toBe(1)
    expect(facets.platform).toEqual([{ value: 'youtube', count: 1 }])
    expect((await ask('?q=lathe&platform=commons')).facets.platform).toEqual([
      { value: 'youtube', count: 1 },
    ])
  })

  describe('and searches for what is similar', () => {
    const direction = randomUnit(seededRandom(3))
    beforeEach(async () => {
      await emptyDatabase(library.services.database)
      const { database } = library.services
      const model = await insertModel(database)
      const random = seededRandom(4)
      const near = () => mixed(direction, randomUnit(random), 0.2)
      const far = () => randomUnit(random)
      for (const [name, vector] of [
        ['asked', near],
        ['alike', near],
        ['other', far],
      ] as const) {
        const vectors = Array.from({ length: 4 }, vector)
        ids[name] = await insertVideoWithFrames(database, { name, modelId: model }, vectors)
        await sql`insert into video_embeddings (video_id, model_id, model_name, embedding)
          select video_id, model_id, 'test-clip', embedding::vector from keyframe_embeddings
          where video_id = ${ids[name]} limit 1`.execute(database.db)
      }
    })

    it('leave the asked video out and give the most alike first', async () => {
      const { body } = await library.ask<SearchAnswer>(
        'GET',
        `/api/search?similar_to=video:${ids.asked}`,
      )
      expect(body).toMatchObject({ query: null, mode: 'similar', next_cursor: null })
      expect(body.results.map(({ title }) => title)).toEqual(['alike', 'other'])
      const [first, second] = body.results
      expect(first!.score).toBeGreaterThan(0.9)
      expect(second!.score).toBeLessThan(0.5)
      expect(first).toMatchObject({ platform: 'folder', status: 'completed', is_duplicate: false })
      expect(first!.moments[0]).toMatchObject({ reason: 'picture' })
      expect((await ask(`?similar_to=video:${ids.asked}`)).total).toBe(2)
    })

    it('start from one keyframe too, page by page', async () => {
      const { db } = library.services.database
      const { id } = await db
        .selectFrom('keyframes')
        .select('id')
        .where('video_id', '=', ids.asked!)
        .limit(1)
        .executeTakeFirstOrThrow()
      const url = `/api/search?similar_to=keyframe:${id}&limit=1`
      const page = await library.ask<SearchAnswer>('GET', url)
      expect(page.body.results.map(({ title }) => title)).toEqual(['alike'])
      const next = await library.ask<SearchAnswer>('GET', `${url}&cursor=${page.body.next_cursor}`)
      expect(next.body.results.map(({ title }) => title)).toEqual(['other'])
    })

    it('are refused for what has no vector, for both at once, and for neither', async () => {
      const bare = await insertVideo(library.services.database.db)
      const refusals: [string, number, string][] = [
        [`similar_to=video:${bare}`, 409, 'no-embedding'],
        [`similar_to=video:${crypto.randomUUID()}`, 404, 'video-not-found'],
        ['similar_to=keyframe:nope', 404, 'keyframe-not-found'],
        ['similar_to=nope', 400, 'invalid-input'],
        [`q=x&similar_to=video:${bare}`, 400, 'invalid-input'],
        ['', 400, 'invalid-input'],
      ]
      for (const [query, status, code] of refusals) {
        const answer = await library.ask<{ code: string }>('GET', `/api/search?${query}`)
        expect([query, answer.status, answer.body.code]).toEqual([query, status, code])
      }
    })
  })
})
