import { z } from 'zod'

const seconds = z.number().min(0).describe("Seconds on the video's own timeline")
const share = z.number().min(0).max(1)
const count = z.number().int().min(0)
const text = z.string()
const date = z.iso.datetime().describe('ISO 8601, UTC')

const video = z.strictObject({
  id: text,
  title: text,
  description: text.nullable(),
  source_url: text,
  platform: text,
  duration: seconds.nullable(),
  width: count.nullable().describe('Pixels of the upright picture'),
  height: count.nullable().describe('Pixels of the upright picture'),
  fps: z.number().min(0).nullable(),
  has_audio: z.boolean().nullable(),
  bytes: count.nullable(),
  uploader: text.nullable(),
  licence: text.nullable(),
  licence_url: text.nullable(),
})

const trackId = z.number().int().min(1).describe('Boxes with the same number are one object')
const boxSource = z
  .enum(['detector', 'open_vocabulary'])
  .optional()
  .describe('What found it; absent: the detector')

const objectDetected = z.strictObject({
  label: text.describe("The taxonomy's word"),
  source_label: text.describe("The detector's own word"),
  count: count.describe('Boxes on all keyframes together'),
  tracks: count.optional().describe('Different objects; absent when they were not followed'),
  keyframes: count.describe('Keyframes with at least one box'),
  max_confidence: share,
  mean_confidence: share.describe('Mean over the boxes'),
  first_seen: seconds,
  last_seen: seconds,
  model_name: text,
  source: boxSource,
})

const track = z.strictObject({
  track_id: trackId,
  label: text.describe("The taxonomy's word"),
  source_label: text,
  keyframes: count.describe('Keyframes on which it was found'),
  first_seen: seconds,
  last_seen: seconds,
  max_confidence: share,
  model_name: text,
})

const action = z.strictObject({
  label: text,
  start_time: seconds,
  end_time: seconds,
  confidence: share,
  metadata: z
    .record(z.string(), z.unknown())
    .describe(
      'The rule; the keyframes where it holds (keyframeIds), those of them too weak for a beginning ' +
        '(weakKeyframeIds), those bridged in between; what it found on them, by which model, how sure',
    ),
})

const scoreKind = z
  .enum(['softmax_share', 'background_quantile'])
  .describe(
    'What the score is: the share of background frames that look less like the concept, or the ' +
      "concept's share of a softmax over itself and background prompts, which is no probability",
  )

const concept = z.strictObject({
  label: text,
  keyframes: count.describe('Keyframes whose score reaches the threshold'),
  max_score: share,
  mean_score: share.describe('Mean over those keyframes'),
  score_kind: scoreKind.optional(),
  first_seen: seconds,
  last_seen: seconds,
  model_name: text,
})

const keyframe = z.strictObject({
  id: text,
  timestamp: seconds.describe('Presentation time'),
  frame_index: count,
  shot_index: count,
  is_scene_change: z.boolean(),
  detections: z.array(
    z.strictObject({
      label: text,
      source_label: text,
      confidence: share,
      bbox_x: share.describe('Left edge as a share of the upright frame'),
      bbox_y: share.describe('Top edge'),
      bbox_w: share,
      bbox_h: share,
      model_name: text,
      track_id: trackId.optional(),
      source: boxSource,
    }),
  ),
  concepts: z.array(
    z.strictObject({
      label: text,
      score: share,
      score_kind: scoreKind.optional(),
      model_name: text,
    }),
  ),
})

const transcript = z.strictObject({
  language: text.nullable().describe('ISO 639-1; null without speech'),
  full_text: text.describe('Empty when nothing is said'),
  model_name: text,
  source: z
    .enum(['whisper', 'captions'])
    .optional()
    .describe('Written down by the model, or captions that came with the video'),
  segments: z.array(
    z.strictObject({
      start_time: seconds,
      end_time: seconds,
      text,
      language: text.nullable().optional().describe('ISO 639-1; null when not known'),
    }),
  ),
})

