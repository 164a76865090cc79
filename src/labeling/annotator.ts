import { licenceOf } from '../licences/names.ts'
import type { Shot } from '../store/shots.ts'
import { annotatedKeyframes } from './annotated-keyframes.ts'
import { annotatedTracks, countTracks } from './annotated-tracks.ts'
import type { Annotation } from './annotation-schema.ts'
import { shotsOf } from './shots.ts'

/** All that is known about one video, as the steps left it. Null: not known, or not made. */
export interface AnnotationInput {
  video: AnnotatedVideo
  /** As `categoryOf` found it. */
  category: string
  /** Automatic and manual ones, in any order. */
  tags: string[]
  keyframes: AnnotatedKeyframe[]
  /** As they were stored; empty takes those that the keyframes tell. */
  shots?: Shot[]
  detections: SeenObject[]
  concepts: SeenConcept[]
  activities: {
    label: string
    startTime: number
    endTime: number
    confidence: number
    metadata: Record<string, unknown>
  }[]
  transcript: {
    language: string | null
    fullText: string
    modelName: string
    source: 'whisper' | 'captions'
    segments: { startTime: number; endTime: number; text: string; language: string | null }[]
  } | null
  models: { step: string; name: string; revision: string | null; licence: string | null }[]
  /** In pipeline order. */
  steps: { step: string; state: Annotation['steps'][number]['state']; reason: string | null }[]
  taxonomy: { name: string; version: string; hash: string }
}

/** Times in seconds, sizes in pixels of the upright picture. */
export interface AnnotatedVideo {
  id: string
  title: string
  description: string | null
  sourceUrl: string
  platform: string
  sourceId: string
  query: string | null
  duration: number | null
  width: number | null
  height: number | null
  fps: number | null
  hasAudio: boolean | null
  bytes: number | null
  uploader: string | null
  uploaderUrl: string | null
  publishedAt: Date | null
  licence: string | null
  licenceUrl: string | null
  licenceEvidence: unknown
  contentSha256: string | null
  fetchedAt: Date | null
  fetchedWith: string | null
}

/** One stored frame; times in seconds. */
export interface AnnotatedKeyframe {
  id: string
  timestamp: number
  frameIndex: number
  shotIndex: number
  isSceneChange: boolean
}

/** One box on one keyframe: shares of the upright frame, origin at the top left. */
export interface SeenObject {
  keyframeId: string
  timestamp: number
  label: string
  sourceLabel: string
  confidence: number
  x: number
  y: number
  w: number
  h: number
  modelName: string
  /** Boxes with the same number are one object; null or absent: not followed. */
  trackId?: number | null
  /** `detector` when absent. */
  source?: 'detector' | 'open_vocabulary'
}

/** One concept that reached its threshold on one keyframe. */
export interface SeenConcept {
  keyframeId: string
  timestamp: number
  label: string
  score: number
  modelName: string
}

/**
 * The annotation of one video. The same input gives the same bytes: lists are sorted, nothing is
 * read from the clock. Times are rounded to microseconds, scores to four places.
 */
export function buildAnnotation(input: AnnotationInput): Annotation {
  const { video, transcript } = input
  return {
    schema_version: '1.0',
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

/** Boxes counted by label, source label and model; the most frequent first. */
function objectsDetected(boxes: SeenObject[]): Annotation['objects_detected'] {
  return grouped(boxes, (box) => [box.label, box.sourceLabel, box.modelName])
    .map((group) => {
      const { label, sourceLabel, modelName, source } = group[0]!
      const tracks = countTracks(group)
      const confidences = group.map((box) => box.confidence)
      const { keyframes, first, last } = extent(group)
      return {
        label,
        source_label: sourceLabel,
        count: group.length,
        ...(tracks === null ? {} : { tracks }),
        keyframes,
        max_confidence: score(largest(confidences)),
        mean_confidence: score(mean(confidences)),
        first_seen: first,
        last_seen: last,
        model_name: modelName,
        ...(source === 'open_vocabulary' ? { source } : {}),
      }
    })
    .sort(
      (a, b) =>
        b.keyframes - a.keyframes ||
        b.count - a.count ||
        compare(a.label, b.label) ||
        compare(a.source_label, b.source_label) ||
        compare(a.model_name, b.model_name),
    )
}

/** Concepts counted by label and model; the most frequent first. */
function conceptsSeen(concepts: SeenConcept[]): Annotation['concepts'] {
  return grouped(concepts, (concept) => [concept.label, concept.modelName])
    .map((group) => {
      const { label, modelName } = group[0]!
      const scores = group.map((concept) => concept.score)
      const { keyframes, first, last } = extent(group)
      return {
        label,
        keyframes,
        max_score: score(largest(scores)),
        mean_score: score(mean(scores)),
        first_seen: first,
        last_seen: last,
        model_name: modelName,
      }
    })
    .sort(
      (a, b) =>
        b.keyframes - a.keyframes ||
        compare(a.label, b.label) ||
        compare(a.model_name, b.model_name),
    )
}

function grouped<T>(items: T[], keyOf: (item: T) => string[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify(keyOf(item))
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return [...groups.values()]
}

/** On how many keyframes, and from when to when. */
function extent(seen: { keyframeId: string; timestamp: number }[]) {
  const times = seen.map(({ timestamp }) => timestamp)
  return {
    keyframes: new Set(seen.map(({ keyframeId }) => keyframeId)).size,
    first: time(-largest(times.map((value) => -value))),
    last: time(largest(times)),
  }
}

/** By a loop, because spreading a long list into Math.max overflows the stack. */
function largest(values: number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
}

/** Summed in order of size, so that the order of the rows does not change the last digit. */
function mean(values: number[]): number {
  return values.toSorted((a, b) => a - b).reduce((sum, value) => sum + value, 0) / values.length
}

function nullable<T, R>(value: T | null, convert: (value: T) => R): R | null {
  return value === null ? null : convert(value)
}

function time(seconds: number): number {
  // A start a hair before 0 is 0, and so is -0.
  return Math.max(0, Math.round(seconds * 1e6) / 1e6)
}

function score(value: number): number {
  return Math.round(value * 1e4) / 1e4
}

function iso(date: Date): string {
  return date.toISOString()
}

/** Order by code units: the same on every machine, unlike localeCompare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
