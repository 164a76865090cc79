// Long because the expected annotation is spelt out whole.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnnotationInput } from '../../src/labeling/annotation-input.ts'
import { annotation, annotationJsonSchema } from '../../src/labeling/annotation-schema.ts'
import { buildAnnotation } from '../../src/labeling/annotator.ts'
import { shotsOf } from '../../src/labeling/shots.ts'

const box = (keyframeId: string, timestamp: number, label: string, confidence: number) => ({
  keyframeId,
  timestamp,
  label,
  sourceLabel: label === 'control_panel' ? 'laptop' : label,
  confidence,
  x: 0.1,
  y: 0.2,
  w: 0.3,
  h: 0.4,
  modelName: 'yolox-nano',
})

/** The same box as the annotation writes it. */
const seen = (label: string, sourceLabel: string, confidence: number) => ({
  label,
  source_label: sourceLabel,
  confidence,
  bbox_x: 0.1,
  bbox_y: 0.2,
  bbox_w: 0.3,
  bbox_h: 0.4,
  model_name: 'yolox-nano',
})

const SCORED = { scoreKind: 'background_quantile', modelName: 'mini-vl' } as const
const scored = { score_kind: 'background_quantile', model_name: 'mini-vl' } as const

const INPUT: AnnotationInput = {
  video: {
    id: 'v1',
    title: 'Turning a shaft',
    description: null,
    sourceUrl: 'https://example.org/v/1',
    platform: 'commons',
    sourceId: '1',
    query: 'lathe',
    duration: 12.5,
    width: 1280,
    height: 720,
    fps: 29.97002997,
    hasAudio: true,
    bytes: 2_500_000,
    uploader: 'Ada',
    uploaderUrl: null,
    publishedAt: new Date('2024-05-06T07:08:09Z'),
    licence: 'CC BY 4.0',
    licenceUrl: 'https://creativecommons.org/licenses/by/4.0/',
    licenceEvidence: { field: 'LicenseShortName', retrievedAt: '2026-01-02T03:04:00.000Z' },
    contentSha256: 'ab'.repeat(32),
    fetchedAt: new Date('2026-01-02T03:04:05Z'),
    fetchedWith: 'direct',
  },
  category: 'lathe',
  tags: ['person', 'lathe', 'lathe', 'checked by hand'],
  keyframes: [
    { id: 'k1', timestamp: 0, frameIndex: 0, shotIndex: 0, isSceneChange: false },
    { id: 'k2', timestamp: 1, frameIndex: 25, shotIndex: 0, isSceneChange: false },
    { id: 'k3', timestamp: 1.5, frameIndex: 38, shotIndex: 1, isSceneChange: true },
  ],
  detections: [
    box('k1', 0, 'person', 0.9),
    box('k1', 0, 'person', 0.5),
    box('k2', 1, 'person', 0.700049),
    box('k3', 1.5, 'control_panel', 0.4),
  ],
  concepts: [
    { keyframeId: 'k2', timestamp: 1, label: 'lathe', score: 0.8, ...SCORED },
    { keyframeId: 'k3', timestamp: 1.5, label: 'lathe', score: 0.6, ...SCORED },
  ],
  activities: [
    {
      label: 'machine_operation',
      startTime: 1.5000000004,
      endTime: 12.5,
      confidence: 0.4,
      metadata: { rule: 'machine_operation' },
    },
  ],
  transcript: {
    language: 'en',
    fullText: 'Hello there.',
    modelName: 'whisper-base',
    source: 'whisper',
    segments: [{ startTime: 0.5, endTime: 1.2, text: 'Hello there.', language: 'en' }],
  },
  models: [
    { step: 'transcription', name: 'whisper-base', revision: 'r1', licence: 'MIT' },
    { step: 'detection', name: 'yolox-nano', revision: null, licence: 'Apache-2.0' },
  ],
  steps: [
    { step: 'frames', state: 'done', reason: null },
    { step: 'concepts', state: 'skipped', reason: 'model-missing' },
  ],
  taxonomy: { name: 'manufacturing', version: '1.0.0', hash: 'cd'.repeat(32) },
}

