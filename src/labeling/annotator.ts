import { licenceOf } from '../licences/names.ts'
import type { VideoQuality } from '../store/quality.ts'
import { annotatedKeyframes } from './annotated-keyframes.ts'
import { conceptsSeen, objectsDetected } from './annotated-labels.ts'
import { annotatedTracks, countTracks } from './annotated-tracks.ts'
import type { AnnotationInput } from './annotation-input.ts'
import type { Annotation } from './annotation-schema.ts'
import { compare } from './order.ts'
import { score, time } from './rounding.ts'
import { shotsOf } from './shots.ts'

/**
 * The annotation of one video. The same input gives the same bytes: lists are sorted, nothing is
 * read from the clock. Times are rounded to microseconds, scores to four places.
 */
export function buildAnnotation(input: AnnotationInput): Annotation {
  const { video, transcript } = input
  return {
    schema_version: '1.1',
    video: {
      id: video.id,
      title: video.title,
      description: video.description,
      source_url: video.sourceUrl,
      platform: video.platform,
      duration: nullable(video.duration, time),
      width: video.width,
      height: video.height,
      fps: nullable(video.fps, time),
      has_audio: video.hasAudio,
      bytes: video.bytes,
      uploader: video.uploader,
      licence: video.licence,
      licence_url: video.licenceUrl,
    },
    category: input.category,
    objects_detected: objectsDetected(input.detections),
    ...(countTracks(input.detections) === null
      ? {}
      : { tracks: annotatedTracks(input.detections) }),
    actions: input.activities
      .map((activity) => ({
        label: activity.label,
        start_time: time(activity.startTime),
        end_time: time(activity.endTime),
        confidence: score(activity.confidence),
        metadata: activity.metadata,
      }))
      .sort((a, b) => a.start_time - b.start_time || compare(a.label, b.label)),
    concepts: conceptsSeen(input.concepts),
    transcript: transcript && {
      language: transcript.language,
      full_text: transcript.fullText,
      model_name: transcript.modelName,
      source: transcript.source,
      segments: transcript.segments
        .map((segment) => ({
          start_time: time(segment.startTime),
          end_time: time(segment.endTime),
          text: segment.text,
          language: segment.language,
        }))
        .sort((a, b) => a.start_time - b.start_time || a.end_time - b.end_time),
    },
    tags: [...new Set(input.tags)].sort(),
    shots: shotsJson(input),
    keyframe_count: input.keyframes.length,
    keyframes: annotatedKeyframes(input.keyframes, input.detections, input.concepts),
    quality: {
      short_side:
        video.width === null || video.height === null ? null : Math.min(video.width, video.height),
      kilobits_per_second:
        video.bytes === null || !video.duration
          ? null
          : Math.round((video.bytes * 8) / video.duration / 1000),
      has_speech: transcript && transcript.fullText.trim() !== '',
      ...(input.quality ? qualityJson(input.quality) : {}),
    },
    provenance: {
      source: video.platform,
      source_id: video.sourceId,
      source_url: video.sourceUrl,
      query: video.query,
      uploader: video.uploader,
      uploader_url: video.uploaderUrl,
      published_at: nullable(video.publishedAt, iso),
      licence: video.licence,
      licence_spdx: licenceOf(video.licence)?.id ?? null,
      licence_url: video.licenceUrl,
      evidence: evidence(video.licenceEvidence),
      retrieved_at: nullable(video.fetchedAt, iso),
      retrieved_with: video.fetchedWith,
      sha256: video.contentSha256,
    },
    models: input.models
      .map(({ step, name, revision, licence }) => ({ step, name, revision, licence }))
      .sort((a, b) => compare(a.step, b.step) || compare(a.name, b.name)),
    steps: input.steps.map(({ step, state, reason }) => ({ name: step, state, reason })),
    taxonomy: {
      name: input.taxonomy.name,
      version: input.taxonomy.version,
      hash: input.taxonomy.hash,
    },
  }
}

/** As it is stored, its one name of two words in the annotation's spelling. */
function evidence(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null) return stored ?? null
  const { retrievedAt, ...rest } = stored as Record<string, unknown>
  return retrievedAt === undefined ? rest : { ...rest, retrieved_at: retrievedAt }
}

function qualityJson(quality: VideoQuality) {
  return {
    sharpness: nullable(quality.sharpness, (value) => Math.round(value * 10) / 10),
    brightness: nullable(quality.brightness, score),
    clipped_share: nullable(quality.clippedShare, score),
    motion: nullable(quality.motion, score),
    black_share: nullable(quality.blackShare, score),
    frozen_share: nullable(quality.frozenShare, score),
    overlay_share: nullable(quality.overlayShare, score),
    slide_show: nullable(quality.slideShow, score),
    screen_recording: nullable(quality.screenRecording, score),
    speech_share: nullable(quality.speechShare, score),
  }
}

function shotsJson({ shots = [], keyframes, video }: AnnotationInput): Annotation['shots'] {
  if (shots.length === 0) {
    return shotsOf(keyframes, video.duration).map((shot) => ({
      index: shot.index,
      start_time: time(shot.startTime),
      end_time: time(shot.endTime),
    }))
  }
  return shots.map((shot) => ({
    index: shot.index,
    start_time: time(shot.startTime),
    end_time: time(shot.endTime),
    transition: shot.transition,
    strength: nullable(shot.strength, score),
  }))
}

function nullable<T, R>(value: T | null, convert: (value: T) => R): R | null {
  return value === null ? null : convert(value)
}

function iso(date: Date): string {
  return date.toISOString()
}
