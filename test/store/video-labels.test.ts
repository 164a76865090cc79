import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { countFacets } from '../../src/store/facets.ts'
import { keyframesOf, replaceKeyframes } from '../../src/store/keyframes.ts'
import {
  conceptsOf,
  replaceActivities,
  replaceConcepts,
  replaceDetections,
} from '../../src/store/labels.ts'
import { refreshVideoLabels, videoCountsOf, videoLabelsOf } from '../../src/store/video-labels.ts'
import { countVideos } from '../../src/store/video-list.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'

const SHARE = { scoreKind: 'softmax_share', isWeak: false, modelName: 'mini-vl' } as const
const MIGRATIONS = path.join(import.meta.dirname, '../../migrations')

eachDatabase('labels of a whole video', (open) => {
  let database: Database
  let video: string
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(async () => {
    await emptyDatabase(database)
    video = await insertVideo(database.db)
    await keyframes(3)
    const [first, second] = await keyframesOf(database.db, video)
    const place = { x: 0, y: 0, w: 0.5, h: 0.5 }
    const box = { ...place, modelName: 'yolox-nano', trackId: null, source: 'detector' as const }
    const person = { ...box, label: 'person', sourceLabel: 'person', trackId: 1 }
    await write((trx) =>
      replaceDetections(trx, video, [
        { ...person, keyframeId: first!.id, confidence: 0.9 },
        { ...person, keyframeId: second!.id, confidence: 0.4 },
        { ...box, keyframeId: first!.id, label: 'panel', sourceLabel: 'laptop', confidence: 0.5 },
        { ...box, keyframeId: first!.id, label: 'panel', sourceLabel: 'tv', confidence: 0.6 },
      ]),
    )
  })

  const write = (work: Parameters<ReturnType<Database['db']['transaction']>['execute']>[0]) =>
    database.db.transaction().execute(work)
  const keyframes = (count: number) =>
    write((trx) =>
      replaceKeyframes(
        trx,
        video,
        Array.from({ length: count }, (_, i) => ({
          timestamp: i,
          frameIndex: i,
          shotIndex: 0,
          isSceneChange: false,
          sceneScore: 0,
          storageKey: `videos/${video}/${i}.jpg`,
        })),
      ),
    )

  it('are those of its boxes, and each of the detector’s words finds it', async () => {
    expect(await videoLabelsOf(database.db, video)).toEqual([
      { label: 'panel', kind: 'object', count: 2, maxConfidence: 0.6, scoreKind: null, tracks: 0 },
      { label: 'person', kind: 'object', count: 2, maxConfidence: 0.9, scoreKind: null, tracks: 1 },
    ])
    expect(await videoCountsOf(database.db, video)).toEqual({ keyframes: 3, detections: 4 })
    for (const [object, minConfidence, count] of [
      ['tv', 0.6, 1],
      ['laptop', 0.5, 1],
      ['laptop', 0.6, 0],
      ['panel', 0.6, 1],
      ['person', 0.91, 0],
    ] as const) {
      expect(await countVideos(database.db, { objects: [object], minConfidence })).toBe(count)
    }
  })

  it('follow each step that is run again', async () => {
    const [first] = await keyframesOf(database.db, video)
    await write((trx) =>
      replaceConcepts(trx, video, [
        { keyframeId: first!.id, label: 'panel', score: 0.7, ...SHARE },
      ]),
    )
    await write((trx) =>
      replaceActivities(trx, video, [
        { label: 'tool_usage', startTime: 0, endTime: 2, confidence: 0.5, metadata: {} },
      ]),
    )
    await write((trx) => replaceDetections(trx, video, []))
    expect(await videoLabelsOf(database.db, video)).toEqual([
      {
        label: 'panel',
        kind: 'concept',
        count: 1,
        maxConfidence: 0.7,
        scoreKind: 'softmax_share',
        tracks: null,
      },
    ])
    expect(await videoCountsOf(database.db, video)).toEqual({ keyframes: 3, detections: 0 })
    await keyframes(2)
    expect(await videoLabelsOf(database.db, video)).toEqual([])
    expect(await videoCountsOf(database.db, video)).toEqual({ keyframes: 2, detections: 0 })
    expect(await countVideos(database.db, { activities: ['tool_usage'] })).toBe(1)
  })

  it('leave out concepts that are too weak for a label', async () => {
    const [first, second] = await keyframesOf(database.db, video)
    await write((trx) =>
      replaceConcepts(trx, video, [
        { keyframeId: first!.id, label: 'lathe', score: 0.9, ...SHARE },
        { keyframeId: second!.id, label: 'lathe', score: 0.5, ...SHARE, isWeak: true },
        { keyframeId: second!.id, label: 'welding', score: 0.5, ...SHARE, isWeak: true },
      ]),
    )
    const concepts = (await videoLabelsOf(database.db, video)).filter(
      ({ kind }) => kind === 'concept',
    )
    expect(concepts).toMatchObject([{ label: 'lathe', count: 1, maxConfidence: 0.9 }])
    expect(await conceptsOf(database.db, video)).toHaveLength(1)
    expect(await conceptsOf(database.db, video, { alsoWeak: true })).toHaveLength(3)
  })

  it('stay as they were when the step’s write is undone', async () => {
    await expect(
      write(async (trx) => {
        await replaceDetections(trx, video, [])
        throw new Error('cut off')
      }),
    ).rejects.toThrow('cut off')
    expect(await videoLabelsOf(database.db, video)).toHaveLength(2)
  })

  it('are filled in for a library that is older than they are', async () => {
    const [first] = await keyframesOf(database.db, video)
    await write((trx) =>
      replaceConcepts(trx, video, [
        { keyframeId: first!.id, label: 'panel', score: 0.7, ...SHARE },
        { keyframeId: first!.id, label: 'lathe', score: 0.6, ...SHARE },
      ]),
    )
    await write((trx) =>
      replaceActivities(trx, video, [
        { label: 'tool_usage', startTime: 0, endTime: 2, confidence: 0.5, metadata: {} },
        { label: 'tool_usage', startTime: 3, endTime: 4, confidence: 0.6, metadata: {} },
      ]),
    )
    // Nobody had followed an object then.
    await database.db.updateTable('detections').set({ track_id: null }).execute()
    await write((trx) => refreshVideoLabels(trx, video))
    const stored = async () => [
      await database.db
        .selectFrom('video_labels')
        .selectAll()
        .orderBy('kind')
        .orderBy('label')
        .execute(),
      await database.db
        .selectFrom('video_counts')
        .select(['keyframes', 'detections', 'concepts', 'activities'])
        .execute(),
      await countFacets(database.db, {}),
    ]
    const written = await stored()
    await sql`truncate video_labels, video_counts, facet_values restart identity`.execute(
      database.db,
    )
    for (const name of [
      '0004_video_labels.sql',
      '0008_facet_values.sql',
      '0015_tracks.sql',
      '0020_labels.sql',
    ]) {
      const migration = await readFile(path.join(MIGRATIONS, name), 'utf8')
      for (const statement of migration.match(/^(insert|update) [^;]+;/gm) ?? []) {
        await sql.raw(statement).execute(database.db)
      }
    }
    expect(await stored()).toEqual(written)
    expect(written[0]).toHaveLength(7)
  })

  it('leave with the video', async () => {
    await database.db.deleteFrom('videos').execute()
    expect(await database.db.selectFrom('video_labels').selectAll().execute()).toEqual([])
    expect(await database.db.selectFrom('video_counts').selectAll().execute()).toEqual([])
  })
})
