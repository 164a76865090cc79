import { z } from 'zod'
import { STEP_STATES, VIDEO_STATUSES } from '../../store/schema.ts'
import { isoDate, plainText } from './common.ts'
import { nearDuplicate } from './duplicates.ts'
import { licenceEvidence } from './provenance.ts'

const share = z.number()
const seconds = z.number()

export const tag = z.object({ tag: z.string(), source: z.enum(['auto', 'manual']) })
export type Tag = z.infer<typeof tag>

export const videoSummary = z
  .object({
    id: z.string(),
    title: z.string(),
    platform: z.string(),
    status: z.enum(VIDEO_STATUSES),
    category: z.string(),
    duration: seconds.nullable(),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    thumbnail_url: z.string().nullable(),
    tags: z.array(z.string()),
    uploader: z.string().nullable(),
    licence: z.string().nullable(),
    source_url: z.string(),
    is_duplicate: z.boolean(),
    created_at: isoDate,
  })
  .meta({ id: 'VideoSummary' })
export type VideoSummary = z.infer<typeof videoSummary>
export type VideoPage = { items: VideoSummary[]; next_cursor: string | null }

export const keyframe = z.object({
  id: z.string(),
  timestamp: seconds.describe('Presentation time, seconds from the start'),
  frame_index: z.number().int(),
  is_scene_change: z.boolean(),
  shot_index: z.number().int(),
  url: z.string(),
})

export const shot = z.object({
  shot_index: z.number().int(),
  start_time: seconds,
  end_time: seconds,
  transition: z.enum(['start', 'cut', 'dissolve', 'fade']).describe('What it begins with'),
  strength: share
    .nullable()
    .describe('How unlike the pictures before and after are, 0–1; null for the first'),
})

/** Scores, which leave nothing out by themselves; null: not measured, or not to be told. */
export const quality = z
  .object({
    sharpness: z
      .number()
      .nullable()
      .describe('Median variance of the Laplacian at 426 pixels, squared grey levels: 30 is soft'),
    brightness: share.nullable().describe('Mean grey, 0 black to 1 white'),
    clipped_share: share.nullable().describe('Share of pixels that are black or white'),
    motion: share.nullable().describe('Mean change in 0.2 s, as a share of the range of grey'),
    black_share: share.nullable().describe('Share of the time that is black'),
    frozen_share: share
      .nullable()
      .describe('Share of the time in stretches of 2 s and more without change'),
    overlay_share: share
      .nullable()
      .describe('Share of the picture with text, a logo or a frame that stays; null: still camera'),
    slide_show: share.nullable().describe('Share of the time that is a slide show'),
    screen_recording: share.nullable().describe("How much it looks like a computer's screen"),
    speech_share: share.nullable().describe('Share of the time in which someone speaks'),
    short_side: z.number().int().nullable().describe('Pixels of the shorter side'),
  })
  .meta({ id: 'Quality' })
export type Quality = z.infer<typeof quality>

export const detection = z.object({
  keyframe_id: z.string(),
  timestamp: seconds,
  label: z.string(),
  source_label: z.string(),
  confidence: share,
  bbox_x: share.describe('Left edge as a share of the upright frame, 0–1'),
  bbox_y: share.describe('Top edge'),
  bbox_w: share,
  bbox_h: share,
  model_name: z.string(),
  track_id: z
    .number()
    .int()
    .nullable()
    .describe('Boxes of a video with the same number are one object; null: not looked at'),
  source: z.enum(['detector', 'open_vocabulary']),
})

/** What a concept's score is. */
const scoreKind = z
  .enum(['softmax_share', 'background_quantile'])
  .describe(
    'background_quantile: share of background frames that look less like the concept. softmax_share: ' +
      'its share against background prompts, which ranks and is no probability',
  )

export const concept = z.object({
  keyframe_id: z.string(),
  timestamp: seconds,
  label: z.string(),
  score: share,
  score_kind: scoreKind,
  model_name: z.string(),
})

export const activity = z.object({
  label: z.string(),
  start_time: seconds,
  end_time: seconds,
  confidence: share,
  metadata: z.record(z.string(), z.unknown()),
})
export type Activity = z.infer<typeof activity>

export const transcriptSource = z
  .enum(['whisper', 'captions'])
  .describe('Written down by the speech model, or captions that came with the video')

