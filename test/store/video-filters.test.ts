import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { refreshDocument } from '../../src/store/documents.ts'
import type { VideoFilters } from '../../src/store/video-filters.ts'
import { countVideos, listVideos, VIDEO_SORTS } from '../../src/store/video-list.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import {
  insertActivity,
  insertConcept,
  insertDetection,
  insertKeyframe,
  insertTags,
  insertTranscript,
  insertVideo,
} from '../support/rows.ts'

eachDatabase('filters and lists of videos', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(() => emptyDatabase(database))

  /** Titles of the matching videos, in alphabetical order. */
  async function titles(filters: VideoFilters): Promise<string[]> {
    const { items } = await listVideos(database.db, filters, { sort: 'title', limit: 200 })
    expect(await countVideos(database.db, filters)).toBe(items.length)
    return items.map((video) => video.title)
  }

  describe('matchingVideos', () => {
    it('takes any of the platforms, categories and statuses, and all videos without filters', async () => {
      const { db } = database
      await insertVideo(db, { title: 'a', platform: 'youtube', category: 'cnc' })
      await insertVideo(db, { title: 'b', platform: 'commons', category: '3d_printing' })
      await insertVideo(db, { title: 'c', platform: 'folder', status: 'failed' })
      expect(await titles({})).toEqual(['a', 'b', 'c'])
      expect(await titles({ platform: ['youtube', 'Commons'] })).toEqual(['a', 'b'])
      expect(await titles({ category: ['3d printing', 'lathe'] })).toEqual(['b'])
      expect(await titles({ status: ['failed', 'pending'] })).toEqual(['c'])
      expect(await titles({ platform: [], tags: [] })).toEqual(['a', 'b', 'c'])
    })

    it('takes only videos with all of the tags, objects and activities', async () => {
      const { db } = database
      const both = await insertVideo(db, { title: 'both' })
      const one = await insertVideo(db, { title: 'one' })
      for (const video of [both, one]) {
        await insertTags(db, video, ['3d printing'])
        await insertDetection(db, await insertKeyframe(db, video, 0), 'person', 0.9)
        await insertActivity(db, video, 'tool_usage', 0.7)
      }
      await insertTags(db, both, ['Lathe'])
      await insertDetection(db, await insertKeyframe(db, both, 1), 'bottle', 0.5)
      await insertActivity(db, both, 'machine_operation', 0.4)
      expect(await titles({ tags: ['3d_printing'] })).toEqual(['both', 'one'])
      expect(await titles({ tags: ['3D printing', 'lathe'] })).toEqual(['both'])
      expect(await titles({ objects: ['person', 'bottle'] })).toEqual(['both'])
      expect(await titles({ activities: ['tool usage', 'machine_operation'] })).toEqual(['both'])
      expect(await titles({ objects: ['person', 'bottle'], minConfidence: 0.6 })).toEqual([])
      expect(await titles({ activities: ['tool_usage'], minConfidence: 0.7 })).toHaveLength(2)
    })

    it('finds an object by mapped label, by source label and as a concept', async () => {
      const { db } = database
      const video = await insertVideo(db, { title: 'phone' })
      const frame = await insertKeyframe(db, video, 0)
      await insertDetection(db, frame, 'handheld_device', 0.8, 'cell phone')
      await insertConcept(db, frame, 'hand_tool', 0.6)
      for (const objects of [['handheld_device'], ['cell_phone'], ['Cell Phone'], ['hand tool']]) {
        expect(await titles({ objects })).toEqual(['phone'])
      }
      expect(await titles({ objects: ['hand_tool'], minConfidence: 0.7 })).toEqual([])
      expect(await titles({ objects: ['phone'] })).toEqual([])
    })

    it('takes the videos that are named, with the other filters', async () => {
      const { db } = database
      const a = await insertVideo(db, { title: 'a', platform: 'youtube' })
      const b = await insertVideo(db, { title: 'b' })
      await insertVideo(db, { title: 'c' })
      expect(await titles({ videoIds: [a, b, crypto.randomUUID()] })).toEqual(['a', 'b'])
      expect(await titles({ videoIds: [a, b], platform: ['youtube'] })).toEqual(['a'])
      expect(await titles({ videoIds: [] })).toEqual([])
    })

    it('applies a confidence without objects to any detection', async () => {
      const { db } = database
      for (const [title, confidence] of [
        ['low', 0.4],
        ['high', 0.9],
      ] as const) {
        const video = await insertVideo(db, { title })
        await insertDetection(db, await insertKeyframe(db, video, 0), 'car', confidence)
      }
      await insertVideo(db, { title: 'empty' })
      expect(await titles({ minConfidence: 0.5 })).toEqual(['high'])
    })

    it('knows open licences, licence families and none stated', async () => {
      const { db } = database
      const open = [
        'CC0',
        'CC0 1.0',
        'CC BY 4.0',
        'cc-by-sa-3.0',
        'CC BY-SA 2.5',
        'Public domain',
        'PDM 1.0',
        'CC BY-SA 3.0 de',
        'Creative Commons Attribution license (reuse allowed)',
      ]
      const closed = [
        'CC BY-NC 4.0',
        'CC BY-ND 4.0',
        'CC BY-NC-SA 3.0',
        'Standard YouTube licence',
        'All rights reserved',
        'not public domain',
      ]
      for (const licence of [...open, ...closed]) await insertVideo(db, { title: licence, licence })
      await insertVideo(db, { title: 'none' })
      expect(await titles({ licence: ['open'] })).toEqual([...open].sort(byLowerCase))
      expect(await titles({ licence: ['unknown'] })).toEqual(['none'])
      expect(await titles({ licence: ['CC-BY'] })).toEqual(['CC BY 4.0'])
      expect(await titles({ licence: ['cc by-nc', 'CC BY-SA 2.5'] })).toEqual([
        'CC BY-NC 4.0',
        'CC BY-SA 2.5',
      ])
      expect(await titles({ licence: ['cc.*'] })).toEqual([])
    })

    it('knows durations, speech, duplicates and words', async () => {
      const { db } = database
      const long = await insertVideo(db, { title: 'Long lathe', duration: 60 })
      const short = await insertVideo(db, { title: 'Short lathe', duration: 5 })
      const unknown = await insertVideo(db, { title: 'Unknown mill', duration: null })
      await insertTranscript(db, long, [[0, 2, 'Mind the chuck']])
      await insertTranscript(db, short, [])
      await db
        .insertInto('duplicate_pairs')
        .values({ video_id_a: long, video_id_b: short, similarity: 0.99, model_name: 'clip' })
        .execute()
      for (const id of [long, short, unknown]) await refreshDocument(db, id)
      expect(await titles({ minDuration: 5, maxDuration: 59.9 })).toEqual(['Short lathe'])
      expect(await titles({ hasSpeech: true })).toEqual(['Long lathe'])
      expect(await titles({ hasSpeech: false })).toEqual(['Short lathe', 'Unknown mill'])
      expect(await titles({ hideDuplicates: true })).toEqual(['Long lathe', 'Unknown mill'])
      expect(await titles({ query: 'lathes' })).toEqual(['Long lathe', 'Short lathe'])
      expect(await titles({ query: 'lathe chuck' })).toEqual(['Long lathe'])
      expect(await titles({ query: 'lathe -chuck' })).toEqual(['Short lathe'])
      expect(await titles({ query: 'chuck or mill' })).toEqual(['Long lathe', 'Unknown mill'])
      expect(await titles({ query: `'); -- \\ "` })).toEqual([])
    })
  })

  describe('listVideos', () => {
    it('gives every video once over all pages, in each order, ties and unknown durations included', async () => {
      const { db } = database
      for (let i = 0; i < 23; i++) {
        await insertVideo(db, {
          title: `Title ${i % 5} 🙂`,
          duration: i % 6 === 0 ? null : i % 4,
          // Microseconds apart: a cursor cut to milliseconds would repeat or lose some.
          created_at: `2026-01-01T00:00:00.0001${String(i % 12).padStart(2, '0')}Z`,
        })
      }
      for (const sort of VIDEO_SORTS) {
        const seen: string[] = []
        const durations: (number | null)[] = []
        let cursor: string | null = null
        do {
          const page = await listVideos(db, {}, { sort, limit: 4, cursor })
          seen.push(...page.items.map((video) => video.id))
          durations.push(...page.items.map((video) => video.duration))
          cursor = page.nextCursor
        } while (cursor)
        expect(new Set(seen).size, sort).toBe(23)
        expect(seen, sort).toHaveLength(23)
        if (sort.endsWith('duration'))
          expect(durations.slice(-4), sort).toEqual([null, null, null, null])
      }
    })

    it('summarises a video with its tags and what it is a duplicate of', async () => {
      const { db } = database
      const first = await insertVideo(db, { title: 'First' })
      const copy = await insertVideo(db, { title: 'Copy', licence: 'CC0', thumbnail_key: 'k.jpg' })
      await insertTags(db, copy, ['welding', 'cnc'])
      await db
        .insertInto('duplicate_pairs')
        .values({ video_id_a: first, video_id_b: copy, similarity: 0.99, model_name: 'clip' })
        .execute()
      const { items } = await listVideos(db, {}, { sort: 'title', limit: 1 })
      expect(items[0]).toMatchObject({
        id: copy,
        tags: ['cnc', 'welding'],
        licence: 'CC0',
        thumbnailKey: 'k.jpg',
        duplicateOfCount: 1,
        failureCode: null,
        createdAt: expect.any(Date),
      })
    })

    it('refuses a cursor that is not one, or is of another order', async () => {
      const { db } = database
      await insertVideo(db)
      await insertVideo(db)
      const { nextCursor } = await listVideos(db, {}, { limit: 1 })
      const forged = Buffer.from(JSON.stringify(['created', '1; drop', 'x'])).toString('base64url')
      for (const cursor of ['x', '🙂', forged, `${nextCursor}AAAA`]) {
        await expect(listVideos(db, {}, { limit: 1, cursor })).rejects.toMatchObject({
          code: 'invalid-cursor',
        })
      }
      await expect(
        listVideos(db, {}, { limit: 1, sort: 'title', cursor: nextCursor }),
      ).rejects.toMatchObject({ code: 'invalid-cursor' })
    })
  })
})

function byLowerCase(a: string, b: string): number {
  return a.toLowerCase() < b.toLowerCase() ? -1 : 1
}