describe('buildAnnotation', () => {
  it('counts objects by label, source label and model, the most frequent first', () => {
    expect(buildAnnotation(INPUT).objects_detected).toEqual([
      {
        label: 'person',
        source_label: 'person',
        count: 3,
        keyframes: 2,
        max_confidence: 0.9,
        mean_confidence: 0.7,
        first_seen: 0,
        last_seen: 1,
        model_name: 'yolox-nano',
      },
      {
        label: 'control_panel',
        source_label: 'laptop',
        count: 1,
        keyframes: 1,
        max_confidence: 0.4,
        mean_confidence: 0.4,
        first_seen: 1.5,
        last_seen: 1.5,
        model_name: 'yolox-nano',
      },
    ])
  })

  it('says everything else that is known, in snake_case', () => {
    const { objects_detected: _, ...rest } = buildAnnotation(INPUT)
    expect(rest).toEqual({
      schema_version: '1.1',
      video: {
        id: 'v1',
        title: 'Turning a shaft',
        description: null,
        source_url: 'https://example.org/v/1',
        platform: 'commons',
        duration: 12.5,
        width: 1280,
        height: 720,
        fps: 29.97003,
        has_audio: true,
        bytes: 2_500_000,
        uploader: 'Ada',
        licence: 'CC BY 4.0',
        licence_url: 'https://creativecommons.org/licenses/by/4.0/',
      },
      category: 'lathe',
      actions: [
        {
          label: 'machine_operation',
          start_time: 1.5,
          end_time: 12.5,
          confidence: 0.4,
          metadata: { rule: 'machine_operation' },
        },
      ],
      concepts: [
        {
          label: 'lathe',
          keyframes: 2,
          max_score: 0.8,
          mean_score: 0.7,
          first_seen: 1,
          last_seen: 1.5,
          ...scored,
        },
      ],
      transcript: {
        language: 'en',
        full_text: 'Hello there.',
        model_name: 'whisper-base',
        source: 'whisper',
        segments: [{ start_time: 0.5, end_time: 1.2, text: 'Hello there.', language: 'en' }],
      },
      tags: ['checked by hand', 'lathe', 'person'],
      shots: [
        { index: 0, start_time: 0, end_time: 1.5 },
        { index: 1, start_time: 1.5, end_time: 12.5 },
      ],
      keyframe_count: 3,
      keyframes: [
        {
          ...{ id: 'k1', timestamp: 0, frame_index: 0, shot_index: 0, is_scene_change: false },
          detections: [seen('person', 'person', 0.9), seen('person', 'person', 0.5)],
          concepts: [],
        },
        {
          ...{ id: 'k2', timestamp: 1, frame_index: 25, shot_index: 0, is_scene_change: false },
          detections: [seen('person', 'person', 0.7)],
          concepts: [{ label: 'lathe', score: 0.8, ...scored }],
        },
        {
          ...{ id: 'k3', timestamp: 1.5, frame_index: 38, shot_index: 1, is_scene_change: true },
          detections: [seen('control_panel', 'laptop', 0.4)],
          concepts: [{ label: 'lathe', score: 0.6, ...scored }],
        },
      ],
      quality: { short_side: 720, kilobits_per_second: 1600, has_speech: true },
      provenance: {
        source: 'commons',
        source_id: '1',
        source_url: 'https://example.org/v/1',
        query: 'lathe',
        uploader: 'Ada',
        uploader_url: null,
        published_at: '2024-05-06T07:08:09.000Z',
        licence: 'CC BY 4.0',
        licence_spdx: 'CC-BY-4.0',
        licence_url: 'https://creativecommons.org/licenses/by/4.0/',
        evidence: { field: 'LicenseShortName', retrieved_at: '2026-01-02T03:04:00.000Z' },
        retrieved_at: '2026-01-02T03:04:05.000Z',
        retrieved_with: 'direct',
        sha256: 'ab'.repeat(32),
      },
      models: [
        { step: 'detection', name: 'yolox-nano', revision: null, licence: 'Apache-2.0' },
        { step: 'transcription', name: 'whisper-base', revision: 'r1', licence: 'MIT' },
      ],
      steps: [
        { name: 'frames', state: 'done', reason: null },
        { name: 'concepts', state: 'skipped', reason: 'model-missing' },
      ],
      taxonomy: { name: 'manufacturing', version: '1.0.0', hash: 'cd'.repeat(32) },
    })
  })

  it('fits its schema, also when next to nothing is known', () => {
    const unknown = Object.fromEntries(
      Object.keys(INPUT.video).map((key) => [key, null]),
    ) as unknown as AnnotationInput['video']
    const { id, title, sourceUrl, platform, sourceId } = INPUT.video
    const bare = buildAnnotation({
      ...INPUT,
      video: { ...unknown, id, title, sourceUrl, platform, sourceId },
      category: 'other',
      tags: [],
      keyframes: [],
      detections: [],
      concepts: [],
      activities: [],
      transcript: null,
      models: [],
      steps: [],
    })
    expect(annotation.safeParse(bare).error).toBeUndefined()
    expect(bare.transcript).toBeNull()
    expect(bare.quality).toEqual({ short_side: null, kilobits_per_second: null, has_speech: null })
    expect(annotation.safeParse(buildAnnotation(INPUT)).error).toBeUndefined()
  })

  it('tells how many different objects the boxes are, and each of them, once they were followed', () => {
    const followed = INPUT.detections.map((seenBox, index) => ({
      ...seenBox,
      trackId: [1, 2, 1, 3][index] ?? null,
    }))
    const found = buildAnnotation({ ...INPUT, detections: followed.toReversed() })
    expect(
      found.objects_detected.map(({ label, count, tracks }) => [label, count, tracks]),
    ).toEqual([
      ['person', 3, 2],
      ['control_panel', 1, 1],
    ])
    const track = { label: 'person', source_label: 'person', model_name: 'yolox-nano' }
    expect(found.tracks).toEqual([
      {
        ...{ ...track, track_id: 1, keyframes: 2, max_confidence: 0.9 },
        ...{ first_seen: 0, last_seen: 1 },
      },
      {
        ...{ ...track, track_id: 2, keyframes: 1, max_confidence: 0.5 },
        ...{ first_seen: 0, last_seen: 0 },
      },
      {
        ...{ ...track, track_id: 3, keyframes: 1, max_confidence: 0.4 },
        ...{ label: 'control_panel', source_label: 'laptop', first_seen: 1.5, last_seen: 1.5 },
      },
    ])
    expect(found.keyframes[1]?.detections).toEqual([
      { ...seen('person', 'person', 0.7), track_id: 1 },
    ])
    expect(annotation.safeParse(found).error).toBeUndefined()
  })

  it('tells silence from a transcript that was never made', () => {
    const silent = {
      language: null,
      fullText: '',
      modelName: 'whisper-base',
      source: 'whisper' as const,
      segments: [],
    }
    const found = buildAnnotation({ ...INPUT, transcript: silent })
    expect(found.transcript).toMatchObject({ full_text: '', segments: [] })
    expect(found.quality.has_speech).toBe(false)
  })

  it('writes the same bytes whatever the order of the rows', () => {
    const rows = fc.array(
      fc.record({
        keyframeId: fc.constantFrom('a', 'b', 'c'),
        timestamp: fc.integer({ min: 0, max: 9 }),
        label: fc.constantFrom('person', 'cup'),
        sourceLabel: fc.constantFrom('person', 'cup'),
        confidence: fc.double({ min: 0, max: 1, noNaN: true }),
        modelName: fc.constantFrom('m', 'n'),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(
        rows.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, mixed]) => {
          const bytes = (detections: typeof all) =>
            JSON.stringify(
              buildAnnotation({
                ...INPUT,
                keyframes: INPUT.keyframes.map((keyframe, i) => ({
                  ...keyframe,
                  id: 'abc'[i] ?? '',
                })),
                detections: detections.map((row) => ({ ...row, x: 0.1, y: 0.2, w: 0.3, h: 0.4 })),
                concepts: detections.map((row) => ({ ...row, score: row.confidence })),
              }),
            )
          expect(bytes(mixed)).toBe(bytes(all))
        },
      ),
    )
  })

  it('counts 200,000 boxes without running out of stack', () => {
    const detections = Array.from({ length: 200_000 }, (_, i) => box(`k${i}`, i, 'person', 0.5))
    expect(buildAnnotation({ ...INPUT, detections }).objects_detected).toMatchObject([
      { count: 200_000, keyframes: 200_000, last_seen: 199_999 },
    ])
  })
})