export const transcriptSegment = z.object({
  start_time: seconds,
  end_time: seconds,
  text: z.string(),
  language: z.string().nullable().describe('Null when not known'),
  source: transcriptSource,
  words: z
    .array(
      z.object({
        text: z.string().describe('With the space before it'),
        start_time: seconds,
        end_time: seconds,
        probability: share,
      }),
    )
    .nullable()
    .describe('Null when they were not asked for (FORGEINDEX_WORD_TIMES)'),
})

export const transcript = z.object({
  full_text: z.string(),
  language: z.string().nullable().describe('Spoken most'),
  model_name: z.string(),
  source: transcriptSource,
  segments: z.array(transcriptSegment),
})

/** One label of a whole video. */
export const labelSummary = z.object({
  label: z.string(),
  kind: z.enum(['object', 'concept']),
  count: z.number().int().describe('Boxes, or keyframes of a concept'),
  tracks: z
    .number()
    .int()
    .nullable()
    .describe('Different objects; 0 when they were not followed, null for a concept'),
  max_confidence: share,
  score_kind: scoreKind
    .nullable()
    .describe('What the confidence of a concept is; null of an object'),
})
export type LabelSummary = z.infer<typeof labelSummary>

/** A model whose results this video's labels are; null where it is not known any more. */
export const modelUsed = z.object({
  name: z.string(),
  revision: z.string().nullable(),
  kind: z.enum(['clip', 'detector', 'speech']),
  licence: z.string().nullable(),
})
export type ModelUsed = z.infer<typeof modelUsed>

export const stepRun = z.object({
  name: z.string(),
  state: z.enum(STEP_STATES),
  reason: z.string().optional(),
  message: z.string().optional(),
  seconds: seconds.nullable(),
  model_name: z.string().optional(),
  device: z.string().optional(),
  profile: z.enum(['exact', 'fast']).optional(),
  counts: z.record(z.string(), z.number()),
})
export type StepRun = z.infer<typeof stepRun>

export const failure = z.object({
  code: z.string(),
  step: z.string(),
  message: z.string(),
  retryable: z.boolean(),
})
export type Failure = z.infer<typeof failure>

export const videoDetail = z
  .object({
    id: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    source_url: z.string(),
    platform: z.string(),
    status: z.enum(VIDEO_STATUSES),
    category: z.string(),
    duration: seconds.nullable(),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    fps: z.number().nullable(),
    has_audio: z.boolean().nullable(),
    bytes: z.number().int().nullable(),
    content_sha256: z.string().nullable(),
    uploader: z.string().nullable(),
    uploader_url: z.string().nullable(),
    published_at: isoDate.nullable(),
    licence: z.string().nullable(),
    licence_spdx: z.string().nullable().describe('SPDX id or LicenseRef-…; null: not known'),
    licence_url: z.string().nullable(),
    licence_evidence: licenceEvidence.nullable(),
    media_url: z.string().nullable(),
    thumbnail_url: z.string().nullable(),
    created_at: isoDate,
    completed_at: isoDate.nullable(),
    query: z.string().nullable().describe('What it was found with'),
    retrieved_at: isoDate.nullable(),
    fetched_with: z.string().nullable().describe('Tool and version'),
    is_duplicate: z.boolean(),
    keyframe_count: z.number().int(),
    detection_count: z.number().int(),
    objects_summary: z.array(labelSummary).describe('By count, most first'),
    models: z.array(modelUsed),
    tags: z.array(tag),
    quality: quality.nullable().describe('Null for videos processed before it was measured'),
    keyframes: z.array(keyframe),
    shots: z
      .array(shot)
      .describe(
        'By an adaptive threshold; empty for videos processed before it, and without pictures',
      ),
    detections: z.array(detection),
    concepts: z.array(concept),
    activities: z.array(activity),
    transcript: transcript.nullable(),
    duplicates: z.array(nearDuplicate),
    steps: z.array(stepRun),
    annotation: z.record(z.string(), z.unknown()).nullable(),
    failure: failure.nullable(),
  })
  .meta({ id: 'Video' })
export type VideoDetail = z.infer<typeof videoDetail>

/** `?fields=id,title,steps`: only these parts; all of them when it is not given. */
export const fieldsQuery = z.strictObject({
  fields: z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(z.enum(Object.keys(videoDetail.shape) as [keyof VideoDetail])))
    .optional(),
})

export const tagBody = z.strictObject({ tag: plainText.trim().toLowerCase().min(1).max(100) })
