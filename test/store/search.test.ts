import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { nearestKeyframes } from '../../src/store/search.ts'
import type { VideoFilters } from '../../src/store/video-filters.ts'
import {
  frameVectors,
  insertModel,
  insertVideoWithFrames,
  mixed,
  randomUnit,
  seededRandom,
} from '../support/frame-vectors.ts'
import { eachDatabase } from '../support/library.ts'

interface Frame {
  vector: Float32Array
  videoId: string
  timestamp: number
  platform: string
}

eachDatabase('nearestKeyframes', (open, form) => {
  // Many enough that the bits leave most frames out, and that HNSW is worth it to the planner.
  const videos = 100
  const framesPerVideo = 50
  let database: Database
  let modelId: number
  const frames: Frame[] = []
  const random = seededRandom(20_261_123)

  beforeAll(async () => {
    database = await open()
    // Inserting into the finished index takes several times longer than building it afterwards.
    if (form === 'server') await sql`drop index keyframe_embeddings_hnsw`.execute(database.db)
    modelId = await insertModel(database)
    for (let i = 0; i < videos; i++) {
      const vectors = frameVectors(random, framesPerVideo)
      const platform = i % 4 === 0 ? 'youtube' : 'folder'
      const name = `video-${i}`
      const videoId = await insertVideoWithFrames(database, { name, platform, modelId }, vectors)
      for (const [timestamp, vector] of vectors.entries()) {
        frames.push({ vector, videoId, timestamp, platform })
      }
    }
    if (form === 'server') {
      await sql`create index keyframe_embeddings_hnsw on keyframe_embeddings
        using hnsw (embedding halfvec_cosine_ops) with (m = 16, ef_construction = 200)`.execute(
        database.db,
      )
    }
    await sql`analyze`.execute(database.db)
  })
  afterAll(() => database?.close())

  /** Share of the exact best ten that come back, over 30 queries. */
  async function recallAt10(queryOf: () => Float32Array, filters: VideoFilters): Promise<number> {
    let found = 0
    for (let i = 0; i < 30; i++) {
      const query = queryOf()
      const exact = frames
        .filter(({ platform }) => !filters.platform || filters.platform.includes(platform))
        .map((frame) => ({ frame, score: dot(frame.vector, query) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 10)
      const hits = await nearestKeyframes(database, query, { modelId, filters, limit: 10 })
      const keys = new Set(hits.map((hit) => `${hit.videoId} ${hit.timestamp}`))
      found += exact.filter(({ frame }) => keys.has(`${frame.videoId} ${frame.timestamp}`)).length
    }
    return found / 300
  }

  const someFrame = () => frames[Math.floor(random() * frames.length)]!.vector
  /** Like another picture of the same thing: cosine about 0.9. */
  const likeAFrame = () => mixed(someFrame(), randomUnit(random), 0.5)
  /** Like a text about a picture: cosine about 0.3 with the best frame. */
  const likeAText = () => mixed(randomUnit(random), someFrame(), 0.3)

  it.each<{ among: string; filters: VideoFilters }>([
    { among: 'all videos', filters: {} },
    { among: 'a quarter of the videos', filters: { platform: ['youtube'] } },
  ])('finds at least 98 % of the exact best ten frames among $among', async ({ filters }) => {
    expect(await recallAt10(likeAFrame, filters)).toBeGreaterThanOrEqual(0.98)
    expect(await recallAt10(likeAText, filters)).toBeGreaterThanOrEqual(0.98)
  })

  it.runIf(form === 'server')('answers an unfiltered query from the HNSW index', async () => {
    const plan = await database.db.transaction().execute(async (trx) => {
      const vector = `[${someFrame().join(',')}]`
      return await sql<{ 'QUERY PLAN': string }>`explain select keyframe_id from keyframe_embeddings
        where model_id = ${modelId} order by embedding <=> ${vector}::halfvec limit 10`.execute(trx)
    })
    const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(text).toContain('keyframe_embeddings_hnsw')
  })

  it('gives score, time and shot of each frame, best first, and only of the model asked for', async () => {
    const wanted = frames.findIndex((frame) => frame.timestamp === framesPerVideo - 1)
    const { vector, videoId, timestamp } = frames[wanted]!
    const hits = await nearestKeyframes(database, vector, { modelId, limit: 5 })
    expect(hits[0]).toMatchObject({
      videoId,
      timestamp,
      // The last keyframe stands for the time to the end of the video.
      endTime: framesPerVideo,
      shotIndex: Math.floor(timestamp / 10),
    })
    expect(hits[0]!.score).toBeCloseTo(1, 3)
    expect(hits[1]).toMatchObject({ videoId, timestamp: timestamp - 1, endTime: timestamp })
    expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).sort((a, b) => b - a))
    expect(await nearestKeyframes(database, vector, { modelId: modelId + 1, limit: 5 })).toEqual([])
  })

  it('counts an opposite picture as 0, never below', async () => {
    const vector = someFrame().map((value) => -value)
    const filters = { platform: ['youtube'] }
    const hits = await nearestKeyframes(database, vector, { modelId, filters, limit: 1000 })
    expect(hits).toHaveLength(1000)
    for (const { score } of hits) expect(score).toBeGreaterThanOrEqual(0)
  })

  describe('with filters that nothing matches', () => {
    it('gives none', async () => {
      const filters = { platform: ['tiktok'] }
      expect(await nearestKeyframes(database, someFrame(), { modelId, filters, limit: 5 })).toEqual(
        [],
      )
    })
  })
})

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