describe('the schema', () => {
  it('refuses what it does not know and what is out of range', () => {
    const good = buildAnnotation(INPUT)
    expect(annotation.safeParse({ ...good, colour: 'red' }).success).toBe(false)
    expect(annotation.safeParse({ ...good, schema_version: '2.0' }).success).toBe(false)
    const sure = good.actions.map((action) => ({ ...action, confidence: 1.2 }))
    expect(annotation.safeParse({ ...good, actions: sure }).success).toBe(false)
  })

  it('is the one published in docs/annotation.schema.json (npx tsx scripts/annotation-schema.ts)', async () => {
    const file = fileURLToPath(new URL('../../docs/annotation.schema.json', import.meta.url))
    const published = await readFile(file, 'utf8')
    expect(published).toBe(`${JSON.stringify(annotationJsonSchema(), null, 2)}\n`)
    expect(published).toContain('https://json-schema.org/draft/2020-12/schema')
  })
})

describe('shotsOf', () => {
  it('ends each shot where the next begins and the last at the end', () => {
    const frames = [
      { timestamp: 5, shotIndex: 1 },
      { timestamp: 0.2, shotIndex: 0 },
      { timestamp: 10, shotIndex: 2 },
      { timestamp: 6, shotIndex: 1 },
    ]
    expect(shotsOf(frames, 15)).toEqual([
      { index: 0, startTime: 0, endTime: 5 },
      { index: 1, startTime: 5, endTime: 10 },
      { index: 2, startTime: 10, endTime: 15 },
    ])
    expect(shotsOf(frames, null).at(-1)).toEqual({ index: 2, startTime: 10, endTime: 10 })
    expect(shotsOf([], 15)).toEqual([])
  })
})
