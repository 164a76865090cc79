// Long because one library with known parts serves every route of a video.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NearDuplicate } from '../../src/api/schemas/duplicates.ts'
import type { Candidate } from '../../src/api/schemas/tasks.ts'
import type {
  AnnotationOutline,
  AnnotationPart,
  DetectionPage,
  KeyframePage,
  MomentsAnswer,
  Timeline,
  TranscriptPage,
} from '../../src/api/schemas/video-parts.ts'
import type { VideoDetail } from '../../src/api/schemas/videos.ts'
import { saveAnnotation } from '../../src/store/annotations.ts'
import { addCandidate } from '../../src/store/candidates.ts'
import { refreshDocument } from '../../src/store/documents.ts'
import { saveStepRun } from '../../src/store/step-runs.ts'
import { createTask } from '../../src/store/tasks.ts'
import { eachDatabase } from '../support/library.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import {
  insertActivity,
  insertConcept,
  insertDetection,
  insertKeyframe,
  insertTranscript,
  insertVideo,
} from '../support/rows.ts'

/** A video of 100 s: a keyframe every 10 s, shots of 30 s, a person in the first half. */
const SECONDS = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]

eachDatabase('parts of a video', (_open, form) => {
  let library: OwnLibrary
  let video: string
  let bare: string
  beforeAll(async () => {
    library = await openOwnLibrary({}, { form, work: false })
    const { db } = library.services.database
    bare = await insertVideo(db, { duration: null, title: 'bare' })
    video = await insertVideo(db, { duration: 100, title: 'long', query: 'a lathe' })
    for (const at of SECONDS) {
      const frame = await insertKeyframe(db, video, at, Math.floor(at / 30))
      if (at < 50) await insertDetection(db, frame, 'person', 0.5 + at / 100)
      if (at === 30) await insertDetection(db, frame, 'panel', 0.4123456789, 'laptop')
      if (at === 80) await insertConcept(db, frame, 'lathe', 0.7)
    }
    await insertActivity(db, video, 'tool_usage', 0.6)
    await insertTranscript(db, video, [
      [0, 4, 'The Lathe turns.'],
      [5, 9, 'It is 100% steel.'],
      [60, 70, 'A lathe again.'],
    ])
    await refreshDocument(db, video)
    await db
      .insertInto('duplicate_pairs')
      .values({ video_id_a: bare, video_id_b: video, similarity: 0.97, model_name: 'mini-vl' })
      .execute()
  })
  afterAll(() => library?.[Symbol.asyncDispose]())

  const ask = async <T>(part: string) => {
    const answer = await library.ask<T>('GET', `/api/videos/${video}/${part}`)
    expect(answer.status).toBe(200)
    return answer.body
  }

  describe('keyframes', () => {
    it('are given page by page within the window', async () => {
      const first = await ask<KeyframePage>('keyframes?from=10&to=50&limit=3')
      expect(first.items.map(({ timestamp }) => timestamp)).toEqual([10, 20, 30])
      expect(first.total).toBe(4)
      expect(first.items[2]).toMatchObject({ shot_index: 1, frame_index: 750 })
      const next = await ask<KeyframePage>(
        `keyframes?from=10&to=50&limit=3&cursor=${first.next_cursor}`,
      )
      expect(next.items.map(({ timestamp }) => timestamp)).toEqual([40])
      expect(next.next_cursor).toBeNull()
    })

    it.each([
      [1, [40]],
      [2, [20, 70]],
      [5, [0, 20, 40, 60, 80]],
      [10, SECONDS],
      [200, SECONDS],
    ])('are spread evenly: %i of ten', async (sample, times) => {
      const { items, next_cursor, total } = await ask<KeyframePage>(`keyframes?sample=${sample}`)
      expect(items.map(({ timestamp }) => timestamp)).toEqual(times)
      expect([total, next_cursor]).toEqual([10, null])
    })

    it('of a video without any are none', async () => {
      const { body } = await library.ask('GET', `/api/videos/${bare}/keyframes?sample=5`)
      expect(body).toEqual({ items: [], next_cursor: null, total: 0 })
    })
  })

  it('detections come in order, chosen by label and confidence, rounded', async () => {
    const { items } = await ask<DetectionPage>('detections?labels=laptop,person&min_confidence=0.4')
    expect(items.map(({ timestamp, label }) => [timestamp, label])).toEqual([
      [0, 'person'],
      [10, 'person'],
      [20, 'person'],
      [30, 'person'],
      [30, 'panel'],
      [40, 'person'],
    ])
    expect(items[4]).toMatchObject({ confidence: 0.41235, source_label: 'laptop', bbox_x: 0.1 })
    const seen: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: DetectionPage = await ask(
        `detections?labels=person&from=10&limit=2${cursor && `&cursor=${cursor}`}`,
      )
      seen.push(...page.items.map(({ timestamp }) => timestamp))
      cursor = page.next_cursor
    }
    expect(seen).toEqual([10, 20, 30, 40])
  })

  describe('the timeline', () => {
    it('shows each label where its keyframes stand for the time', async () => {
      expect(await ask<Timeline>('timeline')).toEqual({
        duration: 100,
        from: 0,
        to: 100,
        resolution: 0.125,
        shots: [
          { shot_index: 0, start_time: 0, end_time: 30, shots: 1 },
          { shot_index: 1, start_time: 30, end_time: 60, shots: 1 },
          { shot_index: 2, start_time: 60, end_time: 90, shots: 1 },
          { shot_index: 3, start_time: 90, end_time: 100, shots: 1 },
        ],
        objects: [
          {
            label: 'person',
            kind: 'object',
            count: 5,
            max_confidence: 0.9,
            spans: [{ start_time: 0, end_time: 50, count: 5, max_confidence: 0.9 }],
          },
          {
            label: 'lathe',
            kind: 'concept',
            count: 1,
            max_confidence: 0.7,
            spans: [{ start_time: 80, end_time: 90, count: 1, max_confidence: 0.7 }],
          },
          {
            label: 'panel',
            kind: 'object',
            count: 1,
            max_confidence: 0.4123,
            spans: [{ start_time: 30, end_time: 40, count: 1, max_confidence: 0.4123 }],
          },
        ],
        activities: [{ label: 'tool_usage', start_time: 0, end_time: 4, confidence: 0.6 }],
        speech: [
          { start_time: 0, end_time: 4 },
          { start_time: 5, end_time: 9 },
          { start_time: 60, end_time: 70 },
        ],
      })
    })

    it('joins what is closer than the resolution', async () => {
      const { shots, speech, resolution } = await ask<Timeline>('timeline?resolution=40')
      expect(resolution).toBe(40)
      expect(shots).toEqual([
        { shot_index: 0, start_time: 0, end_time: 60, shots: 2 },
        { shot_index: 2, start_time: 60, end_time: 100, shots: 2 },
      ])
      expect(speech).toEqual([
        { start_time: 0, end_time: 9 },
        { start_time: 60, end_time: 70 },
      ])
    })

    it('holds only what touches the window', async () => {
      const { objects, shots, speech, from, to } = await ask<Timeline>('timeline?from=45&to=60')
      expect([from, to]).toEqual([45, 60])
      expect(objects).toMatchObject([
        { label: 'person', count: 1, spans: [{ start_time: 40, end_time: 50 }] },
      ])
      expect(shots).toMatchObject([{ shot_index: 1, start_time: 40, end_time: 60 }])
      expect(speech).toEqual([])
    })

    it('of a video of which nothing is known is empty', async () => {
      const { status, body } = await library.ask('GET', `/api/videos/${bare}/timeline`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ duration: null, from: 0, to: 0, shots: [], objects: [] })
    })
  })

  it('moments are those of this video alone, best first', async () => {
    const { query, mode, moments } = await ask<MomentsAnswer>('moments?q=lathe%20steel')
    expect([query, mode]).toEqual(['lathe steel', 'words'])
    expect(moments.map(({ start_time, reason, score }) => [start_time, reason, score])).toEqual([
      [0, 'speech', 0.5],
      [5, 'speech', 0.5],
      [60, 'speech', 0.5],
    ])
    expect((await ask<MomentsAnswer>('moments?q=lathe&limit=1')).moments).toHaveLength(1)
  })

  describe('the transcript', () => {
    it('comes by windows and pages, with what contains some words', async () => {
      const first = await ask<TranscriptPage>('transcript?limit=2')
      expect(first).toMatchObject({ language: 'en', model_name: 'whisper-base', total: 3 })
      const next = await ask<TranscriptPage>(`transcript?limit=2&cursor=${first.next_cursor}`)
      expect(next.items).toEqual([
        {
          start_time: 60,
          end_time: 70,
          text: 'A lathe again.',
          language: null,
          source: 'whisper',
          words: null,
        },
      ])
      expect(next.next_cursor).toBeNull()
      expect((await ask<TranscriptPage>('transcript?q=LATHE')).total).toBe(2)
      expect((await ask<TranscriptPage>('transcript?q=0%25')).items).toMatchObject([
        { start_time: 5 },
      ])
      expect((await ask<TranscriptPage>('transcript?from=4&to=60')).items).toMatchObject([
        { start_time: 5 },
      ])
    })

    it('that was not made is none', async () => {
      const { status, body } = await library.ask('GET', `/api/videos/${bare}/transcript`)
      expect(status).toBe(200)
      expect(body).toEqual({
        language: null,
        source: null,
        model_name: null,
        total: 0,
        items: [],
        next_cursor: null,
      })
    })
  })

  describe('the annotation', () => {
    const data = {
      title: 'long',
      tags: ['a', 'b', 'c'],
      video: { width: 1280, id: 'x' },
      nothing: null,
      keyframes: Array.from({ length: 500 }, (_, at) => ({ at, text: 'x'.repeat(30) })),
    }
    beforeAll(async () => {
      await library.services.database.db
        .transaction()
        .execute((trx) => saveAnnotation(trx, video, data))
    })

    it('is outlined without its large parts', async () => {
      const { parts } = await ask<AnnotationOutline>('annotation/outline')
      expect(parts.map(({ name, type, items }) => [name, type, items])).toEqual([
        ['keyframes', 'array', 500],
        ['nothing', 'value', null],
        ['tags', 'array', 3],
        ['title', 'value', null],
        ['video', 'object', 2],
      ])
      expect(parts[0]!.bytes).toBeGreaterThan(20_000)
      expect(parts[0]).not.toHaveProperty('value')
      expect(parts.slice(1).map(({ value }) => value)).toEqual([
        null,
        data.tags,
        'long',
        data.video,
      ])
    })

    it.each([
      ['keyframes?offset=490', { type: 'array', total: 500, items: data.keyframes.slice(490) }],
      ['tags?offset=1&limit=1', { type: 'array', total: 3, items: ['b'] }],
      ['tags?offset=9', { type: 'array', total: 3, items: [] }],
      ['video?offset=1', { type: 'object', total: 2, entries: [['width', 1280]] }],
      ['title', { type: 'value', total: 1, value: 'long' }],
      ['nothing', { type: 'value', total: 1, value: null }],
    ])('is read in stretches: %s', async (part, expected) => {
      expect(await ask<AnnotationPart>(`annotation/${part}`)).toMatchObject(expected)
    })

    it('is downloaded whole, for people to read', async () => {
      const answer = await library.app.inject({
        url: `/api/videos/${video}/annotation`,
        headers: { host: 'localhost' },
      })
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(answer.headers['content-disposition']).toBe(`attachment; filename="${video}.json"`)
      expect(answer.json()).toEqual(data)
      expect(answer.payload).toContain('\n  "title": "long"')
    })

    it.each([
      ['', 'no-annotation'],
      ['/outline', 'no-annotation'],
      ['/tags', 'no-annotation'],
    ])('that is not there yet is said so: %s', async (part, code) => {
      const answer = await library.ask('GET', `/api/videos/${bare}/annotation${part}`)
      expect(answer).toMatchObject({ status: 404, body: { code } })
    })

    it('has no other parts', async () => {
      const answer = await library.ask('GET', `/api/videos/${video}/annotation/hue`)
      expect(answer).toMatchObject({ status: 404, body: { code: 'annotation-part-not-found' } })
    })

    it('names the models that made the labels', async () => {
      const { db } = library.services.database
      await db.transaction().execute((trx) =>
        saveAnnotation(trx, video, {
          ...data,
          models: [
            { step: 'detection', name: 'yolox-nano', revision: 'r7', licence: 'Apache-2.0' },
          ],
        }),
      )
      for (const [step, modelName] of [
        ['detection', 'yolox-nano'],
        ['concepts', 'mini-vl'],
        ['activity', null],
      ] as const) {
        await saveStepRun(db, video, {
          step,
          position: step.length,
          version: 1,
          inputHash: 'x',
          modelName,
          device: null,
          state: 'done',
          reason: null,
          message: null,
          counts: {},
          seconds: 1,
          startedAt: new Date(),
          finishedAt: new Date(),
        })
      }
      const { body } = await library.ask<VideoDetail>('GET', `/api/videos/${video}`)
      expect(body.models).toEqual([
        { name: 'mini-vl', revision: null, kind: 'clip', licence: null },
        { name: 'yolox-nano', revision: 'r7', kind: 'detector', licence: 'Apache-2.0' },
      ])
    })
  })

  it('are summed up in the video itself', async () => {
    const { body } = await library.ask<VideoDetail>(
      'GET',
      `/api/videos/${video}?fields=keyframe_count,detection_count,objects_summary,is_duplicate,duplicates,query,retrieved_at`,
    )
    const box = { tracks: 0, score_kind: null }
    expect(body).toEqual({
      keyframe_count: 10,
      detection_count: 6,
      objects_summary: [
        { label: 'person', kind: 'object', count: 5, max_confidence: 0.9, ...box },
        { label: 'panel', kind: 'object', count: 1, max_confidence: 0.41235, ...box },
        {
          ...{ label: 'lathe', kind: 'concept', count: 1, max_confidence: 0.7 },
          ...{ tracks: null, score_kind: 'softmax_share' },
        },
      ],
      is_duplicate: true,
      duplicates: [
        {
          video_id: bare,
          title: 'bare',
          similarity: 0.97,
          thumbnail_url: null,
          relation: 'earlier',
          // A pair of before, not compared yet.
          ...{ kind: null, start_time: null, end_time: null },
          ...{ other_start_time: null, other_end_time: null, is_mirrored: false, speed: 1 },
          ...{ flagged: 'this', verdict: null, is_keeper: false },
          cluster_id: [bare, video].sort()[0],
        },
      ],
      query: 'a lathe',
      retrieved_at: null,
    })
    const other = await library.ask<VideoDetail>('GET', `/api/videos/${bare}?fields=duplicates`)
    expect(other.body.duplicates).toMatchObject([
      { video_id: video, relation: 'later', flagged: 'other' },
    ])
  })

  it('are no duplicates when a person says so, until it is taken back', async () => {
    const say = (verdict: unknown, other = bare) =>
      library.ask<NearDuplicate>('POST', `/api/videos/${video}/duplicates/${other}`, { verdict })
    const flag = async () => {
      const { body } = await library.ask<VideoDetail>(
        'GET',
        `/api/videos/${video}?fields=is_duplicate`,
      )
      return body.is_duplicate
    }
    const { status, body } = await say('different')
    expect([status, body.verdict, body.flagged, body.cluster_id]).toEqual([
      ...[200, 'different', null, null],
    ])
    expect(await flag()).toBe(false)
    expect((await say(null)).body).toMatchObject({ verdict: null, flagged: 'this' })
    expect(await flag()).toBe(true)
    expect((await say('perhaps')).status).toBe(400)
    const { status: unknown, body: problem } = await say('duplicate', video)
    expect([unknown, (problem as unknown as { code: string }).code]).toEqual([
      404,
      'pair-not-found',
    ])
  })

  it.each([
    'keyframes',
    'detections',
    'timeline',
    'transcript',
    'annotation',
    'annotation/outline',
    'annotation/tags',
    'moments?q=x',
  ])('%s of an unknown video are not found', async (part) => {
    for (const id of ['nope', crypto.randomUUID()]) {
      const answer = await library.ask('GET', `/api/videos/${id}/${part}`)
      expect(answer).toMatchObject({ status: 404, body: { code: 'video-not-found' } })
    }
  })

  it.each([
    ['keyframes?from=5&to=5', 'from'],
    ['keyframes?sample=201', 'sample'],
    ['keyframes?limit=1001', 'limit'],
    ['keyframes?cursor=nope', ''],
    ['keyframes?hue=1', 'hue'],
    ['detections?limit=1501', 'limit'],
    ['detections?labels=a%00b', 'labels'],
    ['timeline?resolution=0', 'resolution'],
    ['timeline?from=-1', 'from'],
    ['transcript?q=a%00b', 'q'],
    ['moments', 'q'],
    ['annotation/tags?offset=-1', 'offset'],
  ])('%s is refused by name', async (part, at) => {
    const answer = await library.ask<{ errors?: { path: string }[] }>(
      'GET',
      `/api/videos/${video}/${part}`,
    )
    expect(answer.status).toBe(400)
    if (at) expect(answer.body.errors?.[0]?.path).toContain(at)
  })

  it('a long video stays small: 3,600 keyframes with 5,000 boxes and 40 labels', async () => {
    const { db } = library.services.database
    const long = await insertVideo(db, { duration: 3600 })
    const frames = await db
      .insertInto('keyframes')
      .values(
        Array.from({ length: 3600 }, (_, at) => ({
          video_id: long,
          timestamp: at,
          frame_index: at * 25,
          shot_index: Math.floor(at / 6),
          is_scene_change: at % 6 === 0,
          scene_score: 0.1,
          storage_key: `k/${at}`,
        })),
      )
      .returning('id')
      .execute()
    for (let start = 0; start < 5000; start += 1000) {
      await db
        .insertInto('detections')
        .values(
          Array.from({ length: 1000 }, (_, i) => ({
            keyframe_id: frames[((start + i) * 7) % 3600]!.id,
            label: `some_label_of_a_thing_${(start + i) % 40}`,
            source_label: `some label of a thing ${(start + i) % 40}`,
            confidence: 1 / 3,
            bbox_x: 1 / 7,
            bbox_y: 1 / 7,
            bbox_w: 1 / 7,
            bbox_h: 1 / 7,
            model_name: 'yolox-nano',
          })),
        )
        .execute()
    }
    const sizes: Record<string, number> = {}
    for (const part of ['timeline', 'timeline?resolution=0.01', 'detections?limit=1500']) {
      const answer = await library.app.inject({
        url: `/api/videos/${long}/${part}`,
        headers: { host: 'localhost' },
      })
      expect(answer.statusCode).toBe(200)
      sizes[part] = answer.payload.length
    }
    for (const size of Object.values(sizes)) expect(size).toBeLessThan(500_000)
    const whole = await library.ask<Timeline>('GET', `/api/videos/${long}/timeline?resolution=0.01`)
    expect(whole.body.resolution).toBeGreaterThan(0.01)
    expect(whole.body.objects).toHaveLength(40)
    expect(whole.body.objects.reduce((sum, { count }) => sum + count, 0)).toBe(5000)
  })
})

