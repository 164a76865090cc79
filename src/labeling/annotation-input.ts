import type { VideoQuality } from '../store/quality.ts'
import type { Shot } from '../store/shots.ts'
import type { Annotation } from './annotation-schema.ts'
import type { ScoreKind } from './concepts.ts'

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
  /** Null: not measured yet. */
  quality?: VideoQuality | null
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
  /** What the score is; absent where that is not known. */
  scoreKind?: ScoreKind
  modelName: string
}
