import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { duplicateCandidates } from '../../src/store/duplicate-candidates.ts'
import {
  clusterOf,
  duplicatePartners,
  type FoundPair,
  isDuplicate,
  nearDuplicatesOf,
  replaceDuplicatePairs,
  setDuplicateVerdict,
} from '../../src/store/duplicates.ts'
import type { DuplicateKind } from '../../src/store/schema.ts'
import {
  frameVectors,
  insertModel,
  insertVideoWithFrames,
  mixed,
  randomUnit,
  seededRandom,
} from '../support/frame-vectors.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'

eachDatabase('near-duplicates', (open, form) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(() => emptyDatabase(database))

  // Each a second older than the next: two that are inserted in one millisecond have the same age.
  let made = 0
  const newVideo = (columns: Parameters<typeof insertVideo>[1] = {}) =>
    insertVideo(database.db, {
      created_at: new Date(Date.UTC(2026, 0, 1, 0, 0, made++)),
      ...columns,
    })

  const found = (
    otherId: string,
    kind: DuplicateKind,
    more: Partial<FoundPair> = {},
  ): FoundPair => ({
    otherId,
    similarity: 0.97,
    kind,
    match:
      kind === 'same-scene'
        ? null
        : { first: { start: 0, end: 10 }, second: { start: 0, end: 10 } },
    isMirrored: false,
    speed: 1,
    sameness: 0.99,
    ...more,
  })
  const write = (id: string, pairs: FoundPair[], earlier: string[] = []) =>
    database.db
      .transaction()
      .execute((trx) => replaceDuplicatePairs(trx, id, 'test-clip', pairs, earlier))
  const flagged = async (ids: string[]) => {
    const all: string[] = []
    for (const id of ids) if (await isDuplicate(database.db, id)) all.push(id)
    return all
  }

  it('flag the lesser one, whichever came first and whichever found the other', async () => {
    const small = await newVideo({ width: 320, height: 180 })
    const large = await newVideo({ width: 1280, height: 720 })
    for (const [one, other] of [
      [small, large],
      [large, small],
    ] as const) {
      await write(one, [found(other, 're-encode')], await duplicatePartners(database.db, one))
      expect(await flagged([small, large])).toEqual([small])
      expect(await clusterOf(database.db, small)).toEqual({
        id: [small, large].sort()[0],
        keeperId: large,
        videoIds: [large, small],
      })
    }
    expect(await nearDuplicatesOf(database.db, large)).toMatchObject([
      { videoId: small, isEarlier: true, flagged: 'other', isKeeper: false, kind: 're-encode' },
    ])
    expect(await nearDuplicatesOf(database.db, small)).toMatchObject([
      { videoId: large, isEarlier: false, flagged: 'this', isKeeper: true },
    ])
  })

  it.each<[string, object, object]>([
    ['longer', { duration: 20 }, { duration: 10 }],
    ['with sound', { has_audio: true }, { has_audio: false }],
    ['with more bytes a second', { bytes: 2000 }, { bytes: 1000 }],
    [
      'larger, though silent and shorter',
      { height: 1080, width: 1920, has_audio: false },
      { duration: 30 },
    ],
    ['earlier', {}, {}],
  ])('keep the one that is %s', async (_name, better, lesser) => {
    const keeper = await newVideo(better)
    const other = await newVideo(lesser)
    await write(other, [found(keeper, 're-encode')])
    expect((await clusterOf(database.db, other))?.keeperId).toBe(keeper)
  })

  it('of an excerpt flag the part, and nobody when the better one shows too little of the other', async () => {
    const whole = await newVideo({ duration: 60 })
    const part = await newVideo({ duration: 10 })
    const sharp = await newVideo({ duration: 10, width: 3840, height: 2160 })
    const match = { first: { start: 30, end: 40 }, second: { start: 0, end: 10 } }
    await write(whole, [found(part, 'excerpt', { match }), found(sharp, 'excerpt', { match })])
    expect(await flagged([whole, part, sharp])).toEqual([part])
    // The stretches follow the video asked about.
    expect((await nearDuplicatesOf(database.db, part))[0]?.match).toEqual({
      own: { start: 0, end: 10 },
      other: { start: 30, end: 40 },
    })
    expect(await clusterOf(database.db, sharp)).toBeNull()
  })

  it('show the same scene and count it as no duplicate', async () => {
    const [a, b] = [await newVideo(), await newVideo()]
    await write(b, [found(a, 'same-scene')])
    expect(await flagged([a, b])).toEqual([])
    expect(await nearDuplicatesOf(database.db, a)).toMatchObject([
      {
        videoId: b,
        kind: 'same-scene',
        flagged: null,
        clusterId: null,
        isKeeper: false,
        match: null,
      },
    ])
  })

  it('are what a person says, also when they are computed anew', async () => {
    const [a, b] = [await newVideo(), await newVideo()]
    const { db } = database
    await write(b, [found(a, 're-encode')])
    await setDuplicateVerdict(db, b, a, 'different')
    expect(await flagged([a, b])).toEqual([])
    await write(a, [found(b, 're-encode')], [b])
    expect(await flagged([a, b])).toEqual([])
    expect(await nearDuplicatesOf(db, a)).toMatchObject([{ verdict: 'different', flagged: null }])
    await setDuplicateVerdict(db, a, b, null)
    expect(await flagged([a, b])).toEqual([b])
    await write(b, [found(a, 'same-scene')], [a])
    expect(await flagged([a, b])).toEqual([])
    await setDuplicateVerdict(db, a, b, 'duplicate')
    expect(await flagged([a, b])).toEqual([b])
    const stranger = await newVideo()
    await expect(setDuplicateVerdict(db, a, stranger, 'duplicate')).rejects.toMatchObject({
      code: 'pair-not-found',
    })
  })

  it('forget pairs that are no more, and keep those that another video found meanwhile', async () => {
    const { db } = database
    const [a, b, c] = [await newVideo(), await newVideo(), await newVideo()]
    await write(a, [found(b, 're-encode')])
    const earlier = await duplicatePartners(db, a)
    await write(c, [found(a, 're-encode')])
    expect(await write(a, [], earlier)).toBe(0)
    expect(await duplicatePartners(db, a)).toEqual([c])
  })

  it('leave the group right when one of it goes', async () => {
    const { db } = database
    const best = await newVideo({ height: 1080, width: 1920 })
    const [b, c] = [await newVideo(), await newVideo()]
    await write(b, [found(best, 're-encode')])
    await write(c, [found(best, 're-encode'), found(b, 're-encode')])
    expect((await clusterOf(db, c))?.videoIds).toEqual([best, b, c])
    await db.deleteFrom('videos').where('id', '=', best).execute()
    expect((await clusterOf(db, c))?.videoIds).toEqual([b, c])
    expect(await flagged([b, c])).toEqual([c])
  })

  it('are looked for by average and by frames, within one model', async () => {
    const random = seededRandom(3)
    const modelId = await insertModel(database)
    const insert = async (name: string, vectors: Float32Array[], model = modelId) => {
      const id = await insertVideoWithFrames(database, { name, modelId: model }, vectors)
      await sql`insert into video_embeddings (video_id, model_id, model_name, embedding)
        select ${id}::uuid, ${model}::int, 'test-clip', l2_normalize(avg(embedding::vector))
        from keyframe_embeddings where video_id = ${id}`.execute(database.db)
      return id
    }
    const long = frameVectors(random, 60)
    const whole = await insert('long', long)
    const noisy = long.map((vector) => mixed(vector, randomUnit(random), 0.1))
    const copy = await insert('copy', noisy)
    await insert('other model', noisy, await insertModel(database, 'other'))
    for (let number = 0; number < 8; number++)
      await insert(`other ${number}`, frameVectors(random, 30))
    const part = await insert('part', noisy.slice(20, 30))
    const ask = (id: string, frames: Float32Array[]) =>
      duplicateCandidates({ form, db: database.db }, id, frames, 0.95)
    expect(await ask(copy, [])).toEqual([{ videoId: whole, similarity: expect.closeTo(0.998, 2) }])
    expect((await ask(part, noisy.slice(20, 30))).map(({ videoId }) => videoId).sort()).toEqual(
      [whole, copy].sort(),
    )
    expect(
      (
        await ask(
          whole,
          long.filter((_, n) => n % 4 === 0),
        )
      ).map((each) => each.videoId),
    ).toEqual([copy, part])
  })
})