/** Null where it could not be told; left out where it was not measured yet. */
const score = share.nullable().optional()

const quality = z.strictObject({
  short_side: count.nullable().describe('Pixels of the shorter side'),
  kilobits_per_second: z.number().min(0).nullable().describe('File size over duration'),
  has_speech: z.boolean().nullable().describe('Null when no model has listened'),
  sharpness: z
    .number()
    .min(0)
    .nullable()
    .optional()
    .describe('Median variance of the Laplacian at 426 pixels, squared grey levels'),
  brightness: score.describe('Mean grey, 0 black to 1 white'),
  clipped_share: score.describe('Share of pixels that are black or white'),
  motion: score.describe('Mean change in 0.2 s, as a share of the range of grey'),
  black_share: score.describe('Share of the time that is black'),
  frozen_share: score.describe('Share of the time in stretches of 2 s and more without change'),
  overlay_share: score.describe('Share of the picture with text, a logo or a frame that stays'),
  slide_show: score.describe('Share of the time that is a slide show'),
  screen_recording: score.describe("How much it looks like a computer's screen"),
  speech_share: score.describe('Share of the time in which someone speaks'),
})

const provenance = z.strictObject({
  source: text.describe('The platform it came from'),
  source_id: text.describe("The platform's own id of it"),
  source_url: text,
  query: text.nullable().describe('What it was found with'),
  uploader: text.nullable(),
  uploader_url: text.nullable(),
  published_at: date.nullable(),
  licence: text.nullable(),
  licence_spdx: text.nullable().describe('SPDX id or LicenseRef-…; null when it is not known'),
  licence_url: text.nullable(),
  evidence: z.unknown().describe('What the source said about the licence; null when nothing'),
  retrieved_at: date.nullable(),
  retrieved_with: text.nullable(),
  sha256: text.nullable().describe('Of the stored file'),
})

const modelUsed = z.strictObject({
  step: text,
  name: text,
  revision: text.nullable(),
  licence: text.nullable(),
})

const step = z.strictObject({
  name: text,
  state: z.enum(['pending', 'running', 'done', 'skipped', 'failed']),
  reason: text.nullable().describe('Why it was skipped or failed, for example model-missing'),
})

/** The annotation of one video, version 1.1. A field is null when it is not known. */
export const annotation = z
  .strictObject({
    schema_version: z
      .enum(['1.0', '1.1'])
      .describe('1.0 is of an older program and has fewer of the fields that may be absent'),
    video,
    category: text.describe("The taxonomy's category, or other"),
    objects_detected: z.array(objectDetected),
    tracks: z
      .array(track)
      .optional()
      .describe('Each object that was followed, by number; absent when none was'),
    actions: z.array(action),
    concepts: z.array(concept),
    transcript: transcript.nullable().describe('Null when no model has listened'),
    tags: z.array(text),
    shots: z.array(
      z.strictObject({
        index: count,
        start_time: seconds,
        end_time: seconds,
        transition: z
          .enum(['start', 'cut', 'dissolve', 'fade'])
          .optional()
          .describe('What it begins with; left out where only the plain threshold was looked at'),
        strength: share
          .nullable()
          .optional()
          .describe('How unlike the pictures before and after are; null for the first'),
      }),
    ),
    keyframe_count: count,
    keyframes: z.array(keyframe).describe('Each with its own boxes and concepts, surest first'),
    quality,
    provenance,
    models: z.array(modelUsed),
    steps: z.array(step),
    taxonomy: z.strictObject({ name: text, version: text, hash: text }),
  })
  .meta({
    title: 'Forgeindex annotation',
    description: 'Everything known about one video. A field is null when it is not known.',
  })

export type Annotation = z.infer<typeof annotation>

/** The schema as JSON Schema 2020-12, as published in `docs/annotation.schema.json`. */
export function annotationJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(annotation, { target: 'draft-2020-12' }) }
}