eachDatabase('candidates and taxonomies', (_open, form) => {
  it('say why a video was not taken, by state and page', async () => {
    await using library = await openOwnLibrary({}, { form, work: false })
    const { db } = library.services.database
    const task = await db.transaction().execute(async (trx) => {
      const made = await createTask(trx, {
        query: 'x',
        platform: 'urls',
        urls: [],
        path: null,
        taxonomy: 'manufacturing',
        maxVideos: 5,
      })
      for (const rank of [2, 0, 1]) {
        await addCandidate(trx, made.id, {
          platform: 'urls',
          sourceId: `s${rank}`,
          url: `https://videos.example/${rank}`,
          title: `Video ${rank}`,
          rank,
          state: rank === 0 ? 'accepted' : 'rejected',
          reasonCode: rank === 0 ? null : 'too-long',
          reason: rank === 0 ? null : 'It is longer than 600 s.',
          videoId: null,
        })
      }
      return made
    })
    type Page = { items: Candidate[]; next_cursor: string | null }
    const url = `/api/tasks/${task.id}/candidates`
    const first = await library.ask<Page>('GET', `${url}?limit=2`)
    expect(first.body.items).toMatchObject([
      {
        url: 'https://videos.example/0',
        title: 'Video 0',
        platform: 'urls',
        state: 'accepted',
        reason_code: null,
        reason: null,
        video_id: null,
      },
      { title: 'Video 1', reason_code: 'too-long' },
    ])
    const next = await library.ask<Page>('GET', `${url}?limit=2&cursor=${first.body.next_cursor}`)
    expect(next.body).toMatchObject({ items: [{ title: 'Video 2' }], next_cursor: null })
    const rejected = await library.ask<Page>('GET', `${url}?state=rejected`)
    expect(rejected.body.items.map(({ title }) => title)).toEqual(['Video 1', 'Video 2'])
    expect((await library.ask('GET', `${url}?state=odd`)).status).toBe(400)
    const unknown = await library.ask('GET', `/api/tasks/${crypto.randomUUID()}/candidates`)
    expect(unknown).toMatchObject({ status: 404, body: { code: 'task-not-found' } })

    const taxonomies = await library.ask('GET', '/api/taxonomies')
    expect(taxonomies).toMatchObject({
      status: 200,
      body: {
        items: [
          {
            name: 'manufacturing',
            description: expect.stringContaining('Machine shops'),
            categories: expect.arrayContaining(['cnc', 'welding', 'other']),
            is_default: true,
          },
        ],
      },
    })
  })
})
