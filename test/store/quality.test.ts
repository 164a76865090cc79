import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { describeFilters, filtersJson, parseFilters } from '../../src/datasets/filters.ts'
import { replaceKeyframes } from '../../src/store/keyframes.ts'
import {
  type PictureScores,
  qualityOf,
  saveQuality,
  saveSpeechShare,
} from '../../src/store/quality.ts'
import { replaceShots, storedShotsOf } from '../../src/store/shots.ts'
import { timelineRows } from '../../src/store/timeline.ts'
import { listVideos } from '../../src/store/video-list.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'

const SCORES: PictureScores = {
  sharpness: 200,
  brightness: 0.5,
  clippedShare: 0.25,
  motion: 0.5,
  blackShare: 0.25,
  frozenShare: 0.5,
  overlayShare: null,
  slideShow: 0,
  screenRecording: 0.75,
}

eachDatabase('quality and shots of videos', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(() => emptyDatabase(database))

  const write = (work: Parameters<ReturnType<Database['db']['transaction']>['execute']>[0]) =>
    database.db.transaction().execute(work)

  async function titles(query: Record<string, string>): Promise<string[]> {
    const filters = parseFilters(query)
    // What is frozen with a dataset means the same.
    expect(parseFilters(filtersJson(filters))).toEqual(filters)
    const { items } = await listVideos(database.db, filters, { sort: 'title', limit: 200 })
    return items.map((video) => video.title)
  }

  describe('filters', () => {
    it('take the bounds in, and leave out what has no score', async () => {
      const { db } = database
      const a = await insertVideo(db, { title: 'a', width: 1920, height: 1080 })
      const b = await insertVideo(db, { title: 'b', width: 360, height: 640 })
      await insertVideo(db, { title: 'unmeasured', width: null, height: null })
      await write(async (trx) => {
        await saveQuality(trx, a, SCORES)
        await saveSpeechShare(trx, a, 0.5)
        await saveQuality(trx, b, {
          ...SCORES,
          sharpness: 20,
          blackShare: 1,
          overlayShare: 0.125,
          slideShow: 1,
          screenRecording: 0,
        })
      })
      expect(await titles({})).toEqual(['a', 'b', 'unmeasured'])
      expect(await titles({ min_sharpness: '200' })).toEqual(['a'])
      expect(await titles({ min_sharpness: '20' })).toEqual(['a', 'b'])
      expect(await titles({ max_black_share: '0.25' })).toEqual(['a'])
      expect(await titles({ max_black_share: '0.2' })).toEqual([])
      expect(await titles({ max_overlay_share: '1' })).toEqual(['b'])
      expect(await titles({ min_motion: '0.5', max_motion: '0.5' })).toEqual(['a', 'b'])
      expect(await titles({ max_clipped_share: '0.1' })).toEqual([])
      expect(await titles({ max_frozen_share: '0.5', min_short_side: '640' })).toEqual(['a'])
      expect(await titles({ min_short_side: '360' })).toEqual(['a', 'b'])
      expect(await titles({ min_speech_share: '0.1' })).toEqual(['a'])
      expect(await titles({ slide_show: 'true' })).toEqual(['b'])
      expect(await titles({ slide_show: 'false' })).toEqual(['a'])
      expect(await titles({ screen_recording: 'true' })).toEqual(['a'])
    })

    it('are refused by name when they are wrong, and are said in words', () => {
      expect(() => parseFilters({ max_black_share: '2' })).toThrow(
        /max_black_share: expected a number from 0 to 1/,
      )
      expect(() => parseFilters({ min_blackness: '1' })).toThrow(/min_blackness: expected one of/)
      const filters = parseFilters({
        max_black_share: '0.5',
        min_short_side: 480,
        slide_show: false,
      })
      expect(describeFilters(filters)).toBe(
        'shorter side at least 480 px · black share at most 0.5 · no slide shows',
      )
    })
  })

  describe('scores', () => {
    it('come back as they were written; taken again, they forget the speech of before', async () => {
      const id = await insertVideo(database.db)
      expect(await qualityOf(database.db, id)).toBeNull()
      await write(async (trx) => {
        await saveQuality(trx, id, SCORES)
        await saveSpeechShare(trx, id, 0.25)
      })
      expect(await qualityOf(database.db, id)).toEqual({ ...SCORES, speechShare: 0.25 })
      await write((trx) => saveQuality(trx, id, { ...SCORES, motion: null }))
      expect(await qualityOf(database.db, id)).toEqual({
        ...SCORES,
        motion: null,
        speechShare: null,
      })
    })
  })

  describe('shots', () => {
    const keyframe = (timestamp: number, shotIndex: number) => ({
      timestamp,
      frameIndex: timestamp * 10,
      shotIndex,
      isSceneChange: false,
      sceneScore: 0,
      storageKey: `frames/${timestamp}.jpg`,
    })
    const shots = [
      { index: 0, startTime: 0, endTime: 1.5, transition: 'start' as const, strength: null },
      { index: 1, startTime: 1.5, endTime: 4, transition: 'dissolve' as const, strength: 0.5 },
    ]

    it('are shown on the timeline where they are, and by the keyframes where none are stored', async () => {
      const id = await insertVideo(database.db)
      const video = { id, duration: 4 }
      await write(async (trx) => {
        await replaceKeyframes(
          trx,
          id,
          [0, 1, 2, 3].map((at) => keyframe(at, at < 2 ? 0 : 1)),
        )
      })
      const spans = async () =>
        (await timelineRows(database.db, video, { from: 0, to: 10 })).shots.map(
          ({ shotIndex, startTime, endTime }) => [shotIndex, startTime, endTime],
        )
      expect(await spans()).toEqual([
        [0, 0, 1],
        [0, 1, 2],
        [1, 2, 3],
        [1, 3, 4],
      ])
      await write((trx) => replaceShots(trx, id, shots))
      expect(await storedShotsOf(database.db, id)).toEqual(shots)
      expect(await spans()).toEqual([
        [0, 0, 1.5],
        [1, 1.5, 4],
      ])
    })
  })
})
